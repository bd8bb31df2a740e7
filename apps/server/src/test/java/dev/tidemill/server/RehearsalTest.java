package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the launcher has a new build do once. */
final class RehearsalTest {
    @TempDir
    private Path folder = Path.of("set by JUnit");

    @Test
    void theServerStartsIsAskedAndEnds() throws IOException, InterruptedException {
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Rehearsal.class.getName(),
                        folder.resolve("data").toString(),
                        "1"))
                .redirectError(log.toFile())
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(said).matches("tidemill: [1-9]\\d* requests were answered\\n");
    }
}
