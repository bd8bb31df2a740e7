package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Processes that are killed between an effect and its commit. */
@ExtendWith(FreshSchema.class)
class CrashTest {
    private final TestDatabase database;

    CrashTest(TestDatabase database) {
        this.database = database;
    }

    private Process start(double seconds) throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WorkerProcess.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        database.schema(),
                        Double.toString(seconds))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        command.environment().put("NODE_PASSWORD", database.password());
        return command.start();
    }

    private static String hear(BufferedReader lines, String beginning) throws IOException {
        String line = lines.readLine();
        while (line != null && !line.startsWith(beginning)) {
            line = lines.readLine();
        }
        return Objects.requireNonNull(line, "the process ended");
    }

    @Test
    void anEffectIsThereOnceHoweverOftenItsProcessIsKilledBeforeTheCommit() throws Exception {
        try (Site site = new Site(database)) {
            Process process = start(20);
            try (BufferedReader lines = process.inputReader()) {
                hear(lines, "ready");
                for (int round = 0; round < 3; round++) {
                    site.run("insert into {s}.sub select g, g, 'new', 'x' from generate_series(" + (round * 100 + 1)
                            + ", " + (round * 100 + 100) + ") g");
                }
                hear(lines, "effect");
                process.destroyForcibly().waitFor();
            } finally {
                process.destroyForcibly();
            }
            assertThat(site.number("select count(*) from {s}.seen"))
                    .as("what was not committed")
                    .isZero();
            Process second = start(0.02);
            try (BufferedReader lines = second.inputReader()) {
                // Somewhere in the second transaction, after the first has committed.
                for (int i = 0; i < 80; i++) {
                    hear(lines, "effect");
                }
                second.destroyForcibly().waitFor();
            } finally {
                second.destroyForcibly();
            }
            Rules rules = site.rules();
            WorkerProcess.define(rules, database.schema(), 0);
            rules.start();
            site.drained();
            assertThat(site.number("select count(*) from {s}.seen")).isEqualTo(300);
            assertThat(site.number("select count(distinct key) from {s}.seen")).isEqualTo(300);
        }
    }

    @Test
    void aBackfillWhoseProcessIsKilledGoesOnInAnotherWhereItWas() throws Exception {
        int rows = 1_500;
        try (Site site = new Site(database)) {
            site.insert(1, rows);
            Process process = start(0.002);
            try (BufferedReader lines = process.inputReader()) {
                hear(lines, "ready");
                site.rules().rule("once").backfill(500);
                hear(lines, "effect 101");
                Site.soon().until(() -> site.number("select rows_seen from {s}.rule_run") >= 300);
                process.destroyForcibly().waitFor();
            } finally {
                process.destroyForcibly();
            }
            assertThat(site.text("select state || ' ' || (rows_seen between 300 and 1400) || ' ' || (position->>0 ="
                            + " rows_seen::text) from {s}.rule_run"))
                    .as("in the middle")
                    .isEqualTo("RUNNING true true");
            assertThat(site.number("select count(*) from {s}.rule_change"))
                    .as("appended, and not reacted to")
                    .isPositive();
            Rules rules = site.rules();
            WorkerProcess.define(rules, database.schema(), 0);
            rules.start();
            Site.soon().until(() -> site.text("select state from {s}.rule_run").equals("DONE"));
            site.drained();
            assertThat(site.number("select rows_seen from {s}.rule_run"))
                    .as("no page twice")
                    .isEqualTo(rows);
            assertThat(site.number("select count(*) from {s}.seen")).isEqualTo(rows);
            assertThat(site.number("select count(distinct key) from {s}.seen")).isEqualTo(rows);
        }
    }
}
