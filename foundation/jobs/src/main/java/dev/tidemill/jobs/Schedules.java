package dev.tidemill.jobs;

import dev.tidemill.jobs.engine.ScheduleBook;
import dev.tidemill.jobs.store.ScheduleDraft;
import dev.tidemill.jobs.store.StoredSchedule;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The schedules of a {@link Tidemill}, to make and to look at while it runs. They are stored: any node fires them, each
 * fire is enqueued exactly once however many nodes there are, and they outlive the process. Thread safe.
 *
 * <pre>{@code
 * mill.schedules().put("nightly-report", cron("30 2 * * *", "Europe/Berlin"), new NightlyReport("all"));
 * mill.schedules().pause("nightly-report");
 * }</pre>
 *
 * <p>A name is 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter. Where a schedule has to
 * exist, a name that none has is {@link ErrorCode#NOT_FOUND}.
 */
public final class Schedules {
    /** How many fires of a schedule are remembered, beside those that wait: 200. */
    public static final int HISTORY = 200;

    private static final int PAGE = 1_000;

    private final ScheduleBook book;

    Schedules(ScheduleBook book) {
        this.book = book;
    }

    /**
     * The same on behalf of somebody, in whose name changes stand in the audit trail; otherwise that is the node's.
     *
     * @param who 1 to 100 characters
     */
    public Schedules by(String who) {
        return new Schedules(book.by(who));
    }

    /** Puts a schedule, by the defaults; see {@link #put(String, Timing, Object, ScheduleOptions)}. */
    public ScheduleView put(String name, Timing timing, Object job) {
        return put(name, timing, job, ScheduleOptions.NONE);
    }

    /**
     * Puts a schedule, or gives one that is there a new definition. That keeps its history and its pause, and where the
     * timing stays the same also its next fire. One that an application defines in its code stays as it was put here
     * until that code says something new.
     *
     * @param job an object of a job class, or a {@link JobRequest} without options; its queue and priority are resolved
     *     now, by what this process knows of its kind
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the name, or a time in the past, is refused; and as
     *     for a job that is enqueued
     */
    public ScheduleView put(String name, Timing timing, Object job, ScheduleOptions options) {
        book.put(Names.schedule(name), timing, job, options, false);
        return get(name);
    }

    /**
     * Puts a schedule that must not be there yet.
     *
     * @throws TidemillException {@link ErrorCode#ALREADY_EXISTS} if it is; else as for {@code put}
     */
    public ScheduleView add(String name, Timing timing, Object job, ScheduleOptions options) {
        if (!book.put(Names.schedule(name), timing, job, options, true)) {
            throw new TidemillException(
                    ErrorCode.ALREADY_EXISTS,
                    "There is a schedule '" + name + "' already; put it to change it, or choose another name.");
        }
        return get(name);
    }

    /** A schedule that has to exist. */
    public ScheduleView get(String name) {
        return find(name).orElseThrow(() -> none(name));
    }

    /** A schedule; empty if there is none of that name. */
    public Optional<ScheduleView> find(String name) {
        return book.find(Names.schedule(name)).map(Schedules::view);
    }

    /** The first 1,000 schedules by name; {@link #list(String, int)} goes on. */
    public List<ScheduleView> list() {
        return list("", PAGE);
    }

    /**
     * Schedules by name.
     *
     * @param after the last name seen; empty for the first page
     * @param limit 1 to 1000
     */
    public List<ScheduleView> list(String after, int limit) {
        return book.list(after, between("limit", limit, PAGE)).stream()
                .map(Schedules::view)
                .toList();
    }

    /** Stops a schedule from firing until it is resumed. Pausing twice does nothing more. */
    public void pause(String name) {
        exists(name, book.pause(Names.schedule(name)));
    }

    /**
     * Lets a paused schedule go on with its next fire from now. What fell into the pause is not caught up, but a
     * one-off is: by its catch-up policy.
     */
    public void resume(String name) {
        exists(name, book.resume(Names.schedule(name)));
    }

    /**
     * Removes a schedule and its history; its jobs stay. One that an application defines in its code is back when that
     * starts again: pause it instead. False if there was none.
     */
    public boolean remove(String name) {
        return book.remove(Names.schedule(name));
    }

    /**
     * Enqueues a schedule's job now, whatever its timing, its overlap policy or a pause says; recorded as a manual fire.
     * The next fire stays when it was. Returns the job's id.
     */
    public long trigger(String name) {
        return book.trigger(Names.schedule(name)).orElseThrow(() -> none(name));
    }

    /**
     * The next times at which a schedule fires, as far as they are known: none while it is paused or through, one at
     * most after jobs that have to end first.
     *
     * @param count 1 to 1000
     */
    public List<Instant> next(String name, int count) {
        return book.next(Names.schedule(name), between("count", count, PAGE)).orElseThrow(() -> none(name));
    }

    /**
     * What became of a schedule's latest fires, newest first.
     *
     * @param limit 1 to 1000; about {@link #HISTORY} are remembered
     */
    public List<FireView> history(String name, int limit) {
        return history(name, Instant.MAX, limit);
    }

    /** What became of a schedule's fires before this time, newest first. */
    public List<FireView> history(String name, Instant before, int limit) {
        get(name);
        return book.history(name, before, between("limit", limit, PAGE));
    }

    private static int between(String what, int value, int most) {
        if (value < 1 || value > most) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, what + " is " + value + "; it must be between 1 and " + most + ".");
        }
        return value;
    }

    private static void exists(String name, boolean there) {
        if (!there) {
            throw none(name);
        }
    }

    private static TidemillException none(String name) {
        return new TidemillException(ErrorCode.NOT_FOUND, "There is no schedule '" + name + "'.");
    }

    private static ScheduleView view(StoredSchedule stored) {
        ScheduleDraft draft = stored.draft();
        @Nullable Long timeout = draft.timeoutMillis();
        return new ScheduleView(
                draft.name(),
                draft.timing(),
                draft.kind(),
                draft.payload(),
                draft.queue(),
                draft.priority(),
                draft.attempts(),
                timeout == null ? null : Duration.ofMillis(timeout),
                draft.key(),
                draft.tags(),
                draft.catchUp(),
                draft.overlap(),
                stored.inCode(),
                stored.edited(),
                stored.paused(),
                instant(stored.createdMicros()),
                instant(stored.changedMicros()),
                stored.paused() ? null : instantOrNull(stored.nextMicros()),
                instantOrNull(stored.lastMicros()),
                stored.unfinished().size(),
                stored.waiting().size(),
                stored.error());
    }

    private static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    private static @Nullable Instant instantOrNull(long micros) {
        return micros == 0 ? null : instant(micros);
    }
}
