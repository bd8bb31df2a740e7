package dev.tidemill.metrics;

import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a {@link Tidemill} does, as Micrometer's meters: what this process does, as counters and timers from the moment
 * it is bound, and how the whole schema stands, as gauges that are as old as the last {@link #refresh}. docs/metrics.md
 * lists them all.
 *
 * <pre>{@code
 * JobMeters meters = JobMeters.of(mill).refreshing(Duration.ofSeconds(10));
 * meters.bindTo(registry);
 * }</pre>
 *
 * <p>The number of time series is bounded: at most 200 kinds and 200 queues are told apart, the others are
 * {@code other}. Thread safe.
 */
public final class JobMeters implements MeterBinder, AutoCloseable {
    /** What was bound to one registry. */
    private record Bound(Tidemill.Observation process, SchemaMeters schema) {}

    private final Tidemill mill;
    private final Tags tags;
    private final SlowReadings slow;
    private final List<Bound> bound = new ArrayList<>();
    private final Object lock = new Object();
    private final List<Refreshing> refreshing = new ArrayList<>();
    private boolean closed;

    private JobMeters(Tidemill mill, Tags tags) {
        this.mill = mill;
        this.tags = tags;
        this.slow = new SlowReadings(mill);
    }

    /**
     * Meters of this mill.
     *
     * @param tags on every meter; give each mill of a process its own, such as its schema
     */
    public static JobMeters of(Tidemill mill, Tag... tags) {
        return new JobMeters(mill, Tags.of(tags));
    }

    /** Adds the meters to a registry, and begins to count. */
    @Override
    public void bindTo(MeterRegistry registry) {
        synchronized (lock) {
            if (!closed) {
                SchemaMeters schema = new SchemaMeters(registry, tags, mill, slow);
                ProcessMeters process = new ProcessMeters(registry, tags, mill);
                bound.add(new Bound(mill.observe(process), schema));
            }
        }
    }

    /**
     * Refreshes by itself, on a thread of its own, until this is closed.
     *
     * @param every how often; 1 second or more
     */
    public JobMeters refreshing(Duration every) {
        Duration often = Refreshing.checked(every);
        synchronized (lock) {
            if (!closed) {
                refreshing.add(Refreshing.start("tidemill-meters", often, this::refresh));
            }
        }
        return this;
    }

    /** Reads how the schema stands. */
    public void refresh() {
        Optional<Stats> stats;
        try {
            stats = Optional.of(mill.stats());
        } catch (TidemillException unreachable) {
            stats = Optional.empty();
        }
        refresh(stats);
    }

    /**
     * Takes over how the schema stands; for who has read it already.
     *
     * @param stats empty where the database does not answer: then the gauges of the schema are absent
     */
    public void refresh(Optional<Stats> stats) {
        slow.refresh(stats.isPresent());
        synchronized (lock) {
            bound.forEach(each -> each.schema.refresh(stats));
        }
    }

    /**
     * Counts no more, and reads no more once this returns; what is being read is waited for, ten seconds at most. What was
     * counted stays in the registries.
     */
    @Override
    public void close() {
        List<Refreshing> ending;
        synchronized (lock) {
            closed = true;
            bound.forEach(each -> each.process.close());
            bound.clear();
            ending = List.copyOf(refreshing);
            refreshing.clear();
        }
        ending.forEach(Refreshing::close);
        slow.close();
    }
}
