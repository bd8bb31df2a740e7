package dev.tidemill.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Temporary folders of programs that were killed: nobody will ever start on one again, so its server would run and its
 * data stay for good. The next program that makes a temporary folder ends and deletes them.
 */
final class AbandonedFolders {
    /** More than a program needs between making a folder and locking it. */
    static final Duration GRACE = Duration.ofMinutes(1);

    private static final Logger LOG = LoggerFactory.getLogger(AbandonedFolders.class);
    private static final String PREFIX = "tidemill-postgres-";

    private AbandonedFolders() {}

    /** A new folder, of a name by which it is known here, once those that were abandoned are gone. */
    static Path create() throws IOException {
        Path fresh = Files.createTempDirectory(PREFIX);
        sweepBeside(fresh, GRACE);
        return fresh;
    }

    /**
     * Deletes what lies beside that folder and was abandoned longer ago than that. Folders of another owner stay as
     * they are: whoever made one could have put links into it, to files that only we may write.
     */
    static void sweepBeside(Path fresh, Duration grace) {
        try (DirectoryStream<Path> folders =
                Files.newDirectoryStream(fresh.toAbsolutePath().getParent(), PREFIX + "*")) {
            UserPrincipal owner = Files.getOwner(fresh);
            for (Path folder : folders) {
                if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
                        && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(owner)) {
                    sweep(folder, Instant.now().minus(grace));
                }
            }
        } catch (IOException | DirectoryIteratorException | UncheckedIOException e) {
            LOG.debug("Not looking for abandoned data folders beside {}", fresh, e);
        }
    }

    private static void sweep(Path folder, Instant before) {
        try {
            if (Files.getLastModifiedTime(folder).toInstant().isAfter(before)) {
                return;
            }
            try (FolderLock lock = FolderLock.tryTake(folder)) {
                if (lock == null) {
                    return;
                }
                Optional<Postmaster> left = Postmaster.read(folder.resolve("pgdata"));
                if (left.isPresent()) {
                    Cluster.kill(left.get());
                }
                Folders.deleteTree(folder);
                LOG.info("Deleted the temporary data folder {} that a killed program left", folder);
            }
        } catch (IOException | UncheckedIOException e) {
            LOG.debug("Leaving the temporary data folder {} alone", folder, e);
        }
    }
}
