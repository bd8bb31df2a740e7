package dev.tidemill.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidemill.chaos.Jobs.Bundled;
import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.FailsOnce;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.HeldEffect;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.Tidemill;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A worker in a process of its own. Says on its output what its handlers do, one line each; takes {@code go} (held
 * handlers go on) and {@code stop} on its input, and ends when that ends, so that it never outlives its test.
 */
final class Worker {
    private static final CountDownLatch GO = new CountDownLatch(1);

    private final PGSimpleDataSource dataSource = new PGSimpleDataSource();
    private final String schema;

    private Worker(String url, String user, String password, String schema, String name) {
        dataSource.setUrl(url);
        dataSource.setUser(user);
        dataSource.setPassword(password);
        dataSource.setApplicationName(name);
        this.schema = schema;
    }

    /** Url, user, password, schema, name, heartbeat and death in milliseconds, concurrency. */
    public static void main(String[] arguments) throws IOException {
        Worker worker = new Worker(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
        Tidemill mill = worker.start(
                arguments[4],
                Duration.ofMillis(Integer.parseInt(arguments[5])),
                Duration.ofMillis(Integer.parseInt(arguments[6])),
                Integer.parseInt(arguments[7]));
        say("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
        String line;
        while ((line = input.readLine()) != null) {
            if (line.equals("go")) {
                GO.countDown();
            } else if (line.equals("stop")) {
                mill.stop(Duration.ofSeconds(5));
                say("stopped");
                return;
            }
        }
        Runtime.getRuntime().halt(3);
    }

    private Tidemill start(String name, Duration heartbeat, Duration deadAfter, int concurrency) {
        return Tidemill.on(dataSource)
                .schema(schema)
                .nodeName(name)
                .heartbeat(heartbeat, deadAfter)
                .queue(
                        "default",
                        queue -> queue.concurrency(concurrency)
                                .attempts(1_000)
                                .backoff(Backoff.fixed(Duration.ofMillis(20))))
                .handle(Work.class, (job, run) -> pass(job.millis()))
                .handle(Effect.class, this::effect)
                .handleChunks(Bundled.class, this::bundled, options -> options.chunk(8, Duration.ofMillis(20)))
                .handle(FailsOnce.class, (job, run) -> {
                    tell("runs", run);
                    if (run.attempt() == 1) {
                        throw new IllegalStateException("the first attempt fails");
                    }
                })
                .handle(Held.class, (job, run) -> {
                    tell("runs", run);
                    holdOn(run);
                    tell("returns", run);
                })
                .handle(HeldEffect.class, (job, run) -> heldEffect(run))
                .start();
    }

    private void effect(Effect job, Run run) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            write(connection, run);
            pass(job.millis());
            run.completeIn(connection);
            pass(job.millis());
            connection.commit();
        }
    }

    private void heldEffect(Run run) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            write(connection, run);
            run.completeIn(connection);
            tell("completes", run);
            holdOn(run);
            connection.commit();
            tell("committed", run);
        } catch (SQLException refused) {
            tell("refused", run);
            throw refused;
        }
    }

    private void bundled(Chunk<Bundled> chunk) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            for (Chunk.Item<Bundled> item : chunk.items()) {
                write(connection, item.jobId(), item.attempt());
            }
            pass(chunk.jobs().getFirst().millis());
            chunk.completeIn(connection);
            pass(chunk.jobs().getFirst().millis());
            connection.commit();
        }
    }

    private void write(Connection connection, Run run) throws SQLException {
        write(connection, run.jobId(), run.attempt());
    }

    private void write(Connection connection, long job, int attempt) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("insert into " + schema + ".effect (job, attempt) values (?, ?)")) {
            statement.setLong(1, job);
            statement.setInt(2, attempt);
            statement.executeUpdate();
        }
    }

    /** Waits for the word, whatever interrupts it: a handler that does not listen. */
    private static void holdOn(Run run) {
        boolean gone = false;
        while (!gone) {
            try {
                GO.await();
                gone = true;
            } catch (InterruptedException ignored) {
                tell("interrupted", run);
            }
        }
    }

    private static void pass(int millis) throws InterruptedException {
        if (new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("nobody counts this down");
        }
    }

    private static void tell(String what, Run run) {
        say(what + " " + run.jobId() + " " + run.attempt());
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
