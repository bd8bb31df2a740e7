package dev.tidemill.jobs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * That there is one job of a kind with a key at a time, and what becomes of another one that is enqueued meanwhile.
 * Immutable; start from {@link #key} and chain. Without more, the first job is kept until its end, and the others are
 * dropped.
 *
 * <pre>{@code
 * mill.enqueueUnique(job, EnqueueOptions.unique(Unique.key("report-7")));
 * mill.enqueueUnique(job, EnqueueOptions.unique(Unique.key("index-42").debounce(ofSeconds(5), ofMinutes(1))));
 * }</pre>
 *
 * @param key what may be there once among the jobs of a kind: 1 to 200 characters
 * @param mode what becomes of another one
 * @param release until when a job has its key; null means at its start where payloads are replaced (so that none is
 *     dropped while the job runs) and at its end otherwise
 * @param window how long a key stays taken at least, 1 ms to 365 days; null for no longer than the job has it
 * @param quiet how long a debounced job waits after the latest enqueue, 1 ms to 365 days; null unless debounced
 * @param maxWait how long it waits after the first at most, at least {@code quiet}; null unless debounced
 */
public record Unique(
        String key,
        Mode mode,
        @Nullable Release release,
        @Nullable Duration window,
        @Nullable Duration quiet,
        @Nullable Duration maxWait) {

    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofDays(365);

    /** What becomes of a job whose key is taken. */
    public enum Mode {
        /** It is dropped. */
        KEEP_FIRST(0),
        /** Its payload replaces that of the job that has the key, unless that has started; then it is dropped. */
        REPLACE(1),
        /** As {@link #REPLACE}, and the job that has the key waits anew. */
        DEBOUNCE(2),
        /** It is dropped. The key is taken for the window, whatever becomes of the job that took it. */
        THROTTLE(3);

        private final int code;

        Mode(int code) {
            this.code = code;
        }

        /** The number it is stored under. */
        public int code() {
            return code;
        }
    }

    /** Until when a job has its key. */
    public enum Release {
        /** Until it is claimed for its first attempt. */
        AT_START,
        /** Until it has succeeded, become a dead letter or been cancelled. */
        AT_END
    }

    public Unique {
        Names.key(key);
        check("window", window);
        check("wait", quiet);
        check("maximum wait", maxWait);
        if ((mode == Mode.DEBOUNCE) != (quiet != null && maxWait != null)
                || (quiet == null) != (maxWait == null)
                || (quiet != null && maxWait != null && maxWait.compareTo(quiet) < 0)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A debounced job needs a wait and a maximum wait that is no shorter, and no other mode takes them;"
                            + " the wait is " + quiet + ", the maximum wait " + maxWait + ".");
        }
        if (mode == Mode.THROTTLE && window == null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "A throttled job needs a window: at most one is taken in each.");
        }
    }

    /** One job with this key at a time, 1 to 200 characters. */
    public static Unique key(String key) {
        return new Unique(key, Mode.KEEP_FIRST, null, null, null, null);
    }

    /** The key stays taken for so long at least, however soon its job ends. */
    public Unique within(Duration atLeast) {
        return new Unique(key, mode, release, atLeast, quiet, maxWait);
    }

    /** Another one's payload replaces that of a job that has not started. */
    public Unique replace() {
        return new Unique(key, Mode.REPLACE, release, window, null, null);
    }

    /** The job runs this long after the latest enqueue, with its payload; never later than a maximum after the first. */
    public Unique debounce(Duration wait, Duration atMost) {
        return new Unique(key, Mode.DEBOUNCE, release, window, wait, atMost);
    }

    /** At most one in a window, which begins when it is enqueued. */
    public Unique throttle(Duration period) {
        return new Unique(key, Mode.THROTTLE, release, period, null, null);
    }

    /** The key is free once the job has started: the next one may wait while it runs. */
    public Unique releaseAtStart() {
        return new Unique(key, mode, Release.AT_START, window, quiet, maxWait);
    }

    /** The key is free once the job has ended. */
    public Unique releaseAtEnd() {
        return new Unique(key, mode, Release.AT_END, window, quiet, maxWait);
    }

    /** Whether the key is free when the job starts. */
    public boolean atStart() {
        return release == null ? mode == Mode.REPLACE || mode == Mode.DEBOUNCE : release == Release.AT_START;
    }

    private static void check(String what, @Nullable Duration value) {
        if (value != null && (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The " + what + " of a unique job is " + value + "; it must be between 1 ms and 365 days.");
        }
    }
}
