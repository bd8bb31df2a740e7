package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** What docs/operate/backup.md says of a database that was restored from a backup of its files, taken while it worked. */
final class RestoreTest {
    @TempDir
    private Path folder = Path.of("set by JUnit");

    private static DataSource on(EmbeddedPostgres postgres) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(postgres.jdbcUrlWithPassword());
        return source;
    }

    private static TidemillBuilder mill(EmbeddedPostgres postgres, CountDownLatch began, CountDownLatch release) {
        return Tidemill.on(on(postgres))
                .handleJson("Quick", (json, run) -> {})
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .handleJson("Slow", (json, run) -> {
                    began.countDown();
                    Jobs.await30(release);
                });
    }

    @Test
    void aRestoredDatabaseRunsWhatWasUnfinishedAndKeepsWhatWasDone() throws Exception {
        CountDownLatch began = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        long running;
        long dead;
        long scheduled;
        long after;
        List<Long> done;
        try (EmbeddedPostgres original = EmbeddedPostgres.builder()
                        .dataFolder(folder.resolve("original"))
                        .start();
                Tidemill mill = mill(original, began, never).nodeName("before").start()) {
            done = mill.enqueueAll(IntStream.range(0, 20)
                    .mapToObj(i -> new JobRequest("Quick", "1"))
                    .toList());
            done.forEach(id -> Jobs.in(mill, id, JobState.SUCCEEDED));
            dead = mill.enqueue(new JobRequest("Fail", "1"));
            Jobs.in(mill, dead, JobState.DEAD);
            scheduled = mill.enqueue(new JobRequest("Quick", "2"), EnqueueOptions.delay(Duration.ofSeconds(2)));
            running = mill.enqueue(new JobRequest("Slow", "1"));
            Jobs.await30(began);

            backUp(original, folder.resolve("original"), folder.resolve("copy"));

            after = mill.enqueue(new JobRequest("Quick", "3"));
            Jobs.in(mill, after, JobState.SUCCEEDED);
            never.countDown();
            Jobs.in(mill, running, JobState.SUCCEEDED);
        }
        try (EmbeddedPostgres restored = EmbeddedPostgres.builder()
                        .dataFolder(folder.resolve("copy"))
                        .start();
                Tidemill mill = mill(restored, new CountDownLatch(1), never)
                        .nodeName("after")
                        .start()) {
            assertThat(mill.job(after)).as("came after the backup").isEmpty();
            assertThat(Jobs.outcomes(Jobs.in(mill, running, JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
            Jobs.in(mill, scheduled, JobState.SUCCEEDED);
            assertThat(mill.job(dead).orElseThrow().state()).isEqualTo(JobState.DEAD);
            assertThat(done)
                    .allSatisfy(id -> assertThat(Jobs.outcomes(mill.job(id).orElseThrow()))
                            .containsExactly(AttemptOutcome.SUCCEEDED));

            long fresh = mill.enqueue(new JobRequest("Quick", "4"));
            assertThat(List.of(running, dead, scheduled)).doesNotContain(fresh);
            Jobs.in(mill, fresh, JobState.SUCCEEDED);
            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(mill.diagnose().findings())
                            .extracting(Finding::ailment)
                            .doesNotContain(
                                    Ailment.ORPHANED_LEASES,
                                    Ailment.NODE_SILENT,
                                    Ailment.EPOCH_CLOSING,
                                    Ailment.PARTITIONS_MISSING));
            assertThat(mill.stats().nodes())
                    .singleElement()
                    .satisfies(node -> assertThat(node.name()).isEqualTo("after"));
        }
    }

    /** A backup as pg_basebackup takes it, by the functions that it uses: the log comes last. */
    private static void backUp(EmbeddedPostgres postgres, Path from, Path to) throws Exception {
        try (Connection connection = on(postgres).getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("select pg_backup_start('test', true)");
            copy(from, to);
            String label = text(statement, "select labelfile from pg_backup_stop(false)");
            Path data = to.resolve("pgdata");
            Files.deleteIfExists(data.resolve("postmaster.pid"));
            run("rm", "-rf", data.resolve("pg_wal").toString());
            copy(from.resolve("pgdata/pg_wal"), data.resolve("pg_wal"));
            Files.writeString(data.resolve("backup_label"), label);
            run(
                    "chown",
                    "--reference=" + data.resolve("PG_VERSION"),
                    data.resolve("backup_label").toString());
        }
    }

    private static String text(Statement statement, String sql) throws SQLException {
        try (ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getString(1);
        }
    }

    /** With owners and modes; a file that goes away meanwhile is what the log makes up for. */
    private static void copy(Path from, Path to) throws Exception {
        Process process = new ProcessBuilder("cp", "-a", from.toString(), to.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        process.waitFor();
        assertThat(said.lines().filter(line -> !line.contains("No such file"))).isEmpty();
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }
}
