package dev.tidemill.chaos;

import static dev.tidemill.chaos.Worker.tell;

import dev.tidemill.chaos.Jobs.Bundled;
import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.FailsOnce;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.HeldEffect;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillBuilder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The handlers of these tests: they say what they do, and held ones go on at the word {@code go}. */
public final class HeldDuties implements Duties {
    private static final CountDownLatch GO = new CountDownLatch(1);

    /** By the worker. */
    public HeldDuties() {}

    /** A connection attempt that hangs must hang the heart. */
    @Override
    public boolean pooled() {
        return false;
    }

    @Override
    public void hear(String line) {
        if (line.equals("go")) {
            GO.countDown();
        }
    }

    @Override
    public TidemillBuilder assign(TidemillBuilder builder, Post post) {
        // No test is about poison here; that jobs are lost often is the tests' doing.
        return builder.poisonAfter(100)
                .queue(
                        "default",
                        queue -> queue.concurrency(post.concurrency())
                                .attempts(1_000)
                                .backoff(Backoff.fixed(Duration.ofMillis(20))))
                .handle(Work.class, (job, run) -> pass(job.millis()))
                .handle(Effect.class, (job, run) -> effect(post, job, run))
                .handleChunks(
                        Bundled.class,
                        chunk -> bundled(post, chunk),
                        options -> options.chunk(8, Duration.ofMillis(20)))
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
                .handle(HeldEffect.class, (job, run) -> heldEffect(post, run));
    }

    private static void effect(Post post, Effect job, Run run) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            write(post, connection, run.jobId(), run.attempt());
            pass(job.millis());
            run.completeIn(connection);
            pass(job.millis());
            connection.commit();
        }
    }

    private static void heldEffect(Post post, Run run) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            write(post, connection, run.jobId(), run.attempt());
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

    private static void bundled(Post post, Chunk<Bundled> chunk) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            for (Chunk.Item<Bundled> item : chunk.items()) {
                write(post, connection, item.jobId(), item.attempt());
            }
            pass(chunk.jobs().getFirst().millis());
            chunk.completeIn(connection);
            pass(chunk.jobs().getFirst().millis());
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
}
