package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.FireOutcome;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.Clockwork.Fire;
import dev.tidemill.jobs.store.Clockwork.Plan;
import dev.tidemill.jobs.store.Clockwork.Planner;
import dev.tidemill.jobs.store.Clockwork.Template;
import dev.tidemill.jobs.store.StoredSchedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Decides what a schedule does now: which fires are due, which of them are caught up, which would overlap, and when to
 * look again. Knows the time only from its arguments. Thread safe.
 *
 * <p>Due are the fires from the next one stored up to now, beyond the last one that was due, so that no fire is planned
 * twice, whatever clocks or edits do. Where all of them are to be caught up they come oldest first, a page a
 * transaction, and the next fire stays in the past until none is left: nothing has to be remembered beside it, and
 * whoever locks the schedule next goes on. While unfinished jobs matter, the schedule is looked at in between to see them
 * end: often where something waits for that, else now and then, because history that could tell may be dropped.
 */
final class FirePlanner implements Planner {
    /** A fire that is less late than this is due, not missed. */
    static final long GRACE_MICROS = micros(Duration.ofMinutes(1));

    /** How many fires of a schedule are caught up in one transaction. */
    static final int PAGE = 1_000;

    private static final long ERROR_PAUSE_MICROS = micros(Duration.ofMinutes(1));
    private static final long WATCH_MICROS = micros(Duration.ofMillis(500));
    private static final long LONGEST_DELAY_WATCH_MICROS = micros(Duration.ofSeconds(10));
    private static final long SHORTEST_IDLE_WATCH_MICROS = micros(Duration.ofSeconds(1));
    private static final long LONGEST_IDLE_WATCH_MICROS = micros(Duration.ofMinutes(10));

    private final Template template;

    FirePlanner(Template template) {
        this.template = template;
    }

    private static long micros(Duration duration) {
        return Enqueuer.micros(duration);
    }

    @Override
    public Plan plan(StoredSchedule schedule, long now) {
        try {
            Planning planning = new Planning(schedule, now);
            return schedule.draft().timing() instanceof Timing.Delay delay
                    ? planning.afterJobs(micros(delay.pause()))
                    : planning.byTime();
        } catch (RuntimeException failed) {
            return new Plan(
                    List.of(),
                    List.of(),
                    schedule.nextMicros(),
                    schedule.lastMicros(),
                    now + ERROR_PAUSE_MICROS,
                    schedule.unfinished(),
                    false,
                    String.valueOf(failed.getMessage()));
        }
    }

    /** The first fire of a timing that is put now; 0 if there is none. */
    static long first(Timing timing, long now) {
        return after(timing, now);
    }

    /** Where a schedule goes on that was paused; what fell into the pause is not caught up, but for what fires once. */
    static long resumed(StoredSchedule schedule, long now) {
        return switch (schedule.draft().timing()) {
            case Timing.Once once -> schedule.nextMicros();
            case Timing.Delay delay -> schedule.nextMicros() == 0 ? 0 : Math.max(schedule.nextMicros(), now);
            case Timing.Cron cron -> after(cron, now);
            case Timing.Rate rate -> after(begun(rate, schedule), now);
        };
    }

    /** The fires that are to come, as far as they are known. */
    static List<Instant> upcoming(StoredSchedule schedule, int count) {
        List<Instant> times = new ArrayList<>();
        if (schedule.paused() || schedule.nextMicros() == 0) {
            return times;
        }
        Optional<Instant> next = Optional.of(DatabaseClock.toInstant(schedule.nextMicros()));
        Timing timing = begun(schedule.draft().timing(), schedule);
        while (next.isPresent() && times.size() < count) {
            times.add(next.get());
            next = timing instanceof Timing.Delay ? Optional.empty() : timing.next(next.get());
        }
        return times;
    }

    /** A rate without a start begins one period after it was put. */
    private static Timing begun(Timing timing, StoredSchedule schedule) {
        return timing instanceof Timing.Rate rate && rate.startingAt() == null
                ? rate.startingAt(
                        DatabaseClock.toInstant(schedule.anchorMicros()).plus(rate.period()))
                : timing;
    }

    private static long after(Timing timing, long micros) {
        return micros(timing.next(DatabaseClock.toInstant(micros)));
    }

    private static long upTo(Timing timing, long micros) {
        return micros(timing.previous(DatabaseClock.toInstant(micros)));
    }

    private static long micros(Optional<Instant> time) {
        return time.map(instant -> Enqueuer.micros(Duration.between(Instant.EPOCH, instant)))
                .orElse(0L);
    }

    private final class Planning {
        private final StoredSchedule schedule;
        private final long now;
        private final Overlap overlap;
        private final List<Fire> fires = new ArrayList<>();
        private final List<Fire> released = new ArrayList<>();
        private boolean busy;
        private int waiting;

        Planning(StoredSchedule schedule, long now) {
            this.schedule = schedule;
            this.now = now;
            this.overlap = schedule.draft().overlap();
            this.busy = !schedule.unfinished().isEmpty();
            this.waiting = schedule.waiting().size();
        }

