package dev.tidemill.chaos;

import dev.tidemill.chaos.Load.Bundled;
import dev.tidemill.chaos.Load.Child;
import dev.tidemill.chaos.Load.Doomed;
import dev.tidemill.chaos.Load.Effect;
import dev.tidemill.chaos.Load.Flaky;
import dev.tidemill.chaos.Load.Limited;
import dev.tidemill.chaos.Load.Metered;
import dev.tidemill.chaos.Load.Overdue;
import dev.tidemill.chaos.Load.Parent;
import dev.tidemill.chaos.Load.Phantom;
import dev.tidemill.chaos.Load.Plain;
import dev.tidemill.chaos.Load.Scarce;
import dev.tidemill.chaos.Load.Single;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillBuilder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** The handlers of a run. */
public final class LoadDuties implements Duties {
    private static final Duration TIME_LIMIT = Duration.ofMillis(200);
    private static final int SINGLE_MILLIS = 80;
    private static final Backoff BACKOFF = Backoff.exponential(Duration.ofMillis(50), Duration.ofSeconds(1));

    /** By the worker. */
    public LoadDuties() {}

    @Override
    public TidemillBuilder assign(TidemillBuilder builder, Post post) {
        int each = Math.max(2, post.concurrency() / 3);
        return builder.queue(
                        "default",
                        queue -> queue.concurrency(each).attempts(1_000).backoff(BACKOFF))
                .queue("mail", queue -> queue.concurrency(each).attempts(1_000).backoff(BACKOFF))
                .queue(
                        "reports",
                        queue -> queue.concurrency(each)
                                .attempts(1_000)
                                .backoff(BACKOFF)
                                .strictPriority())
                .queue(
                        Watch.LIMITED,
                        queue -> queue.concurrency(each).attempts(1_000).backoff(BACKOFF))
                .queue(
                        Watch.METERED,
                        queue -> queue.concurrency(each).attempts(1_000).backoff(BACKOFF))
                .handle(Limited.class, (job, run) -> {
                    String key = run.tags().get("key");
                    // Those that come in bulk have no key, and are elsewhere.
                    if (key != null) {
                        turn(post, run, Watch.LIMITED + "/" + key, job.millis());
                    }
                })
                .handle(Metered.class, (job, run) -> {})
                .handle(Scarce.class, (job, run) -> turn(post, run, Watch.SCARCE, job.millis()))
                .handle(Single.class, (job, run) -> Thread.sleep(SINGLE_MILLIS))
                .handle(Plain.class, (job, run) -> Thread.sleep(job.millis()))
                .handle(Effect.class, (job, run) -> effect(post, run, job.millis()))
                .handleChunks(
                        Bundled.class,
                        chunk -> bundled(post, chunk),
                        options -> options.chunk(8, Duration.ofMillis(20)))
                .handle(Flaky.class, (job, run) -> {
                    if (run.failures() < job.failures()) {
                        throw new IllegalStateException("fails " + job.failures() + " times");
                    }
                })
                .handle(
                        Doomed.class,
                        (job, run) -> {
                            throw new IllegalStateException("fails every time");
                        },
                        options -> options.attempts(3))
                .handle(
                        Overdue.class,
                        (job, run) -> {
                            if (run.failures() == 0) {
                                sleepOn(TIME_LIMIT.multipliedBy(2));
                            }
                            effect(post, run, 1);
                        },
                        options -> options.timeout(TIME_LIMIT))
                .handle(Parent.class, (job, run) -> parent(post, run))
                .handle(Child.class, (job, run) -> effect(post, run, 1))
                .handle(Phantom.class, (job, run) -> {});
    }

    private static void effect(Post post, Run run, int millis) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            write(post, connection, run.jobId(), run.attempt());
            Thread.sleep(millis);
            run.completeIn(connection);
            Thread.sleep(millis);
            connection.commit();
        }
    }

    /** Says when it begins and when it ends, each in a transaction of its own. */
    private static void turn(Post post, Run run, String gate, int millis) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            execute(
                    connection,
                    "insert into " + post.schema() + ".turn values (" + run.jobId() + ", " + run.attempt() + ", '"
                            + gate + "', " + post.schema() + ".now_micros(), null)");
            Thread.sleep(millis);
            execute(
                    connection,
                    "update " + post.schema() + ".turn set ended = " + post.schema() + ".now_micros() where job = "
                            + run.jobId() + " and attempt = " + run.attempt());
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void parent(Post post, Run run) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            write(post, connection, run.jobId(), run.attempt());
            post.mill().join().enqueue(connection, new Child(run.jobId()));
            run.completeIn(connection);
            connection.commit();
        }
    }

    private static void bundled(Post post, Chunk<Bundled> chunk) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            for (Chunk.Item<Bundled> item : chunk.items()) {
                write(post, connection, item.jobId(), item.attempt());
            }
            Thread.sleep(chunk.jobs().getFirst().millis());
            chunk.completeIn(connection);
            Thread.sleep(chunk.jobs().getFirst().millis());
            connection.commit();
        }
    }

    private static void write(Post post, Connection connection, long job, int attempt) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("insert into " + post.schema() + ".effect (job, attempt) values (?, ?)")) {
            statement.setLong(1, job);
            statement.setInt(2, attempt);
            statement.executeUpdate();
        }
    }

    /** Does not listen to interruptions, and is not interrupted afterwards. */
    private static void sleepOn(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        long left;
        while ((left = end - System.nanoTime()) > 0) {
            try {
                Thread.sleep(Duration.ofNanos(left));
            } catch (InterruptedException ignored) {
                // Sleeps on.
            }
        }
    }
}
