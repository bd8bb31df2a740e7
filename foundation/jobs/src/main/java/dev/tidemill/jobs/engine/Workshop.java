package dev.tidemill.jobs.engine;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** What every running job uses. Thread safe. */
final class Workshop {
    private final Registry registry;
    private final RetryPolicy policy;
    private final DatabaseClock clock;
    private final Finisher finisher;
    private final String nodeName;
    private final ScheduledThreadPoolExecutor limits;

    Workshop(Registry registry, RetryPolicy policy, DatabaseClock clock, Finisher finisher, String nodeName) {
        this.registry = registry;
        this.policy = policy;
        this.clock = clock;
        this.finisher = finisher;
        this.nodeName = nodeName;
        this.limits = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("tidemill-limits").factory());
        limits.setRemoveOnCancelPolicy(true);
    }

    Registry registry() {
        return registry;
    }

    Registry.Entry entry(String kind) {
        return Objects.requireNonNull(registry.ofKind(kind), "claimed a kind that is not handled here");
    }

    RetryPolicy policy() {
        return policy;
    }

    DatabaseClock clock() {
        return clock;
    }

    Finisher finisher() {
        return finisher;
    }

    String nodeName() {
        return nodeName;
    }

    ScheduledFuture<?> watch(Runnable onTimeout, Duration timeout) {
        return limits.schedule(onTimeout, timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    void close() {
        limits.shutdownNow();
    }
}
