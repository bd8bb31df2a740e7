package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.Clockwork;
import dev.tidemill.jobs.store.Clockwork.Due;
import dev.tidemill.jobs.store.Clockwork.Fired;
import dev.tidemill.jobs.store.Clockwork.Plan;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

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
    private final Observers observers;
    private final Consumer<List<Hint>> committed;
    private final Loop loop = new Loop("fire", this::turn);

    Scheduler(Clockwork clockwork, FirePlanner planner, Observers observers, Consumer<List<Hint>> committed) {
        this.clockwork = clockwork;
        this.planner = planner;
        this.observers = observers;
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
            Fired fired = fire();
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
        Fired fired = fire();
        return fired.schedules() == 0 ? WHILE_ANOTHER_HAS_IT : Duration.ZERO;
    }

    private Fired fire() {
        List<NewJob> jobs = new ArrayList<>();
        Fired fired = clockwork.fire((schedule, nowMicros) -> {
            Plan plan = planner.plan(schedule, nowMicros);
            Stream.concat(plan.fires().stream(), plan.released().stream()).forEach(fire -> {
                NewJob job = fire.job();
                if (job != null) {
                    jobs.add(job);
                }
            });
            return plan;
        });
        committed.accept(fired.hints());
        observers.enqueued(jobs);
        return fired;
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }
}
