package dev.tidemill.storefront;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** Where the demo keeps everything between its starts: the database and the shop's secret. */
record DemoFolder(Path path) {
    private static final String SECRET = "secret";
    private static final int SECRET_BYTES = 32;

    static DemoFolder at(Path folder) throws IOException {
        return new DemoFolder(Files.createDirectories(folder.toAbsolutePath().normalize()));
    }

    Path database() {
        return path.resolve("postgres");
    }

    /** The secret of this folder's shop; made up at the first start, readable by its owner only. */
    byte[] secret() throws IOException {
        Path file = path.resolve(SECRET);
        byte[] fresh = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(fresh);
        try {
            Files.createFile(file, ownerOnly());
            Files.writeString(file, HexFormat.of().formatHex(fresh), StandardOpenOption.SYNC);
            return fresh;
        } catch (FileAlreadyExistsException madeBefore) {
            return read(file);
        }
    }

    private static byte[] read(Path file) throws IOException {
        try {
            byte[] secret = HexFormat.of().parseHex(Files.readString(file).strip());
            if (secret.length == SECRET_BYTES) {
                return secret;
            }
        } catch (IllegalArgumentException malformed) {
            // Told below, like one that is cut short.
        }
        throw new IOException("The file " + file + " does not hold the shop's secret, 64 hexadecimal digits. Delete it"
                + " to have a new one made up; codes that were sent before are void then.");
    }

    private static FileAttribute<?>[] ownerOnly() {
        boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
        return posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                }
                : new FileAttribute<?>[0];
    }
}
