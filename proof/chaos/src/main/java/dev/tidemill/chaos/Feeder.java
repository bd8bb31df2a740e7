package dev.tidemill.chaos;

import static dev.tidemill.jobs.EnqueueOptions.priority;

import dev.tidemill.chaos.Load.Bundled;
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
import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Unique;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/**
 * Enqueues a mixture of jobs at a steady pace, and remembers which were acknowledged. It rescues nobody: its idea of a
 * death is an hour of silence. An enqueue that fails may or may not have happened; what it left counts like the rest.
 */
final class Feeder implements AutoCloseable {
    private static final Duration TICK = Duration.ofMillis(50);
    private static final int PHANTOM_EVERY = 40;
    private static final int CANCEL_EVERY = 4;
    private static final int KEYS = 5;
    private static final List<String> QUEUES = List.of("default", "mail", "reports");

    private final DataSource dataSource;
    private final String schema;
    private final Tidemill mill;
    private final Random random;
    private final int perTick;
    private final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    private final AtomicLong failed = new AtomicLong();
    private final Thread thread;
    private volatile boolean ended;
    private long lastId;

    Feeder(Site site, long seed, int perSecond) {
        this.dataSource = site.dataSource();
        this.schema = site.schema();
        this.random = new Random(seed);
        this.perTick = Math.max(1, (int) (perSecond * TICK.toMillis() / 1_000));
        this.mill = Tidemill.on(dataSource)
                .schema(site.schema())
                .nodeName("feeder")
                .heartbeat(Duration.ofMinutes(1), Duration.ofHours(1))
                .start();
        Watch.limit(mill.limits());
        this.thread = Thread.ofPlatform().name("feeder").start(this::feed);
    }

    /** The ids that enqueues returned. */
    Collection<Long> acknowledged() {
        return acknowledged;
    }

    /** Enqueues that the database did not take, or did not say that it took. */
    long failed() {
        return failed.get();
    }

    private void feed() {
        while (!ended) {
            long next = System.nanoTime() + TICK.toNanos();
            List<Object> bulk = new ArrayList<>();
            for (int i = 0; i < perTick; i++) {
                if (random.nextInt(5) < 2) {
                    Object job = job();
                    EnqueueOptions options = options(job);
                    attempt(() -> lastId = add(mill.enqueue(job, options)));
                } else {
                    bulk.add(job());
                }
            }
            attempt(() -> acknowledged.addAll(mill.enqueueAll(bulk)));
            if (random.nextInt(PHANTOM_EVERY) == 0) {
                attempt(this::phantom);
            }
            attempt(this::single);
            if (random.nextInt(CANCEL_EVERY) == 0) {
                attempt(this::cancel);
            }
            Waiting.pass(Duration.ofNanos(Math.max(0, next - System.nanoTime())));
        }
    }

    @FunctionalInterface
    private interface Enqueue {
        void run() throws SQLException;
    }

    private void attempt(Enqueue enqueue) {
        try {
            enqueue.run();
        } catch (TidemillException | SQLException databaseAway) {
            failed.incrementAndGet();
        }
    }

    private void phantom() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            mill.enqueue(connection, new Phantom());
            connection.rollback();
        }
    }

    private void single() {
        Single job = new Single("k" + random.nextInt(KEYS));
        acknowledged.add(mill.enqueueUnique(job, EnqueueOptions.unique(Unique.key(job.key())))
                .id());
    }

    private long add(long id) {
        acknowledged.add(id);
        return id;
    }

    /** One of the last jobs, that waits, runs, or is through. What was promised is noted once it has been. */
    private void cancel() throws SQLException {
        long id = lastId - random.nextInt(20);
        Cancellation answer = mill.cancel(id, "feeder");
        if (answer == Cancellation.CANCELLED
                || answer == Cancellation.WILL_NOT_START
                || answer == Cancellation.INTERRUPTED) {
            try (Connection connection = dataSource.getConnection();
                    PreparedStatement statement = connection.prepareStatement(
                            "insert into " + schema + ".cancel_ack values (?, " + schema + ".now_micros())")) {
                statement.setLong(1, id);
                statement.executeUpdate();
            }
        }
    }

    private Object job() {
        int dice = random.nextInt(100);
        if (dice < 10) {
            return new Limited(50 + random.nextInt(300));
        } else if (dice < 13) {
            return new Metered();
        } else if (dice < 18) {
            return new Scarce(50 + random.nextInt(300));
        } else if (dice < 40) {
            return new Plain(random.nextInt(30));
        } else if (dice < 42) {
            return new Plain(1_000 + random.nextInt(2_000));
        } else if (dice < 60) {
            return new Effect(random.nextInt(20));
        } else if (dice < 70) {
            return new Bundled(random.nextInt(20));
        } else if (dice < 72) {
            return new Effect(300 + random.nextInt(300));
        } else if (dice < 84) {
            return new Flaky(1 + random.nextInt(2));
        } else if (dice < 94) {
            return new Parent();
        } else if (dice < 97) {
            return new Overdue();
        }
        return new Doomed();
    }

    private EnqueueOptions options(Object job) {
        EnqueueOptions options = priority(Priority.ofCode(random.nextInt(5)));
        if (job instanceof Limited) {
            // Most are of one tenant.
            String key = "k" + Math.min(random.nextInt(KEYS), random.nextInt(KEYS));
            return options.onQueue(Watch.LIMITED).key(key).tag("key", key);
        } else if (job instanceof Metered) {
            return options.onQueue(Watch.METERED);
        }
        options = options.onQueue(QUEUES.get(random.nextInt(3)));
        // Its handler's own number of attempts and time limit hold on any queue.
        return random.nextInt(4) == 0 && !(job instanceof Doomed)
                ? options.in(Duration.ofMillis(random.nextInt(4_000)))
                : options;
    }

    /** Enqueues no more. */
    void end() {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        end();
        mill.close();
    }
}
