package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How one job is enqueued. Immutable; start from a static method and chain.
 *
 * <pre>{@code
 * mill.enqueue(job, priority(CRITICAL).in(ofMinutes(5)).tag("orderId", "4711"));
 * }</pre>
 *
 * @param priority null means the kind's, or {@link Priority#MEDIUM}
 * @param queue null means the kind's queue, or {@code default}
 * @param delay null means none; at most {@link #MAX_DELAY}
 * @param at null means now; a time in the past is refused when enqueued
 * @param attempts how many counted attempts the job gets, 1 to 1000; null means the kind's
 * @param timeout how long one attempt may take; null means the kind's
 * @param tags names and values to find the job by
 * @param trace the W3C {@code traceparent} the job continues and, after a space, its {@code tracestate} if there is one;
 *     null for the trace that surrounds the call: the tracer's, if there is one, or {@code trace} in the logging context
 * @param key what limits and fairness tell jobs apart by, such as a tenant or an account: 1 to 200 characters; null for
 *     none
 * @param unique that there is one job of its sort at a time; null for any number
 */
public record EnqueueOptions(
        @Nullable Priority priority,
        @Nullable String queue,
        @Nullable Duration delay,
        @Nullable Instant at,
        @Nullable Integer attempts,
        @Nullable Duration timeout,
        Map<String, String> tags,
        @Nullable String trace,
        @Nullable String key,
        @Nullable Unique unique) {

    /** The longest delay: ten years. */
    public static final Duration MAX_DELAY = Duration.ofDays(3653);

    /** The most tags a job carries. */
    public static final int MAX_TAGS = 20;

    /** No wishes: the kind's defaults, now. */
    public static final EnqueueOptions NONE =
            new EnqueueOptions(null, null, null, null, null, null, Map.of(), null, null);

    public EnqueueOptions {
        if (queue != null) {
            Names.queue(queue);
        }
        if (delay != null) {
            validDelay(delay);
        }
        if (delay != null && at != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A delay (" + delay + ") and a time (" + at + ") were both given; give one of them.");
        }
        if (attempts != null) {
            validAttempts(attempts);
        }
        if (timeout != null) {
            validTimeout(timeout);
        }
        if (trace != null && !Names.isTrace(trace)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The trace has " + trace.length() + " characters; it must be 1 to 713 printable ASCII characters:"
                            + " a W3C traceparent and, after a space, a tracestate.");
        }
        if (tags.size() > MAX_TAGS) {
            throw new TidemillException(
                    ErrorCode.INVALID_TAG, tags.size() + " tags were given; a job carries at most " + MAX_TAGS + ".");
        }
        tags.forEach(Names::tag);
        if (key != null) {
            Names.key(key);
        }
        if (unique != null && unique.mode() == Unique.Mode.DEBOUNCE && (delay != null || at != null)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A debounced job is due after its wait; leave out the delay and the time.");
        }
        tags = Map.copyOf(tags);
    }

    /** Not unique. */
    public EnqueueOptions(
            @Nullable Priority priority,
            @Nullable String queue,
            @Nullable Duration delay,
            @Nullable Instant at,
            @Nullable Integer attempts,
            @Nullable Duration timeout,
            Map<String, String> tags,
            @Nullable String trace,
            @Nullable String key) {
        this(priority, queue, delay, at, attempts, timeout, tags, trace, key, null);
    }

    /** Starts with a priority. */
    public static EnqueueOptions priority(Priority priority) {
        return new EnqueueOptions(priority, null, null, null, null, null, Map.of(), null, null);
    }

    /** Starts with a delay, 0 to {@link #MAX_DELAY}. */
    public static EnqueueOptions delay(Duration delay) {
        return NONE.in(delay);
    }

    /** Starts with a queue. */
    public static EnqueueOptions queue(String queue) {
        return NONE.onQueue(queue);
    }

    /** With this priority. */
    public EnqueueOptions withPriority(Priority value) {
        return new EnqueueOptions(value, queue, delay, at, attempts, timeout, tags, trace, key, unique);
    }

    /** Runs after this delay, 0 to {@link #MAX_DELAY}, by the database's clock. */
    public EnqueueOptions in(Duration value) {
        return new EnqueueOptions(priority, queue, value, at, attempts, timeout, tags, trace, key, unique);
    }

    /** Runs at this time, by the database's clock. */
    public EnqueueOptions at(Instant value) {
        return new EnqueueOptions(priority, queue, delay, value, attempts, timeout, tags, trace, key, unique);
    }

    /** On this queue. */
    public EnqueueOptions onQueue(String value) {
        return new EnqueueOptions(priority, value, delay, at, attempts, timeout, tags, trace, key, unique);
    }

    /** With this many counted attempts, 1 to 1000. */
    public EnqueueOptions attempts(int value) {
        return new EnqueueOptions(priority, queue, delay, at, value, timeout, tags, trace, key, unique);
    }

    /** With this time limit for each attempt, 1 ms to 30 days. */
    public EnqueueOptions timeout(Duration value) {
        return new EnqueueOptions(priority, queue, delay, at, attempts, value, tags, trace, key, unique);
    }

    /** With one more tag. */
    public EnqueueOptions tag(String name, String value) {
        Map<String, String> more = new TreeMap<>(tags);
        more.put(name, value);
        return new EnqueueOptions(priority, queue, delay, at, attempts, timeout, more, trace, key, unique);
    }

    /** With these tags instead of those before. */
    public EnqueueOptions withTags(Map<String, String> value) {
        return new EnqueueOptions(priority, queue, delay, at, attempts, timeout, value, trace, key, unique);
    }

    /** Continuing this W3C trace: a {@code traceparent} and, after a space, its {@code tracestate} if there is one. */
    public EnqueueOptions trace(@Nullable String traceparent) {
        return new EnqueueOptions(priority, queue, delay, at, attempts, timeout, tags, traceparent, key, unique);
    }

    /** With this key, by which limits and fairness tell jobs apart: 1 to 200 characters. */
    public EnqueueOptions key(String value) {
        return new EnqueueOptions(priority, queue, delay, at, attempts, timeout, tags, trace, value, unique);
    }

    /** Starts with uniqueness. */
    public static EnqueueOptions unique(Unique unique) {
        return NONE.onlyOne(unique);
    }

    /** With one job of its sort at a time. */
    public EnqueueOptions onlyOne(Unique value) {
        return new EnqueueOptions(priority, queue, delay, at, attempts, timeout, tags, trace, key, value);
    }

    /** Whether a text may be a trace: 1 to 713 printable ASCII characters. */
    public static boolean isTrace(String trace) {
        return Names.isTrace(trace);
    }

    static Duration validDelay(Duration delay) {
        if (delay.isNegative() || delay.compareTo(MAX_DELAY) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The delay is " + delay + "; it must be between 0 and " + MAX_DELAY.toDays() + " days.");
        }
        return delay;
    }

    static int validAttempts(int attempts) {
        if (attempts < 1 || attempts > 1000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "attempts is " + attempts + "; it must be between 1 and 1000.");
        }
        return attempts;
    }

    static Duration validTimeout(Duration timeout) {
        if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(Duration.ofDays(30)) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The timeout is " + timeout + "; it must be between 1 ms and 30 days.");
        }
        return timeout;
    }
}
