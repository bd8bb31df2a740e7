package dev.tidemill.jobs;

import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What holds for every job of a kind. Immutable.
 *
 * @param kind null means the class's {@link Kind}, or its simple name
 * @param aliases former names: jobs enqueued under them reach this handler
 * @param queue where jobs of this kind go unless enqueued elsewhere
 * @param priority null means {@link Priority#MEDIUM}
 * @param attempts counted attempts before the job is a dead letter, 1 to 1000; null means the queue's
 * @param backoff null means the queue's
 * @param timeout how long one attempt may take; null means no limit
 */
public record HandlerOptions(
        @Nullable String kind,
        Set<String> aliases,
        String queue,
        @Nullable Priority priority,
        @Nullable Integer attempts,
        @Nullable Backoff backoff,
        @Nullable Duration timeout) {

    /** The name of the queue that is always there. */
    public static final String DEFAULT_QUEUE = "default";

    static final HandlerOptions NONE = new HandlerOptions(null, Set.of(), DEFAULT_QUEUE, null, null, null, null);

    public HandlerOptions {
        if (kind != null) {
            Names.kind(kind);
        }
        aliases.forEach(Names::kind);
        aliases = Set.copyOf(aliases);
        Names.queue(queue);
        if (attempts != null) {
            EnqueueOptions.validAttempts(attempts);
        }
        if (timeout != null) {
            EnqueueOptions.validTimeout(timeout);
        }
    }

    /** Under this kind. */
    public HandlerOptions kind(String value) {
        return new HandlerOptions(value, aliases, queue, priority, attempts, backoff, timeout);
    }

    /** Also for jobs enqueued under this former name. */
    public HandlerOptions alias(String formerKind) {
        Set<String> more = new TreeSet<>(aliases);
        more.add(formerKind);
        return new HandlerOptions(kind, more, queue, priority, attempts, backoff, timeout);
    }

    /** On this queue. */
    public HandlerOptions queue(String value) {
        return new HandlerOptions(kind, aliases, value, priority, attempts, backoff, timeout);
    }

    /** With this priority unless enqueued with another. */
    public HandlerOptions priority(Priority value) {
        return new HandlerOptions(kind, aliases, queue, value, attempts, backoff, timeout);
    }

    /** With this many counted attempts, 1 to 1000. */
    public HandlerOptions attempts(int value) {
        return new HandlerOptions(kind, aliases, queue, priority, value, backoff, timeout);
    }

    /** With this backoff between attempts. */
    public HandlerOptions backoff(Backoff value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, value, timeout);
    }

    /** With this time limit for each attempt, 1 ms to 30 days. */
    public HandlerOptions timeout(Duration value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, backoff, value);
    }
}
