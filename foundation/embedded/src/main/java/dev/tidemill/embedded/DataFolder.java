package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The folder that one server lives in, held by one start at a time: {@code pgdata} for PostgreSQL itself, beside it the
 * lock, the password, the last port and the log.
 */
final class DataFolder implements AutoCloseable {
    private static final int PASSWORD_BYTES = 24;
    private static final long LOG_LIMIT_BYTES = 10L << 20;

    private final Path path;
    private final boolean temporary;
    private final FolderLock lock;

    private DataFolder(Path path, boolean temporary, FolderLock lock) {
        this.path = path;
        this.temporary = temporary;
        this.lock = lock;
    }

    /** Takes the folder, creating it where it does not exist, or a new temporary one where none is given. */
    static DataFolder take(@Nullable Path chosen) throws IOException {
        if (chosen == null) {
            Path fresh = AbandonedFolders.create();
            return new DataFolder(fresh, true, FolderLock.take(fresh));
        }
        Path path = chosen.toAbsolutePath().normalize();
        if (Files.exists(path.resolve("PG_VERSION"))) {
            throw unusable(path, "it is a PostgreSQL data directory of its own, not one of Tidemill's", null);
        }
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(path);
                Folders.closeToOthers(path);
            }
            return new DataFolder(path, false, FolderLock.take(path));
        } catch (IOException e) {
            throw unusable(path, e.getClass().getSimpleName() + ": " + e.getMessage(), e);
        }
    }

    private static EmbeddedPostgresException unusable(Path path, String reason, @Nullable Throwable cause) {
        String message = "The data folder " + path + " cannot be used: " + reason
                + ". Choose a folder that does not exist yet, or one that an embedded server has used before.";
        return cause == null
                ? new EmbeddedPostgresException(Problem.FOLDER_UNUSABLE, message)
                : new EmbeddedPostgresException(Problem.FOLDER_UNUSABLE, message, cause);
    }

    Path path() {
        return path;
    }

    /** PostgreSQL's own folder, {@code PGDATA}; it exists whole or not at all. */
    Path cluster() {
        return path.resolve("pgdata");
    }

    Path log() {
        return path.resolve("postgres.log");
    }

    boolean isTemporary() {
        return temporary;
    }

    /** The major version that wrote the cluster, or empty where there is none yet. */
    OptionalInt majorVersion() throws IOException {
        Path file = cluster().resolve("PG_VERSION");
        return Files.exists(file)
                ? OptionalInt.of(Integer.parseInt(Files.readString(file).strip()))
                : OptionalInt.empty();
    }

    /** The password of the user postgres, made up at the first call. */
    String password() throws IOException {
        if (!Files.exists(passwordFile())) {
            byte[] random = new byte[PASSWORD_BYTES];
            new SecureRandom().nextBytes(random);
            Path draft = path.resolve("password.new");
            Files.deleteIfExists(draft);
            Files.createFile(draft);
            Folders.closeToOthers(draft);
            Files.writeString(draft, Base64.getUrlEncoder().withoutPadding().encodeToString(random));
            Files.move(draft, passwordFile(), StandardCopyOption.ATOMIC_MOVE);
        }
        return Files.readString(passwordFile()).strip();
    }

    Path passwordFile() {
        return path.resolve("password");
    }

    /** The port of the last start, or empty where it is not known. */
    OptionalInt lastPort() throws IOException {
        Path file = path.resolve("port");
        if (!Files.exists(file)) {
            return OptionalInt.empty();
        }
        String text = Files.readString(file).strip();
        return text.matches("[1-9]\\d{0,4}") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
    }

    void rememberPort(int port) throws IOException {
        Files.writeString(path.resolve("port"), Integer.toString(port));
    }

    /** Makes sure there is a log to append to; a long one is put aside, and the one put aside before it is dropped. */
    void prepareLog() throws IOException {
        if (Files.exists(log()) && Files.size(log()) > LOG_LIMIT_BYTES) {
            Files.move(log(), path.resolve("postgres.log.old"), StandardCopyOption.REPLACE_EXISTING);
        }
        if (!Files.exists(log())) {
            Files.createFile(log());
            Folders.closeToOthers(log());
        }
    }

    /** Lets go of the folder, and deletes a temporary one. */
    @Override
    public void close() throws IOException {
        lock.close();
        if (temporary) {
            Folders.deleteTree(path);
        }
    }
}