        Plan byTime() {
            release();
            Timing timing = begun(schedule.draft().timing(), schedule);
            long last = schedule.lastMicros();
            long next = schedule.nextMicros();
            long from = Math.max(next, last + 1);
            if (next != 0 && next <= now) {
                long newest = upTo(timing, now);
                if (newest < from) {
                    next = after(timing, now);
                } else if (schedule.draft().catchUp().equals(CatchUp.ALL) && overlap != Overlap.SKIP) {
                    next = page(timing, from);
                    last = fires.isEmpty() ? last : fires.getLast().fireMicros();
                } else {
                    due(timing, from, newest);
                    last = newest;
                    next = after(timing, now);
                }
            }
            boolean watch = waiting > 0 || (busy && overlap != Overlap.ALLOW);
            return plan(next, last, watch ? now + watchEvery(last) : 0);
        }

        /**
         * Fires a page of what is due, oldest first, and returns the first that is left. What was missed waits there for
         * room; what is in time finds the queue full as ever.
         */
        private long page(Timing timing, long from) {
            long fire = after(timing, from - 1);
            for (int taken = 0; fire != 0 && fire <= now && taken < PAGE; taken++) {
                if (full() && fire < now - GRACE_MICROS) {
                    return fire;
                }
                fire(fire);
                fire = after(timing, fire);
            }
            return fire;
        }

        private boolean full() {
            return overlap == Overlap.QUEUE && waiting >= Overlap.MOST_WAITING;
        }

        private long watchEvery(long last) {
            if (waiting > 0) {
                return WATCH_MICROS;
            }
            return Math.clamp((now - last) / 10, SHORTEST_IDLE_WATCH_MICROS, LONGEST_IDLE_WATCH_MICROS);
        }

        /** What waited goes first: one at a time, or all where overlapping has been allowed since. */
        private void release() {
            for (long fire : schedule.waiting()) {
                if (busy && overlap != Overlap.ALLOW) {
                    return;
                }
                released.add(new Fire(fire, FireOutcome.ENQUEUED, template.job(schedule, fire), 0));
                waiting--;
                busy = true;
            }
        }

        private void due(Timing timing, long from, long newest) {
            CatchUp catchUp = schedule.draft().catchUp();
            boolean inTime = newest >= now - GRACE_MICROS;
            int most = catchUp.most() > 0 ? catchUp.most() : inTime ? 1 : 0;
            Deque<Long> kept = new ArrayDeque<>();
            long fire = newest;
            while (fire >= from && fire != 0 && kept.size() < most) {
                kept.addFirst(fire);
                fire = upTo(timing, fire - 1);
            }
            if (fire >= from && fire != 0) {
                fires.add(new Fire(fire, FireOutcome.MISSED, null, from));
            }
            kept.forEach(this::fire);
        }

        private void fire(long fire) {
            if (overlap == Overlap.ALLOW || (!busy && waiting == 0)) {
                fires.add(new Fire(fire, FireOutcome.ENQUEUED, template.job(schedule, fire), 0));
                busy = true;
            } else if (overlap == Overlap.QUEUE && !full()) {
                fires.add(new Fire(fire, FireOutcome.WAITING, null, 0));
                waiting++;
            } else {
                fires.add(new Fire(fire, FireOutcome.SKIPPED, null, 0));
            }
        }

        /** The next fire is known only once the job has ended; nobody looks later than it would be due. */
        Plan afterJobs(long pause) {
            long last = schedule.lastMicros();
            long next = schedule.nextMicros();
            if (!busy) {
                if (next == 0) {
                    next = Math.max(schedule.endedMicros() == 0 ? now : schedule.endedMicros(), last) + pause;
                }
                if (next <= now) {
                    last = Math.max(next, last + 1);
                    boolean missed = schedule.draft().catchUp().equals(CatchUp.NONE) && next < now - GRACE_MICROS;
                    if (missed) {
                        fires.add(new Fire(last, FireOutcome.MISSED, null, last));
                        next = now + pause;
                    } else {
                        fires.add(new Fire(last, FireOutcome.ENQUEUED, template.job(schedule, last), 0));
                        busy = true;
                    }
                }
            }
            if (busy) {
                return plan(0, last, now + Math.min(pause, LONGEST_DELAY_WATCH_MICROS));
            }
            return plan(next, last, 0);
        }

        private Plan plan(long next, long last, long watch) {
            // What is left of a page is looked at at once, but for what waits for room: as often as for a job's end.
            long look = next == 0 || next > now ? next : full() ? watch : now;
            long wake = look == 0 || (watch != 0 && watch < look) ? watch : look;
            boolean newestOnly = overlap == Overlap.ALLOW && !(schedule.draft().timing() instanceof Timing.Delay);
            return new Plan(fires, released, next, last, wake, schedule.unfinished(), newestOnly, null);
        }
    }
}
