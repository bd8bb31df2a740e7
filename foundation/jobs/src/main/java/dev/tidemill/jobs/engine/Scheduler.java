package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.Clockwork;
import dev.tidemill.jobs.store.Clockwork.Due;
import dev.tidemill.jobs.store.Clockwork.Fired;
import dev.tidemill.jobs.store.Hint;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Fires schedules, in every process and without a leader: whoever is first locks what is due, the others pass it over.
 * A schedule that was put elsewhere is noticed within a second.
 */
final class Scheduler {
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(1);
    private static final int TURNS_BY_HAND = 100;
    private static final Duration WHILE_ANOTHER_HAS_IT = Duration.ofMillis(50);

    private final Clockwork clockwork;
    private final FirePlanner planner;
    private final Consumer<List<Hint>> committed;
    private final Loop loop = new Loop("fire", this::turn);

    Scheduler(Clockwork clockwork, FirePlanner planner, Consumer<List<Hint>> committed) {
        this.clockwork = clockwork;
        this.planner = planner;
        this.committed = committed;
    }

    void start() {
        loop.start();
    }

    /** A schedule was put or changed here. */
    void wake() {
        loop.wake();
    }

    /** Fires what is due, where no loop does. */
    void fireByHand() {
        Due due = clockwork.due();
        for (int turn = 0;
                turn < TURNS_BY_HAND && due.wakeMicros() != 0 && due.wakeMicros() <= due.nowMicros();
                turn++) {
            Fired fired = clockwork.fire(planner);
            committed.accept(fired.hints());
            if (fired.schedules() == 0) {
                return;
            }
            due = clockwork.due();
        }
    }

    private Duration turn() {
        Due due = clockwork.due();
        if (due.wakeMicros() == 0) {
            return LONGEST_SLEEP;
        }
        long left = due.wakeMicros() - due.nowMicros();
        if (left > 0) {
            Duration until = Duration.ofNanos(Math.min(left, Enqueuer.micros(LONGEST_SLEEP)) * 1_000);
            return until.compareTo(LONGEST_SLEEP) < 0 ? until : LONGEST_SLEEP;
        }
        Fired fired = clockwork.fire(planner);
        committed.accept(fired.hints());
        return fired.schedules() == 0 ? WHILE_ANOTHER_HAS_IT : Duration.ZERO;
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }
}
