package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.ScheduleDraft;
import dev.tidemill.jobs.store.StoredSchedule;
import dev.tidemill.jobs.store.Timetable;
import dev.tidemill.jobs.store.Timetable.Triggered;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Schedules as applications put them: validated like jobs, resolved by what is known of their kind here. Thread safe. */
public final class ScheduleBook {
    private static final Logger LOG = LoggerFactory.getLogger(ScheduleBook.class);

    private final Timetable timetable;
    private final Enqueuer enqueuer;
    private final Consumer<List<Hint>> committed;
    private final Runnable changed;

    ScheduleBook(Timetable timetable, Enqueuer enqueuer, Consumer<List<Hint>> committed, Runnable changed) {
        this.timetable = timetable;
        this.enqueuer = enqueuer;
        this.committed = committed;
        this.changed = changed;
    }

    /** The same on behalf of somebody, for the audit trail. */
    public ScheduleBook by(String who) {
        Steering.checkText("The name of who asks", who, 1, 100);
        return new ScheduleBook(timetable.by(who), enqueuer, committed, changed);
    }

    /** What an application's code says; stored unless it is already, or a newer start says otherwise. */
    public record InCode(String name, Timing timing, Object job, ScheduleOptions options) {}

    /** Stores what the code says. */
    public void define(List<InCode> definitions) {
        if (definitions.isEmpty()) {
            return;
        }
        Engine.translated(() -> {
            long started = timetable.nowMicros();
            for (InCode one : definitions) {
                ScheduleDraft draft = draft(one.name(), one.timing(), one.job(), one.options());
                if (timetable.define(draft, hash(draft), started, now -> FirePlanner.first(draft.timing(), now))) {
                    LOG.info("Schedule {} is defined: {}.", draft.name(), draft.timing());
                }
            }
            return true;
        });
        changed.run();
    }

    /** Stores what was put at run time; false if it must be fresh and is there. */
    public boolean put(String name, Timing timing, Object job, ScheduleOptions options, boolean fresh) {
        ScheduleDraft draft = draft(name, timing, job, options);
        boolean stored = Engine.translated(() -> timetable.put(draft, now -> firstOfNew(draft.timing(), now), fresh));
        changed.run();
        return stored;
    }

    private static long firstOfNew(Timing timing, long now) {
        if (timing instanceof Timing.Once once) {
            long at = Enqueuer.micros(Duration.between(Instant.EPOCH, once.at()));
            if (at < now - FirePlanner.GRACE_MICROS) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The time " + once.at() + " is in the past; by the database's clock it is "
                                + DatabaseClock.toInstant(now) + ". Enqueue a job, or choose a later time.");
            }
            return at;
        }
        return FirePlanner.first(timing, now);
    }

    private ScheduleDraft draft(String name, Timing timing, Object job, ScheduleOptions options) {
        EnqueueOptions wishes = options.job();
        if (job instanceof JobRequest request) {
            if (!request.options().equals(EnqueueOptions.NONE)) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "A schedule's job request has options of its own; give them in the schedule's options.");
            }
        }
        NewJob prepared = enqueuer.prepare(job, wishes);
        Duration timeout = wishes.timeout();
        return new ScheduleDraft(
                name,
                timing,
                prepared.kind(),
                prepared.payload(),
                prepared.queue(),
                prepared.priority(),
                wishes.attempts(),
                timeout == null ? null : timeout.toMillis(),
                wishes.key(),
                wishes.tags(),
                options.catchUp(),
                options.overlap());
    }

    private static String hash(ScheduleDraft draft) {
        List<String> parts = new ArrayList<>(List.of(
                draft.timing().toString(),
                draft.kind(),
                draft.payload(),
                draft.queue(),
                draft.priority().name(),
                String.valueOf(draft.attempts()),
                String.valueOf(draft.timeoutMillis()),
                new TreeMap<>(draft.tags()).toString(),
                draft.catchUp().toString(),
                draft.overlap().name()));
        // Only where there is one: what was stored before there were keys must not look changed, and be stored anew.
        if (draft.key() != null) {
            parts.add(draft.key());
        }
        String whole = String.join("\0", parts);
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(whole.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The job of a fire. */
    NewJob job(StoredSchedule schedule, long fireMicros) {
        ScheduleDraft draft = schedule.draft();
        @Nullable Long timeout = draft.timeoutMillis();
        EnqueueOptions options = new EnqueueOptions(
                        draft.priority(),
                        draft.queue(),
                        null,
                        null,
                        draft.attempts(),
                        timeout == null ? null : Duration.ofMillis(timeout),
                        draft.tags(),
                        null,
                        draft.key())
                .tag(ScheduleOptions.SCHEDULE_TAG, draft.name())
                .tag(
                        ScheduleOptions.FIRE_TAG,
                        DatabaseClock.toInstant(fireMicros).toString());
        return enqueuer.prepare(new JobRequest(draft.kind(), draft.payload()), options);
    }

    /** A schedule. */
    public Optional<StoredSchedule> find(String name) {
        return Engine.translated(() -> timetable.find(name));
    }

    /** Schedules by name. */
    public List<StoredSchedule> list(String after, int limit) {
        return Engine.translated(() -> timetable.list(after, limit));
    }

    /** The fires to come of a schedule; empty if there is none. */
    public Optional<List<Instant>> next(String name, int count) {
        return find(name).map(schedule -> FirePlanner.upcoming(schedule, count));
    }

    /** The fires of a schedule, newest first. */
    public List<FireView> history(String name, Instant before, int limit) {
        long micros = before.isAfter(Instant.EPOCH.plusSeconds(Long.MAX_VALUE / 1_000_000))
                ? Long.MAX_VALUE
                : Enqueuer.micros(Duration.between(Instant.EPOCH, before));
        return Engine.translated(() -> timetable.history(name, micros, limit));
    }

    /** Stops a schedule from firing; false if there is none. */
    public boolean pause(String name) {
        return Engine.translated(() -> timetable.pause(name));
    }

    /** Lets a schedule go on; false if there is none. */
    public boolean resume(String name) {
        boolean there = Engine.translated(() -> timetable.resume(name, FirePlanner::resumed));
        changed.run();
        return there;
    }

    /** Removes a schedule; false if there is none. */
    public boolean remove(String name) {
        return Engine.translated(() -> timetable.remove(name));
    }

    /** Enqueues a schedule's job now. */
    public Optional<Long> trigger(String name) {
        List<NewJob> made = new ArrayList<>();
        Optional<Triggered> triggered = Engine.translated(() -> timetable.trigger(name, (schedule, fireMicros) -> {
            NewJob job = job(schedule, fireMicros);
            made.add(job);
            return job;
        }));
        triggered.ifPresent(done -> {
            committed.accept(done.hints());
            enqueuer.written(made);
        });
        return triggered.map(Triggered::job);
    }
}
