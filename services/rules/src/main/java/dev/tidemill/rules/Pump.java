package dev.tidemill.rules;

import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes changes from the tables and reacts to them, over and over: one transaction takes shards of a rule, reads the first
 * changes in them, has the reactions run, and deletes the changes. Everything commits together or not at all.
 *
 * <p>Changes are acknowledged by deletion, one by one: a transaction that commits late leaves rows with low numbers, and they
 * are found because nothing else says where to begin. The number to begin at ({@link Horizon}) only spares looks the
 * dead index entries of what was done before; every so often a look begins at the beginning.
 *
 * <p>A key is never in two hands: pumps lock its shard, jobs lock its row in {@code rule_parked}, and a pump that finds that
 * row passes the key on to the job, or leaves it alone while the job runs.
 */
final class Pump implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Pump.class);
    private static final long SHORTEST_WAIT = Duration.ofMillis(4).toNanos();
    private static final long LONGEST_WAIT = Duration.ofMillis(200).toNanos();
    private static final long WAIT_AFTER_ERROR = Duration.ofSeconds(1).toNanos();
    private static final Duration JOIN = Duration.ofSeconds(15);
    /** A look from the beginning takes at most a twentieth of the time. */
    private static final long LOOK_SHARE = 20;

    private static final int ALL_SHARDS = 64;
    private static final int SOME_SHARDS = 16;

    private final Database database;
    private final Delivery delivery;
    private final Supplier<Collection<Installed<?>>> rules;
    private final Semaphore calls = new Semaphore(0);
    private final Thread thread;
    private final Horizon horizon = new Horizon();
    private volatile boolean closed;
    private @Nullable Connection connection;
    private int turns;
    private long lookedAt = System.nanoTime();
    private long lookCost;
    private int errors;

    Pump(Database database, Delivery delivery, Supplier<Collection<Installed<?>>> rules, int number) {
        this.database = database;
        this.delivery = delivery;
        this.rules = rules;
        this.turns = number * 7;
        this.thread = Thread.ofVirtual().name("tidemill-rules-pump-" + number).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** There may be something to do. */
    void wake() {
        calls.release();
    }

    private void run() {
        long wait = SHORTEST_WAIT;
        while (!closed) {
            try {
                boolean busy = round();
                wait = busy ? 0 : Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, wait * 2));
                if (errors > 0) {
                    LOG.info("Rules are delivered again, after {} failed tries.", errors);
                    errors = 0;
                }
            } catch (Delivery.BrokenOffException slow) {
                drop();
                wait = 0;
            } catch (SQLException | RuntimeException failed) {
                drop();
                if (!closed && errors++ == 0) {
                    LOG.warn("Changes could not be taken; it is tried again every second.", failed);
                }
                wait = WAIT_AFTER_ERROR;
            }
            if (wait > 0 && !closed && !sleep(wait)) {
                break;
            }
        }
        drop();
    }

    private boolean sleep(long nanos) {
        try {
            if (calls.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
                calls.drainPermits();
            }
            return true;
        } catch (InterruptedException stopping) {
            return false;
        }
    }

    /** The last number that was given, and what runs in the database. */
    private record Now(long lastId, Set<Long> running) {}

    /** A change, and how often changes of its rule were given back by then. */
    private record Taken(RawChange change, long released) {}

    /** A rule that has something to do. */
    private record Pending(int rule, long first, long ageMillis) {}

    /** A turn for each rule that has something to do; false if none did anything. */
    private boolean round() throws SQLException {
        List<Installed<?>> here = List.copyOf(rules.get());
        if (here.isEmpty()) {
            return false;
        }
        Connection open = open();
        boolean all = System.nanoTime() - lookedAt >= lookCost * LOOK_SHARE;
        List<Pending> pending = look(open, here, all);
        boolean busy = false;
        turns++;
        for (int i = 0; i < pending.size() && !closed; i++) {
            Pending next = pending.get((i + turns) % pending.size());
            Optional<Installed<?>> rule =
                    here.stream().filter(one -> one.id() == next.rule).findFirst();
            if (rule.isPresent()) {
                Installed<?> one = rule.get();
                if (!one.isResting() && one.isDue(next.first, next.ageMillis, () -> lastId(open, one))) {
                    busy |= aTurn(open, one, all ? 0 : horizon.from(one.id()));
                }
            }
        }
        return busy;
    }

    private List<Pending> look(Connection open, List<Installed<?>> here, boolean all) throws SQLException {
        Integer[] ids = here.stream().map(Installed::id).toArray(Integer[]::new);
        Now now = database.one(
                        open,
                        "horizon",
                        row -> new Now(
                                row.getLong(1), Set.of((Long[]) row.getArray(2).getArray())))
                .orElseThrow();
        long began = System.nanoTime();
        horizon.look(now.running);
        Long[] froms =
                here.stream().map(rule -> all ? 0L : horizon.from(rule.id())).toArray(Long[]::new);
        List<Pending> pending = database.list(
                open,
                "pending",
                row -> new Pending(row.getInt(1), row.getLong(2), row.getLong(3)),
                open.createArrayOf("int4", ids),
                open.createArrayOf("int8", froms));
        open.commit();
        pending.forEach(one -> horizon.first(one.rule, one.first));
        horizon.looked(now.running, began);
        if (horizon.wantsFence(now.lastId, began)) {
            database.list(open, "fence", row -> {
                horizon.fence(row.getLong(1), row.getLong(2), System.nanoTime());
                return true;
            });
            open.commit();
        }
        if (all) {
            lookedAt = System.nanoTime();
            lookCost = lookedAt - began;
        }
        return pending;
    }

    private long lastId(Connection open, Installed<?> rule) {
        try {
            long last = database.one(open, "last_id", row -> row.getLong(1), rule.id())
                    .orElse(0L);
            open.commit();
            return last;
        } catch (SQLException failed) {
            throw Database.unavailable(failed);
        }
    }

    /** A rule whose changes cannot be taken, since its table is gone perhaps, rests for a second; the others go on. */
    private boolean aTurn(Connection open, Installed<?> rule, long from) throws SQLException {
        try {
            boolean busy = turn(open, rule, from);
            if (rule.works()) {
                LOG.info(
                        "Changes of the rule {} are delivered again.",
                        rule.rule().name());
            }
            return busy;
        } catch (SQLException failed) {
            if (Database.isBroken(failed) || Thread.currentThread().isInterrupted() || open.isClosed()) {
                throw failed;
            }
            open.rollback();
            if (rule.rest(Duration.ofNanos(WAIT_AFTER_ERROR)) && !closed) {
                LOG.warn(
                        "Changes of the rule {} could not be taken; it is tried again every second.",
                        rule.rule().name(),
                        failed);
            }
            return false;
        }
    }

    private <T> boolean turn(Connection open, Installed<T> rule, long from) throws SQLException {
        long began = System.nanoTime();
        database.begin(open);
        int most = rule.reach();
        // While there is much to do, others get some of the shards.
        int shards = rule.meter().isBusy() ? SOME_SHARDS : ALL_SHARDS;
        Short[] mine = database.one(
                        open,
                        "claim",
                        row -> (Short[]) row.getArray(1).getArray(),
                        rule.id(),
                        from,
                        most,
                        Math.floorMod(turns * 13, ALL_SHARDS),
                        shards)
                .orElse(new Short[0]);
        if (mine.length == 0) {
            open.commit();
            return false;
        }
        List<RawChange> taken = take(open, rule, from, most, open.createArrayOf("int2", mine));
        rule.meter().busy(taken.size() >= most);
        List<RawChange> free = taken.stream()
                .filter(change -> change.parked() == 0)
                .limit(rule.size())
                .toList();
        List<RawChange> toJobs =
                taken.stream().filter(change -> change.parked() == 1).toList();
        rule.reached(!free.isEmpty() || !toJobs.isEmpty() || taken.size() < most);
        Delivery.Outcome outcome = delivery.deliver(open, rule, KeyChanges.of(free));
        if (!toJobs.isEmpty()) {
            database.update(open, "hold", rule.id(), ids(open, toJobs));
        }
        if (!outcome.done().isEmpty()) {
            database.update(
                    open,
                    "done",
                    rule.id(),
                    open.createArrayOf(
                            "int8",
                            outcome.done().stream()
                                    .flatMap(key -> key.ids().stream())
                                    .toArray()));
        }
        open.commit();
        outcome.committed(System.nanoTime() - began);
        rule.took(free.size(), System.nanoTime() - began);
        return !outcome.done().isEmpty() || outcome.parked() > 0 || !toJobs.isEmpty();
    }

    /**
     * And once more, from further below, where a transaction has ended meanwhile that may have written there, or parked
     * changes were given back.
     */
    private List<RawChange> take(Connection open, Installed<?> rule, long from, int most, Array shards)
            throws SQLException {
        List<Taken> taken = database.list(
                open, "take", row -> new Taken(RawChange.read(row), row.getLong(10)), rule.id(), from, most, shards);
        long below = taken.isEmpty() ? from : lookedBelow(open, rule.id(), from, taken.getFirst().released);
        return below < from
                ? take(open, rule, below, most, shards)
                : taken.stream().map(Taken::change).toList();
    }

    /** From where on what was just taken should have been looked for. */
    private long lookedBelow(Connection open, int rule, long from, long released) throws SQLException {
        if (horizon.released(rule, released)) {
            return 0;
        }
        Set<Long> elders = horizon.elders();
        if (from == 0 || elders.isEmpty()) {
            return from;
        }
        return database
                .list(open, "ended", row -> row.getLong(1), open.createArrayOf("int8", elders.toArray()))
                .stream()
                .mapToLong(horizon::lowest)
                .min()
                .orElse(from);
    }

    private static Array ids(Connection open, List<RawChange> changes) throws SQLException {
        return open.createArrayOf("int8", changes.stream().map(RawChange::id).toArray(Long[]::new));
    }

    private Connection open() throws SQLException {
        Connection known = connection;
        if (known != null && !known.isClosed()) {
            return known;
        }
        Connection fresh = database.open();
        connection = fresh;
        return fresh;
    }

    private void drop() {
        Connection known = connection;
        connection = null;
        if (known != null) {
            try {
                known.rollback();
                known.setAutoCommit(true);
            } catch (SQLException broken) {
                // It is being thrown away.
            }
            try {
                known.close();
            } catch (SQLException broken) {
                // It is being thrown away.
            }
        }
    }

    /** Ends after the turn under way, which is broken off if it takes long. */
    @Override
    public void close() {
        closed = true;
        calls.release();
        try {
            if (!thread.join(JOIN)) {
                thread.interrupt();
                thread.join(JOIN);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
