package dev.tidemill.rules;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is done now and then: writing counts, looking after triggers, the next pages of backfills, tidying. */
final class Upkeep implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
    private static final Duration PACE = Duration.ofMillis(100);
    private static final Duration JOIN = Duration.ofSeconds(10);
    private static final int TURNS_A_LOOK = 10;
    private static final int TURNS_A_COUNT = 10;
    private static final int TURNS_AN_AUDIT = 50;
    private static final int TURNS_A_TIDYING = 36_000;
    private static final int TURNS_A_CLEARING = 6_000;

    /** Something that is done now and then. */
    interface Task {
        void run() throws SQLException;
    }

    private final Database database;
    private final Catalog catalog;
    private final Backfills backfills;
    private final Tidying tidying;
    private final Supplier<Collection<Installed<?>>> rules;
    private final Task keepInstalled;
    private final Runnable wake;
    private final String node = UUID.randomUUID().toString();
    private final Thread thread =
            Thread.ofVirtual().name("tidemill-rules-upkeep").unstarted(this::run);
    private volatile boolean closed;
    private final Set<String> failing = new HashSet<>();
    private boolean backfilling;

    Upkeep(
            Database database,
            Catalog catalog,
            Backfills backfills,
            Supplier<Collection<Installed<?>>> rules,
            Task keepInstalled,
            Runnable wake) {
        this.database = database;
        this.catalog = catalog;
        this.backfills = backfills;
        this.tidying = new Tidying(database, rules);
        this.rules = rules;
        this.keepInstalled = keepInstalled;
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
        // Every second, and at every turn while there is one.
        if (backfilling || turn % TURNS_A_LOOK == 0) {
            attempt("the next pages of backfills", this::backfill);
        }
        if (turn % TURNS_A_COUNT == 0) {
            attempt("writing counts", this::count);
        }
        if (turn % TURNS_AN_AUDIT == 0) {
            attempt("looking after triggers", catalog::audit);
            attempt("saying which rules are here", this::serve);
            attempt("making triggers", keepInstalled);
        }
        if (turn % TURNS_A_TIDYING == 1) {
            attempt("forgetting old counts", tidying::minutes);
            attempt("forgetting old backfills and sweeps", tidying::runs);
            attempt("forgetting what is left of rules that are gone", tidying::gone);
            attempt("forgetting how rows were", tidying::seen);
        }
        if (turn % TURNS_A_CLEARING == 0) {
            attempt("dropping the conditions of rules that are gone", tidying::conditions);
        }
    }

    /** What fails keeps nothing else from being done, and says so once. */
    private void attempt(String what, Task task) {
        try {
            task.run();
            if (failing.remove(what)) {
                LOG.info("The upkeep of rules is well again: {}.", what);
            }
        } catch (SQLException | RuntimeException failed) {
            if (!closed && failing.add(what)) {
                LOG.warn("The upkeep of rules failed ({}); it is tried again.", what, failed);
            }
        }
    }

    private void serve() throws SQLException {
        catalog.served(rules.get().stream().map(Installed::id).toList());
    }

    private void backfill() throws SQLException {
        List<Integer> running =
                database.transaction(connection -> database.list(connection, "backfilled", row -> row.getInt(1)));
        backfilling = false;
        for (Installed<?> rule : rules.get()) {
            if (running.contains(rule.id())) {
                backfilling = true;
                page(rule);
            }
        }
    }

    /** A backfill that cannot go on, since its table is gone perhaps, says so and keeps no other from going on. */
    private void page(Installed<?> rule) throws SQLException {
        try {
            if (backfills.turn(rule)) {
                wake.run();
            }
        } catch (SQLException failed) {
            if (Database.isBroken(failed)) {
                throw failed;
            }
            backfills.trouble(rule.id(), "The next page failed and is tried again: " + Delivery.describe(failed));
        }
    }

    private void count() throws SQLException {
        for (Installed<?> rule : rules.get()) {
            Meter.Counts counts = rule.meter().take();
            if (!counts.isEmpty()) {
                write(rule, counts);
            }
        }
    }

    /** What could not be written is written with what comes; after a commit whose answer was lost that is too much. */
    private void write(Installed<?> rule, Meter.Counts counts) throws SQLException {
        boolean written = false;
        try {
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
            written = true;
        } finally {
            if (!written) {
                rule.meter().giveBack(counts);
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
