package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ChunkOptions;
import dev.tidemill.jobs.ChunkStats;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What every running job uses. Thread safe. */
final class Workshop {
    private static final Logger LOG = LoggerFactory.getLogger(Workshop.class);

    private final Registry registry;
    private final RetryPolicy policy;
    private final DatabaseClock clock;
    private final Finisher finisher;
    private final Wires wires;
    private final String nodeName;
    private final Traces traces;
    private final ScheduledThreadPoolExecutor limits;
    private final Reporter reporter = new Reporter();
    private final Map<String, ChunkSize> chunkSizes = new LinkedHashMap<>();

    Workshop(
            Registry registry,
            RetryPolicy policy,
            DatabaseClock clock,
            Finisher finisher,
            Wires wires,
            String nodeName,
            Traces traces) {
        this.wires = wires;
        this.registry = registry;
        this.policy = policy;
        this.clock = clock;
        this.finisher = finisher;
        this.nodeName = nodeName;
        this.traces = traces;
        this.limits = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("tidemill-limits").factory());
        limits.setRemoveOnCancelPolicy(true);
        for (Registry.Entry entry : registry.inChunks()) {
            ChunkOptions options = entry.options().chunk();
            chunkSizes.put(
                    entry.kind(), new ChunkSize(entry.kind(), options == null ? ChunkOptions.STANDARD : options));
        }
    }

    Registry registry() {
        return registry;
    }

    Registry.Entry entry(String kind) {
        return Objects.requireNonNull(registry.ofKind(kind), "claimed a kind that is not handled here");
    }

    boolean handlesChunks() {
        return !chunkSizes.isEmpty();
    }

    ChunkSize chunkSize(String kind) {
        return Objects.requireNonNull(chunkSizes.get(kind), "not handled in chunks");
    }

    List<ChunkStats> chunkStats() {
        return chunkSizes.values().stream().map(ChunkSize::stats).toList();
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

    Wires wires() {
        return wires;
    }

    Reporter reporter() {
        return reporter;
    }

    Traces traces() {
        return traces;
    }

    String nodeName() {
        return nodeName;
    }

    ScheduledFuture<?> watch(Runnable onTimeout, Duration timeout) {
        return limits.schedule(onTimeout, timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Runs this once; not at all if the node has stopped by then. */
    void later(Runnable task, Duration delay) {
        try {
            ScheduledFuture<?> planned = limits.schedule(
                    () -> {
                        try {
                            task.run();
                        } catch (RuntimeException | Error broken) {
                            LOG.error("A planned step failed.", broken);
                        }
                    },
                    delay.toNanos(),
                    TimeUnit.NANOSECONDS);
            LOG.trace("planned {}", planned);
        } catch (RejectedExecutionException stopped) {
            LOG.debug("The node has stopped; a planned step is left out.", stopped);
        }
    }

    void close() {
        reporter.stop();
        limits.shutdownNow();
    }
}
