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
 * @param chunk for kinds that are handled in chunks; null means {@link ChunkOptions#STANDARD}
 * @param keep what stays of this kind's history longer than the rest; null means nothing
 * @param alarm when it fails too often; null means {@link FailureAlarm#STANDARD}
 */
public record HandlerOptions(
        @Nullable String kind,
        Set<String> aliases,
        String queue,
        @Nullable Priority priority,
        @Nullable Integer attempts,
        @Nullable Backoff backoff,
        @Nullable Duration timeout,
        @Nullable ChunkOptions chunk,
        @Nullable Keep keep,
        @Nullable FailureAlarm alarm) {

    /** The name of the queue that is always there. */
    public static final String DEFAULT_QUEUE = "default";

    /** Where nothing is said. */
    public static final HandlerOptions STANDARD =
            new HandlerOptions(null, Set.of(), DEFAULT_QUEUE, null, null, null, null, null, null, null);

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
        return new HandlerOptions(value, aliases, queue, priority, attempts, backoff, timeout, chunk, keep, alarm);
    }

    /** Also for jobs enqueued under this former name. */
    public HandlerOptions alias(String formerKind) {
        Set<String> more = new TreeSet<>(aliases);
        more.add(formerKind);
        return new HandlerOptions(kind, more, queue, priority, attempts, backoff, timeout, chunk, keep, alarm);
    }

    /** On this queue. */
    public HandlerOptions queue(String value) {
        return new HandlerOptions(kind, aliases, value, priority, attempts, backoff, timeout, chunk, keep, alarm);
    }

    /** With this priority unless enqueued with another. */
    public HandlerOptions priority(Priority value) {
        return new HandlerOptions(kind, aliases, queue, value, attempts, backoff, timeout, chunk, keep, alarm);
    }

    /** With this many counted attempts, 1 to 1000. */
    public HandlerOptions attempts(int value) {
        return new HandlerOptions(kind, aliases, queue, priority, value, backoff, timeout, chunk, keep, alarm);
    }

    /** With this backoff between attempts. */
    public HandlerOptions backoff(Backoff value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, value, timeout, chunk, keep, alarm);
    }

    /** With this time limit for each attempt, 1 ms to 30 days. */
    public HandlerOptions timeout(Duration value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, backoff, value, chunk, keep, alarm);
    }

    /**
     * In chunks of up to this many jobs, 1 to 1,000, that wait at most this long for each other, 0 to 10 s; a call
     * should take a second at most. For {@link TidemillBuilder#handleChunks} alone.
     */
    public HandlerOptions chunk(int maxJobs, Duration maxWait) {
        return chunk(new ChunkOptions(maxJobs, maxWait, ChunkOptions.STANDARD.target()));
    }

    /** In such chunks. For {@link TidemillBuilder#handleChunks} alone. */
    public HandlerOptions chunk(ChunkOptions value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, backoff, timeout, value, keep, alarm);
    }

    /** Keeping at least this many of the completed and of the failed jobs enqueued last, each 0 to 10,000. */
    public HandlerOptions keep(int completed, int failed) {
        Duration age = keep == null ? Duration.ZERO : keep.age();
        return with(new Keep(completed, failed, age));
    }

    /** Keeping what finished less than this long ago, where that is longer than all history is kept. */
    public HandlerOptions keepFor(Duration age) {
        return with(new Keep(keep == null ? 0 : keep.completed(), keep == null ? 0 : keep.failed(), age));
    }

    private HandlerOptions with(Keep value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, backoff, timeout, chunk, value, alarm);
    }

    /** With this alarm. */
    public HandlerOptions alarm(FailureAlarm value) {
        return new HandlerOptions(kind, aliases, queue, priority, attempts, backoff, timeout, chunk, keep, value);
    }
}
