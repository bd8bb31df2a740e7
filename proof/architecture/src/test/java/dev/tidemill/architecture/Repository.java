package dev.tidemill.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The checkout that this test runs in. */
final class Repository {
    private Repository() {}

    /** A file by its path from the root. */
    static Path file(String path) {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("foundation/jobs/pom.xml"))) {
            Path above = folder.getParent();
            if (above == null) {
                throw new IllegalStateException("This test runs inside a checkout, and found none around "
                        + Path.of("").toAbsolutePath() + ".");
            }
            folder = above;
        }
        return folder.resolve(path);
    }

    static String text(String path) throws IOException {
        return Files.readString(file(path));
    }
}
