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
 * @param dependsOn what its handler calls, each with a {@link Breaker}; at most 10
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
        @Nullable FailureAlarm alarm,
        Set<String> dependsOn) {

    private static final int MOST_DEPENDENCIES = 10;

    /** The name of the queue that is always there. */
    public static final String DEFAULT_QUEUE = "default";

    /** Where nothing is said. */
    public static final HandlerOptions STANDARD =
            new HandlerOptions(null, Set.of(), DEFAULT_QUEUE, null, null, null, null, null, null, null, Set.of());

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
        dependsOn.forEach(Names::dependency);
        dependsOn = Set.copyOf(dependsOn);
        if (dependsOn.size() > MOST_DEPENDENCIES) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A handler depends on " + dependsOn.size() + " things; it may depend on at most "
                            + MOST_DEPENDENCIES + " that have breakers.");
        }
    }

    /** Under this kind. */
    public HandlerOptions kind(String value) {
        return new HandlerOptions(
                value, aliases, queue, priority, attempts, backoff, timeout, chunk, keep, alarm, dependsOn);
    }

    /** Also for jobs enqueued under this former name. */
    public HandlerOptions alias(String formerKind) {
        Set<String> more = new TreeSet<>(aliases);
        more.add(formerKind);
        return new HandlerOptions(
                kind, more, queue, priority, attempts, backoff, timeout, chunk, keep, alarm, dependsOn);
    }

    /** On this queue. */
    public HandlerOptions queue(String value) {
        return new HandlerOptions(
                kind, aliases, value, priority, attempts, backoff, timeout, chunk, keep, alarm, dependsOn);
    }

    /** With this priority unless enqueued with another. */
    public HandlerOptions priority(Priority value) {
        return new HandlerOptions(
                kind, aliases, queue, value, attempts, backoff, timeout, chunk, keep, alarm, dependsOn);
    }

    /** With this many counted attempts, 1 to 1000. */
    public HandlerOptions attempts(int value) {
        return new HandlerOptions(
                kind, aliases, queue, priority, value, backoff, timeout, chunk, keep, alarm, dependsOn);
    }

    /** With this backoff between attempts. */
    public HandlerOptions backoff(Backoff value) {
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, value, timeout, chunk, keep, alarm, dependsOn);
    }

    /** With this time limit for each attempt, 1 ms to 30 days. */
    public HandlerOptions timeout(Duration value) {
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, backoff, value, chunk, keep, alarm, dependsOn);
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
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, backoff, timeout, value, keep, alarm, dependsOn);
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
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, backoff, timeout, chunk, value, alarm, dependsOn);
    }

    /** With this alarm. */
    public HandlerOptions alarm(FailureAlarm value) {
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, backoff, timeout, chunk, keep, value, dependsOn);
    }

    /**
     * Calling these, by name: each has a breaker that all nodes share, and while one is open no job of this kind starts
     * but for a probe. In place of what was said before. At most 10.
     */
    public HandlerOptions dependsOn(String... names) {
        return new HandlerOptions(
                kind, aliases, queue, priority, attempts, backoff, timeout, chunk, keep, alarm, Set.of(names));
    }
}
