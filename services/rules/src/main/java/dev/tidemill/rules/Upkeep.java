package dev.tidemill.rules;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done now and then: writing counts, looking after triggers, the next pages of backfills. */
final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration PACE = Duration.ofMillis(100);
    private static final Duration JOIN = Duration.ofSeconds(10);
    private static final int TURNS_A_LOOK = 10;
    private static final int TURNS_A_COUNT = 10;
    private static final int TURNS_AN_AUDIT = 50;
    private static final int TURNS_A_TIDYING = 36_000;

    private final Database database;
    private final Catalog catalog;
    private final Backfills backfills;
    private final Supplier<Collection<Installed<?>>> rules;
    private final Runnable installMissing;
    private final Runnable wake;
    private final String node = UUID.randomUUID().toString();
    private final Thread thread =
            Thread.ofVirtual().name("tidemill-rules-upkeep").unstarted(this::run);
    private volatile boolean closed;
    private boolean failing;
    private boolean backfilling;

    Upkeep(
            Database database,
            Catalog catalog,
            Backfills backfills,
            Supplier<Collection<Installed<?>>> rules,
            Runnable installMissing,
            Runnable wake) {
        this.database = database;
        this.catalog = catalog;
        this.backfills = backfills;
        this.rules = rules;
        this.installMissing = installMissing;
        this.wake = wake;
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            for (int turn = 1; !closed; turn++) {
                Thread.sleep(PACE);
                turn(turn);
            }
        } catch (InterruptedException stopping) {
            // Asked to.
        }
    }

    private void turn(int turn) {
        try {
            // Every second, and at every turn while there is one.
            if (backfilling || turn % TURNS_A_LOOK == 0) {
                backfill();
            }
            if (turn % TURNS_A_COUNT == 0) {
                count();
            }
            if (turn % TURNS_AN_AUDIT == 0) {
                catalog.audit();
                installMissing.run();
            }
            if (turn % TURNS_A_TIDYING == 1) {
                database.transaction(connection -> database.update(connection, "forget_minutes"));
            }
            failing = false;
        } catch (SQLException | RuntimeException failed) {
            if (!failing && !closed) {
                LOG.warn("The upkeep of rules failed; it is tried again.", failed);
            }
            failing = true;
        }
    }

    private void backfill() throws SQLException {
        List<Integer> running =
                database.transaction(connection -> database.list(connection, "backfilled", row -> row.getInt(1)));
        backfilling = false;
        for (Installed<?> rule : rules.get()) {
            if (running.contains(rule.id())) {
                backfilling = true;
                if (backfills.turn(rule)) {
                    wake.run();
                }
            }
        }
    }

    private void count() throws SQLException {
        for (Installed<?> rule : rules.get()) {
            Meter.Counts counts = rule.meter().take();
            if (!counts.isEmpty()) {
                database.transaction(connection -> database.update(
                        connection,
                        "minute",
                        rule.id(),
                        node,
                        counts.changes,
                        counts.effects,
                        counts.coalesced,
                        counts.skipped,
                        counts.failures,
                        counts.reactionMicros,
                        counts.slowestMicros,
                        connection.createArrayOf("int8", counts.lag)));
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(JOIN);
            count();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException unreachable) {
            LOG.debug("The last counts of rules were not written.", unreachable);
        }
    }
}
