package dev.tidemill.bench;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** A process that works or enqueues for the bench; says what it did in lines, and ends when its input does. */
@SuppressWarnings("try")
public final class Worker {
    static final int WARM_UP = 200;
    /** The variable in a process's environment that holds the database's address. */
    public static final String URL_VARIABLE = "TIDEMILL_BENCH_URL";

    private Worker() {}

    /** The first argument is the role, the second the schema. */
    public static void main(String[] arguments) throws Exception {
        String url = Objects.requireNonNull(System.getenv(URL_VARIABLE), URL_VARIABLE + " is not set");
        String schema = arguments[1];
        try (HikariDataSource pool = Target.pool(url, 12)) {
            TidemillBuilder builder = Tidemill.on(pool).schema(schema);
            switch (arguments[0]) {
                case "drain" -> {
                    for (String queue : Arrays.asList(arguments).subList(3, arguments.length)) {
                        builder.queue(queue, options -> options);
                    }
                    drain(builder, Long.parseLong(arguments[2]), pool, schema);
                }
                case "slow" -> slow(builder);
                case "flaky" -> flaky(builder);
                case "memory" -> memory(Integer.parseInt(arguments[2]));
                case "first" -> first(builder);
                case "pickup" -> pickup(builder, Integer.parseInt(arguments[2]));
                case "soak" -> soak(builder, Integer.parseInt(arguments[2]));
                case "pace" ->
                    pace(
                            builder,
                            Integer.parseInt(arguments[2]),
                            Integer.parseInt(arguments[3]),
                            Integer.parseInt(arguments[4]));
                case "commits" -> {
                    new Floor(pool, schema).commits(Integer.parseInt(arguments[2]));
                    waitForLine();
                }
                case "notifies" -> {
                    new Floor(pool, schema).notifies(Integer.parseInt(arguments[2]));
                    waitForLine();
                }
                case "takes" -> {
                    new Floor(pool, schema).takes(Integer.parseInt(arguments[2]));
                    waitForLine();
                }
                case "send" -> send(builder, pool, arguments[2], Integer.parseInt(arguments[3]));
                default -> throw new IllegalArgumentException("no role is named " + arguments[0]);
            }
        }
    }

    private static void drain(TidemillBuilder builder, long jobs, HikariDataSource pool, String schema)
            throws Exception {
        AtomicLong left = new AtomicLong(jobs);
        CountDownLatch handled = new CountDownLatch(1);
        builder.handle(Order.class, (order, run) -> {
            if (order.orderId() >= 0 && left.decrementAndGet() == 0) {
                handled.countDown();
            }
        });
        say("ready");
        waitForLine();
        long start = System.nanoTime();
        try (Tidemill mill = builder.start()) {
            handled.await();
            awaitFinished(pool, schema);
            say("done " + (System.nanoTime() - start));
            waitForLine();
        }
    }

    /** A lease is deleted together with the last outcome in it. */
    private static void awaitFinished(HikariDataSource pool, String schema) throws Exception {
        try (Connection connection = pool.getConnection();
                var statement = connection.prepareStatement("select count(*) from " + schema + ".lease")) {
            while (true) {
                try (var rows = statement.executeQuery()) {
                    rows.next();
                    if (rows.getLong(1) == 0) {
                        return;
                    }
                }
                LockSupport.parkNanos(2_000_000);
            }
        }
    }

    private static void slow(TidemillBuilder builder) throws Exception {
        try (Tidemill mill = builder.queue(
                        "default", queue -> queue.concurrency(1_000).reservedForCritical(0))
                .handle(Slow.class, (job, run) -> {
                    say("started " + run.jobId());
                    Thread.sleep(job.millis());
                    say("ended " + run.jobId());
                })
                .start()) {
            waitForLine();
        }
    }

    private static void flaky(TidemillBuilder builder) throws Exception {
        try (Tidemill mill = builder.handle(
                        Flaky.class,
                        (job, run) -> {
                            job.attempt();
                            say("ended " + job.id());
                        },
                        options -> options.backoff(Backoff.fixed(Duration.ofMillis(200))))
                .start()) {
            waitForLine();
        }
    }

