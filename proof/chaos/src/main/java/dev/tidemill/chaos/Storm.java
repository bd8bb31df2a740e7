package dev.tidemill.chaos;

import dev.tidemill.chaos.Blow.Crash;
import dev.tidemill.chaos.Blow.Cut;
import dev.tidemill.chaos.Blow.Freeze;
import dev.tidemill.chaos.Blow.Hang;
import dev.tidemill.chaos.Blow.Kill;
import dev.tidemill.chaos.Blow.Place;
import dev.tidemill.chaos.Blow.Restart;
import dev.tidemill.chaos.Blow.Terminate;
import dev.tidemill.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Carries out a plan, blow by blow, each on a thread of its own; whoever is hit is whole again when it is through. */
final class Storm {
    private static final Duration CATCH_WITHIN = Duration.ofSeconds(3);
    private static final Duration SUPERVISED_EVERY = Duration.ofMillis(100);
    private static final Duration HELD_OPEN = Duration.ofSeconds(4);

    private final List<Seat> seats;
    private final Ledger ledger;
    private final @Nullable EmbeddedPostgres postgres;
    private final ReentrantLock database = new ReentrantLock();
    private final Tally tally = new Tally();

    /** The database's server is null where it is not ours to restart. */
    Storm(List<Seat> seats, Ledger ledger, @Nullable EmbeddedPostgres postgres) {
        this.seats = seats;
        this.ledger = ledger;
        this.postgres = postgres;
    }

    /** What was really done. Thread safe. */
    static final class Tally {
        private long kills;
        private long restarts;
        private long terminations;
        private long cuts;
        private long hangs;
        private final Map<Place, Long> freezes = new EnumMap<>(Place.class);

        synchronized void frozen(Place inside) {
            freezes.merge(inside, 1L, Long::sum);
        }

        synchronized long freezes() {
            return freezes.values().stream().mapToLong(Long::longValue).sum();
        }

        synchronized Map<Place, Long> freezesByPlace() {
            return new EnumMap<>(freezes);
        }

        synchronized void killed() {
            kills++;
        }

        synchronized void restarted() {
            restarts++;
        }

        synchronized void terminated(long sessions) {
            terminations += sessions;
        }

        synchronized void cut() {
            cuts++;
        }

        synchronized void hung() {
            hangs++;
        }

        synchronized long kills() {
            return kills;
        }

        synchronized long restarts() {
            return restarts;
        }

        synchronized long terminations() {
            return terminations;
        }

        synchronized long cuts() {
            return cuts;
        }

        synchronized long hangs() {
            return hangs;
        }
    }

    Tally tally() {
        return tally;
    }

    /** Returns when the last blow is through and everybody hit by one is whole again. */
    void rage(Plan plan) {
        long start = System.nanoTime();
        try (ExecutorService blows = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Blow blow : plan.blows()) {
                while (blow.at().minusNanos(System.nanoTime() - start).isPositive()) {
                    Waiting.pass(SUPERVISED_EVERY);
                    seats.forEach(Seat::supervise);
                }
                blows.execute(() -> strike(blow));
            }
        }
        seats.forEach(Seat::heal);
    }

    private void strike(Blow blow) {
        switch (blow) {
            case Kill kill -> hit(kill.worker(), seat -> kill(seat, kill.down()));
            case Freeze freeze -> hit(freeze.worker(), seat -> freeze(seat, freeze.inside(), freeze.lasts()));
            case Cut cut -> hit(cut.worker(), this::cut);
            case Hang hang -> hit(hang.worker(), seat -> hang(seat, hang.lasts(), hang.thenCut()));
            case Terminate terminate -> terminate(terminate.percent());
            case Crash crash -> restart(crash.down(), true);
            case Restart restart -> restart(Duration.ZERO, false);
        }
    }

    @FunctionalInterface
    private interface Hit {
        void on(Seat seat);
    }

    private void hit(int worker, Hit hit) {
        Seat seat = seats.get(worker - 1);
        seat.turn.lock();
        try {
            // One that could not start while the database was away has ended.
            seat.seat();
            hit.on(seat);
        } finally {
            seat.turn.unlock();
        }
    }

    private void kill(Seat seat, Duration down) {
        seat.process().kill();
        tally.killed();
        Waiting.pass(down);
        seat.seat();
    }

    private void cut(Seat seat) {
        seat.relay().cut();
        tally.cut();
    }

    private void hang(Seat seat, Duration lasts, boolean thenCut) {
        seat.relay().hang();
        tally.hung();
        Waiting.pass(lasts);
        if (thenCut) {
            seat.relay().cut();
        }
        seat.relay().resume();
    }

    private void freeze(Seat seat, Place inside, Duration lasts) {
        Place caught = inside;
        awaitDatabase();
        try {
            switch (inside) {
                case ANYWHERE -> seat.process().freeze();
                case CLAIM -> freezeBehindALock(seat, "lease", "%.claim%(%", Duration.ZERO);
                case OPEN_CLAIM -> freezeBehindALock(seat, "lease", "%.claim%(%", HELD_OPEN);
                case FINISH -> freezeBehindALock(seat, "attempt", "%.finish%(%", Duration.ZERO);
                case COMPLETE -> {
                    await(() ->
                            ledger.number("select count(*) from pg_stat_activity where state = 'idle in transaction'"
                                            + " and query like '%.complete(%' and application_name = '" + seat.name()
                                            + "'")
                                    > 0);
                    seat.process().freeze();
                }
            }
        } catch (IllegalStateException | SQLException notCaught) {
            // The database is away, or the worker does nothing of the kind just now.
            if (!seat.process().isAlive()) {
                // It had just been started, and the database was away.
                return;
            }
            caught = Place.ANYWHERE;
            seat.process().freeze();
        }
        tally.frozen(caught);
        Waiting.pass(lasts);
        seat.process().thaw();
    }

    /** Freezes a worker whose statement waits for a table, and lets the statement through, at once or later. */
    private void freezeBehindALock(Seat seat, String table, String statementLike, Duration heldOpen)
            throws SQLException {
        try (Connection lock = ledger.lock(table, "share")) {
            await(() -> ledger.blocked(seat.name(), statementLike) > 0);
            seat.process().freeze();
            Waiting.holds(heldOpen, () -> ledger.blocked(seat.name(), statementLike) == 0);
            lock.rollback();
        }
    }

    private static void await(BooleanSupplier condition) {
        Waiting.until("it gets there", CATCH_WITHIN, condition);
    }

    private void terminate(int percent) {
        awaitDatabase();
        try {
            await(() ->
                    ledger.number("select count(*) from pg_stat_activity where application_name like 'worker-%'") > 0);
            tally.terminated(ledger.number("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                    + " where application_name like 'worker-%' and random() * 100 < " + percent));
        } catch (IllegalStateException databaseAway) {
            // Its sessions are gone anyway.
        }
    }

    /** Until it is not being restarted just now; what comes then may hit whoever waits for it here. */
    private void awaitDatabase() {
        Waiting.holds(Duration.ofSeconds(10), () -> !database.isLocked());
    }

    private void restart(Duration down, boolean crash) {
        EmbeddedPostgres server = postgres;
        if (server == null) {
            return;
        }
        database.lock();
        try {
            if (crash) {
                server.kill();
                Waiting.pass(down);
            }
            server.restart();
            tally.restarted();
        } finally {
            database.unlock();
        }
    }
}
