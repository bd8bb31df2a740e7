package dev.tidemill.peers;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Load;
import dev.tidemill.bench.Micros;
import dev.tidemill.bench.Order;
import dev.tidemill.bench.Worker;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A process in which one peer works or enqueues. It says what it did in lines, in the words that the processes of
 * {@code proof/peers/node} use as well, and ends when its input does:
 *
 * <ul>
 *   <li>{@code bulk N}: makes the tables, enqueues N jobs, says {@code took NANOS}
 *   <li>{@code clients N}: the same one by one from eight threads, after a tenth as many to warm up
 *   <li>{@code drain N}: says {@code ready}, waits for a line, works until N jobs are done, says {@code done NANOS}
 *   <li>{@code pickup N P}: makes the tables, works, enqueues N jobs at P a second after some to warm up, says {@code wait MICROS} for each
 *   <li>{@code hold N}: works with N at once, says {@code started ID} for each job and never ends one
 *   <li>{@code slow N MILLIS}: works with N at once, takes its time over each job, says {@code ended ID}
 *   <li>{@code first}: works, says {@code ran} at the first job
 * </ul>
 */
final class PeerProcess {
    /** Jobs in one call of a system's bulk way. */
    private static final int BULK = 10_000;

    private static final int CONNECTIONS = 20;
    private static final BufferedReader INPUT =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private final HikariDataSource database;
    private final Peer.Maker maker;

    private PeerProcess(HikariDataSource database, Peer.Maker maker) {
        this.database = database;
        this.maker = maker;
    }

    /** Plays the role that the first argument names, with the numbers that follow. */
    static void run(String[] arguments, Peer.Maker maker) throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Objects.requireNonNull(System.getenv(Worker.URL_VARIABLE)));
        config.setMaximumPoolSize(CONNECTIONS);
        try (HikariDataSource database = new HikariDataSource(config)) {
            new PeerProcess(database, maker).play(arguments);
        }
        // Whatever threads a system may leave.
        System.exit(0);
    }

    private void play(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "bulk" -> bulk(number(arguments, 1));
            case "clients" -> clients(number(arguments, 1));
            case "drain" -> drain(number(arguments, 1));
            case "pickup" -> pickup(number(arguments, 1), number(arguments, 2));
            case "hold" -> hold(number(arguments, 1));
            case "slow" -> slow(number(arguments, 1), number(arguments, 2));
            case "first" -> first();
            default -> throw new IllegalArgumentException("no role is named " + arguments[0]);
        }
    }

    private static int number(String[] arguments, int at) {
        return Integer.parseInt(arguments[at]);
    }

    private Peer sender() throws Exception {
        Peer peer = maker.on(database, order -> {}, 0);
        peer.install();
        peer.start(false);
        return peer;
    }

    private void bulk(int count) throws Exception {
        try (Peer peer = sender()) {
            long start = System.nanoTime();
            List<Order> orders = new ArrayList<>(BULK);
            for (int i = 0; i < count; i++) {
                orders.add(Order.numbered(i));
                if (orders.size() == BULK || i == count - 1) {
                    peer.enqueueAll(orders);
                    orders.clear();
                }
            }
            say("took " + (System.nanoTime() - start));
        }
    }

    private void clients(int count) throws Exception {
        try (Peer peer = sender()) {
            Load.clients(count / 10, id -> peer.enqueue(Order.numbered(id)));
            say("took " + Load.clients(count, id -> peer.enqueue(Order.numbered(id))));
        }
    }

    /** Done is what the system's tables call done, not what was handled. */
    private void drain(int count) throws Exception {
        CountDownLatch handled = new CountDownLatch(count);
        try (Peer peer = maker.on(database, order -> handled.countDown(), 0)) {
            say("ready");
            INPUT.readLine();
            long start = System.nanoTime();
            peer.start(true);
            handled.await();
            while (unfinished(peer) > 0) {
                LockSupport.parkNanos(2_000_000);
            }
            say("done " + (System.nanoTime() - start));
            INPUT.readLine();
        }
    }

    private long unfinished(Peer peer) throws Exception {
        try (Connection connection = database.getConnection();
                PreparedStatement statement = connection.prepareStatement(peer.unfinished());
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private void pickup(int count, int perSecond) throws Exception {
        CountDownLatch handled = new CountDownLatch(count);
        Peer.Handling handling = order -> {
            if (order.orderId() >= 0) {
                say("wait " + (Micros.now() - order.sentMicros()));
                handled.countDown();
            }
        };
        try (Peer peer = maker.on(database, handling, 0)) {
            peer.install();
            peer.start(true);
            Load.paced(perSecond, 4 * perSecond, count, id -> peer.enqueue(Order.at(Micros.now(), id)));
            handled.await();
            INPUT.readLine();
        }
    }

    private void hold(int concurrency) throws Exception {
        work(concurrency, order -> {
            say("started " + order.orderId());
            new CountDownLatch(1).await();
        });
    }

    private void slow(int concurrency, int millis) throws Exception {
        work(concurrency, order -> {
            TimeUnit.MILLISECONDS.sleep(millis);
            say("ended " + order.orderId());
        });
    }

    private void first() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        work(0, order -> {
            if (runs.getAndIncrement() == 0) {
                say("ran");
            }
        });
    }

    private void work(int concurrency, Peer.Handling handling) throws Exception {
        try (Peer peer = maker.on(database, handling, concurrency)) {
            peer.start(true);
            INPUT.readLine();
        }
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }
}