    /** What an application without a job system does: a thread pool. */
    private static void memory(int jobs) throws Exception {
        try (ExecutorService pool = Executors.newFixedThreadPool(64)) {
            for (int i = 0; i < jobs; i++) {
                Flaky job = new Flaky(i);
                pool.execute(() -> {
                    try {
                        job.attempt();
                        say("ended " + job.id());
                    } catch (InterruptedException | IllegalStateException failed) {
                        // This is how such a job is lost.
                    }
                });
            }
            waitForLine();
        }
    }

    private static void first(TidemillBuilder builder) throws Exception {
        CountDownLatch ran = new CountDownLatch(1);
        try (Tidemill mill = builder.handle(Order.class, (order, run) -> {
                    say("ran");
                    ran.countDown();
                })
                .start()) {
            ran.await();
        }
    }

    /** Handles paced jobs, some of its own sending, and tells how long each waited. */
    private static void pickup(TidemillBuilder builder, int own) throws Exception {
        AtomicLong handled = new AtomicLong();
        Micros waits = new Micros();
        try (Tidemill mill = builder.handle(Order.class, (order, run) -> {
                    long wait = Micros.now() - order.sentMicros();
                    if (order.orderId() >= 0) {
                        waits.add(wait);
                        say("wait " + wait);
                    }
                    handled.incrementAndGet();
                })
                .start()) {
            say("ready");
            if (own > 0) {
                paced(own, id -> mill.enqueue(Order.at(Micros.now(), id)));
                while (waits.count() < own) {
                    LockSupport.parkNanos(1_000_000);
                }
                say("sent");
            }
            waitForLine();
        }
    }

    /** Handles jobs at somebody else's pace, and tells after each so many how long they waited: p50 and p99. */
    private static void soak(TidemillBuilder builder, int perWindow) throws Exception {
        AtomicReference<Micros> window = new AtomicReference<>(new Micros());
        AtomicLong handled = new AtomicLong();
        try (Tidemill mill = builder.handle(Order.class, (order, run) -> {
                    if (order.orderId() < 0) {
                        return;
                    }
                    window.get().add(Micros.now() - order.sentMicros());
                    if (handled.incrementAndGet() % perWindow == 0) {
                        Map<String, Double> waits =
                                window.getAndSet(new Micros()).percentiles();
                        say("window " + waits.get("p50") + " " + waits.get("p99"));
                    }
                })
                .start()) {
            say("ready");
            waitForLine();
        }
    }

    /** Eight clients share the pace; the first ones warm up. Tells how many a second they reached. */
    private static void pace(TidemillBuilder builder, int perSecond, int warmUp, int count) throws Exception {
        int clients = 8;
        try (Tidemill mill = builder.start()) {
            long start = System.nanoTime();
            AtomicLong sent = new AtomicLong(-warmUp);
            try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
                for (int client = 0; client < clients; client++) {
                    threads.execute(() -> {
                        long id;
                        while ((id = sent.getAndIncrement()) < count) {
                            Load.awaitNanoTime(start + (warmUp + id) * 1_000_000_000L / perSecond);
                            mill.enqueue(Order.at(Micros.now(), id));
                        }
                    });
                }
            }
            say("sent " + Math.round((warmUp + count) / ((System.nanoTime() - start) / 1e9)));
            waitForLine();
        }
    }

    private static void send(TidemillBuilder builder, HikariDataSource pool, String how, int count) throws Exception {
        try (Tidemill mill = builder.start()) {
            switch (how) {
                case "mill" -> paced(count, id -> mill.enqueue(Order.at(Micros.now(), id)));
                case "tx" ->
                    paced(count, id -> {
                        try (Connection connection = pool.getConnection()) {
                            connection.setAutoCommit(false);
                            mill.enqueue(connection, Order.at(Micros.now(), id));
                            connection.commit();
                        }
                    });
                case "clients" -> clients(mill, count);
                default -> throw new IllegalArgumentException("nothing is sent by " + how);
            }
            say("sent");
            waitForLine();
        }
    }

    /** Eight threads, each enqueueing one job after the other; the first tenth warms up. */
    private static void clients(Tidemill mill, int count) throws Exception {
        Load.clients(count / 10, id -> mill.enqueue(Order.numbered(id)));
        say("took " + Load.clients(count, id -> mill.enqueue(Order.numbered(id))));
    }

    /** Fifty a second; the first ones warm up and are not counted. */
    static void paced(int count, Load.Send send) throws Exception {
        Load.paced(50, WARM_UP, count, send);
    }

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private static void waitForLine() throws IOException {
        INPUT.readLine();
    }
}
