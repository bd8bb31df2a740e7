package dev.tidemill.storefront;

import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Programs that write the shop's tables at once, past the shop, as others do: carelessly, in any order, some very late. */
final class Crowd {
    private static final String DEADLOCK = "40P01";
    private static final int WRITERS = 8;
    private static final List<String> SPELLINGS = List.of(
            "active",
            "Active",
            "canceled",
            "Cancelled",
            "CANCELED",
            "cancel",
            "past_due",
            "Past-Due",
            "unpaid",
            "paused",
            "on hold",
            "whatever");

    private final DataSource dataSource;
    private final Duration length;
    private final List<UUID> customers = new CopyOnWriteArrayList<>();
    private final Map<String, AtomicInteger> failures = new ConcurrentHashMap<>();
    private final AtomicInteger written = new AtomicInteger();

    /** Part of a transaction. */
    interface Step {
        void in(Connection connection) throws SQLException;
    }

    Crowd(DataSource dataSource, int customers, Duration length) throws SQLException {
        this.dataSource = dataSource;
        this.length = length;
        try (Connection connection = dataSource.getConnection()) {
            this.customers.addAll(Sql.on(connection, """
                            INSERT INTO shop.customer (name, email)
                            SELECT 'Nr' || n, 'nr-' || n || '@example.com' FROM generate_series(1, ?) n RETURNING id""", customers).list(row -> row.getObject(1, UUID.class)));
            Sql.on(connection, """
                            UPDATE shop.customer c SET referred_by = f.id FROM shop.customer f
                             WHERE f.number = c.number - 1 AND c.number % 2 = 0""").update();
            Sql.on(connection, """
                            INSERT INTO shop.subscription (customer_id, plan, status)
                            SELECT id, 'morning', 'Active' FROM shop.customer, generate_series(1, 4)""").update();
        }
    }

    /** How many transactions committed. */
    int written() {
        return written.get();
    }

    /** How often a transaction failed, by SQLSTATE. */
    Map<String, AtomicInteger> failures() {
        return failures;
    }

    int deadlocks() {
        AtomicInteger count = failures.get(DEADLOCK);
        return count == null ? 0 : count.get();
    }

    /** Writes until the time is over. */
    Thread start(int writer) {
        return Thread.ofPlatform().name("writer-" + writer).start(() -> {
            Random random = new Random(writer);
            long end = System.nanoTime() + length.toNanos();
            while (System.nanoTime() - end < 0) {
                write(random, writer == WRITERS - 1);
            }
        });
    }

    List<Thread> start() {
        List<Thread> threads = new ArrayList<>();
        for (int writer = 0; writer < WRITERS; writer++) {
            threads.add(start(writer));
        }
        return threads;
    }

    private void write(Random random, boolean dawdles) {
        Step step = switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> connection -> respell(connection, random);
            case 4, 5 -> connection -> rename(connection, random);
            case 6 -> connection -> buy(connection, random);
            case 7 -> connection -> invite(connection, random);
            default -> connection -> comeAndGo(connection, random);
        };
        transaction(
                connection -> {
                    step.in(connection);
                    if (dawdles) {
                        LockSupport.parkNanos(Duration.ofMillis(1_200).toNanos());
                        respell(connection, random);
                    }
                },
                random.nextInt(12) == 0);
    }

    /** What it takes: none of these fails for another reason than that two of them stood in each other's way. */
    void transaction(Step step, boolean rollback) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                step.in(connection);
                if (rollback) {
                    connection.rollback();
                } else {
                    connection.commit();
                    written.incrementAndGet();
                }
            } catch (SQLException failed) {
                connection.rollback();
                throw failed;
            }
        } catch (SQLException failed) {
            failures.computeIfAbsent(String.valueOf(failed.getSQLState()), state -> new AtomicInteger())
                    .incrementAndGet();
        }
    }

    private UUID someone(Random random) {
        return customers.get(random.nextInt(customers.size()));
    }

    /** One to three subscriptions of anybody, in no order: with eight at it they deadlock. */
    private void respell(Connection connection, Random random) throws SQLException {
        for (int n = random.nextInt(3); n >= 0; n--) {
            Sql.on(connection, """
                            UPDATE shop.subscription SET status = ? WHERE id = (
                                SELECT id FROM shop.subscription WHERE customer_id = ? ORDER BY id LIMIT 1 OFFSET ?)""", SPELLINGS.get(random.nextInt(SPELLINGS.size())), someone(random), random.nextInt(4))
                    .update();
        }
    }

    /** The customer before the subscription, or after it. */
    private void rename(Connection connection, Random random) throws SQLException {
        UUID customer = someone(random);
        List<Step> steps = new ArrayList<>(List.of(
                part -> Sql.on(
                                part,
                                "UPDATE shop.customer SET billing_id = ? WHERE id = ?",
                                "cus_" + random.nextInt(1_000),
                                customer)
                        .update(),
                part -> Sql.on(
                                part,
                                "UPDATE shop.subscription SET billing_id = 'cus_by_hand' WHERE customer_id = ?",
                                customer)
                        .update()));
        Collections.shuffle(steps, random);
        for (Step step : steps) {
            step.in(connection);
        }
    }

    /** Half of the programs know the flag of the first purchase, half do not. */
    private void buy(Connection connection, Random random) throws SQLException {
        UUID customer = someone(random);
        Optional<UUID> purchase = Sql.on(connection, """
                        INSERT INTO shop.purchase (customer_id, total_cents)
                        SELECT id, ? FROM shop.customer WHERE id = ? RETURNING id""", (long) random.nextInt(20_000), customer)
                .first(row -> row.getObject(1, UUID.class));
        if (purchase.isPresent() && random.nextBoolean()) {
            Sql.on(
                            connection,
                            "UPDATE shop.customer SET first_purchase_id = ? WHERE id = ? AND first_purchase_id IS NULL",
                            purchase.get(),
                            customer)
                    .update();
        }
    }

    private void invite(Connection connection, Random random) throws SQLException {
        UUID invited = Sql.on(connection, """
                        INSERT INTO shop.customer (name, email, referred_by)
                        VALUES ('New', ?, (SELECT id FROM shop.customer WHERE id = ?)) RETURNING id""", UUID.randomUUID() + "@example.com", someone(random))
                .first(row -> row.getObject(1, UUID.class))
                .orElseThrow();
        Sql.on(
                        connection,
                        "INSERT INTO shop.purchase (customer_id, total_cents) SELECT ?, ? FROM generate_series(1, ?)",
                        invited,
                        (long) random.nextInt(20_000),
                        random.nextInt(3))
                .update();
        // Nobody else sees it before the commit; who rolls back leaves an id that is nobody's.
        if (random.nextInt(3) == 0) {
            customers.add(invited);
        }
    }

    private void comeAndGo(Connection connection, Random random) throws SQLException {
        if (random.nextBoolean()) {
            Sql.on(connection, """
                            INSERT INTO shop.subscription (customer_id, plan, status, billing_id)
                            SELECT id, 'season', ?, 'cus_old' FROM shop.customer WHERE id = ?""", SPELLINGS.get(random.nextInt(SPELLINGS.size())), someone(random))
                    .update();
        } else {
            Sql.on(connection, """
                            DELETE FROM shop.subscription WHERE id = (
                                SELECT id FROM shop.subscription WHERE customer_id = ? ORDER BY id DESC LIMIT 1)""", someone(random)).update();
        }
    }
}
