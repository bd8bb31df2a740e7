package dev.tidemill.chaos;

import static dev.tidemill.chaos.Worker.tell;

import dev.tidemill.chaos.Jobs.Halved;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.Latest;
import dev.tidemill.chaos.Jobs.Telling;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillBuilder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Handlers that workers are killed in the middle of; held ones go on at the word {@code go}. */
public final class MidwayDuties implements Duties {
    private static final CountDownLatch GO = new CountDownLatch(1);

    /** By the worker. */
    public MidwayDuties() {}

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
                .handle(Held.class, (job, run) -> {
                    tell("runs", run);
                    GO.await();
                })
                .handle(Telling.class, (job, run) -> telling(run))
                .handle(Latest.class, (job, run) -> latest(post, job, run))
                .handleChunks(
                        Halved.class,
                        chunk -> halved(post, chunk),
                        options -> options.chunk(8, Duration.ofMillis(500)).attempts(1));
    }

    private static void telling(Run run) throws InterruptedException {
        if (run.attempt() == 1) {
            run.progress(3, 10, "reading");
            run.log(LogLevel.INFO, "said by the first");
            GO.await();
            return;
        }
        tell("runs", run);
        GO.await();
        run.log(LogLevel.INFO, "said by the second");
        run.result(Map.of("attempt", run.attempt()));
    }

    private static void latest(Post post, Latest job, Run run) throws Exception {
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            write(post, connection, "effect", run.jobId(), run.attempt());
            write(post, connection, "latest", run.jobId(), job.number());
            pass(20);
            run.completeIn(connection);
            connection.commit();
        }
    }

    private static void halved(Post post, Chunk<Halved> chunk) throws Exception {
        if (chunk.jobs().stream().anyMatch(Halved::bad)) {
            if (chunk.size() == 2) {
                tell("halves", chunk.items().getFirst());
                GO.await();
            }
            throw new IllegalStateException("one of " + chunk.size() + " is bad");
        }
        try (Connection connection = post.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            for (Chunk.Item<Halved> item : chunk.items()) {
                write(post, connection, "effect", item.jobId(), item.attempt());
            }
            chunk.completeIn(connection);
            connection.commit();
        }
    }

    private static void write(Post post, Connection connection, String table, long job, int number)
            throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("insert into " + post.schema() + "." + table + " values (?, ?)")) {
            statement.setLong(1, job);
            statement.setInt(2, number);
            statement.executeUpdate();
        }
    }

    private static void pass(int millis) throws InterruptedException {
        if (new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS)) {
            throw new IllegalStateException("nobody counts this down");
        }
    }
}
