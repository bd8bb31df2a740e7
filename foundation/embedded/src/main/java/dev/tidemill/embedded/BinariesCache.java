package dev.tidemill.embedded;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;

/**
 * Where unpacked binaries stay: one folder a content, in the user's cache folder, or where the system property
 * {@code tidemill.cache} says. Root's is in {@code /var/cache}, because the account that PostgreSQL then runs as may
 * have to reach it.
 *
 * <p>A folder appears under its name whole or not at all: it is filled under another name and renamed. Two processes
 * that unpack at once both succeed, the later one throws its copy away.
 */
final class BinariesCache {
    private BinariesCache() {}

    /** What is done to a new folder before others may see it. */
    interface Finish {
        void on(Path home) throws IOException;
    }

    static Path folder() {
        String told = System.getProperty("tidemill.cache");
        if (told != null && !told.isBlank()) {
            return Path.of(told).toAbsolutePath();
        }
        return systemCache().resolve("tidemill").resolve("postgres");
    }

    private static Path systemCache() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        Path home = Path.of(System.getProperty("user.home"));
        if (system.contains("win")) {
            String local = System.getenv("LOCALAPPDATA");
            return local == null ? home.resolve("AppData/Local") : Path.of(local);
        }
        if (system.contains("mac")) {
            return home.resolve("Library/Caches");
        }
        Path shared = Path.of("/var/cache");
        if (Account.weAreRoot() && Files.isWritable(shared)) {
            return shared;
        }
        String told = System.getenv("XDG_CACHE_HOME");
        return told == null || told.isBlank() ? home.resolve(".cache") : Path.of(told);
    }

    static void fill(Path home, BinariesArchive archive, Finish finish) throws IOException {
        Path parent = Files.createDirectories(home.getParent());
        Path draft = Files.createTempDirectory(parent, "unpacking-");
        try {
            Folders.openToReaders(draft);
            archive.unpackTo(draft);
            finish.on(draft);
            Files.move(draft, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            if (!Files.isDirectory(home)) {
                throw e;
            }
        } finally {
            Folders.deleteTree(draft);
        }
    }
}
