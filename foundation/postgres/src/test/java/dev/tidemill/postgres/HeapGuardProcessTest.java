package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Processes with a small heap, and handlers that would fill it twice. */
@ExtendWith(FreshSchema.class)
final class HeapGuardProcessTest {
    /** What a JVM exits with that was told to do so when memory is out. */
    private static final int OUT_OF_MEMORY = 3;

    private final TestDatabase database;

    HeapGuardProcessTest(TestDatabase database) {
        this.database = database;
    }

    @AfterAll
    static void drop(TestDatabase database) throws SQLException {
        new Sql(database.dataSource(), database.schema() + "_serial").run("drop schema if exists {schema} cascade");
    }

    private Process start(String collector, String share, String schema) throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        collector,
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+ExitOnOutOfMemoryError",
                        "-cp",
                        System.getProperty("java.class.path"),
                        HoardingWorker.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        schema,
                        share)
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        command.environment().put("HOARD_PASSWORD", database.password());
        return command.start();
    }

    private static int exit(Process process) throws InterruptedException {
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void withTheGuardEveryJobIsDoneWhereWithoutItTheProcessDies() throws Exception {
        Process guarded = start("-XX:+UseG1GC", "0.85", database.schema());
        List<String> said = guarded.inputReader().lines().toList();
        assertThat(exit(guarded)).isZero();
        assertThat(said).anyMatch(line -> line.startsWith("done"));
        assertThat(exit(start("-XX:+UseG1GC", "1", database.schema()))).isEqualTo(OUT_OF_MEMORY);
    }

    @Test
    void itGuardsAnOldGenerationOfItsOwnToo() throws Exception {
        Process guarded = start("-XX:+UseSerialGC", "0.85", database.schema() + "_serial");
        List<String> said = guarded.inputReader().lines().toList();
        assertThat(exit(guarded)).isZero();
        assertThat(said).anyMatch(line -> line.startsWith("done") && line.contains("Tenured"));
    }
}
