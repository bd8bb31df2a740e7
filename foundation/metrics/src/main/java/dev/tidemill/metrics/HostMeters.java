package dev.tidemill.metrics;

import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.HostStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/**
 * Whom the handlers of this process call through a {@link HostLimits}, and for whom they wait, as Micrometer's meters;
 * docs/metrics.md lists them all. The gauges of a host are as old as the last {@link #refresh}, and are gone once nothing is
 * under way to it and nothing waits.
 *
 * <pre>{@code
 * HostMeters meters = HostMeters.of(http).refreshing(Duration.ofSeconds(10));
 * meters.bindTo(registry);
 * }</pre>
 *
 * <p>The number of time series is bounded: the first 200 hosts that a refresh sees are told apart for good, the others
 * together are {@code other}. Thread safe.
 */
public final class HostMeters implements MeterBinder, AutoCloseable {
    /** The gauges in one registry. */
    private record Bound(MultiGauge underWay, MultiGauge waiting) {}

    private final HostLimits limits;
    private final Tags tags;
    private final Names hosts = new Names();
    private final List<Bound> bound = new ArrayList<>();
    private final Object lock = new Object();
    private final List<Refreshing> refreshing = new ArrayList<>();
    private boolean closed;

    private HostMeters(HostLimits limits, Tags tags) {
        this.limits = limits;
        this.tags = tags;
    }

    /**
     * Meters of these turns.
     *
     * @param tags on every meter; where a process has several, give each its own
     */
    public static HostMeters of(HostLimits limits, Tag... tags) {
        return new HostMeters(limits, Tags.of(tags));
    }

    /** Adds the meters to a registry. */
    @Override
    public void bindTo(MeterRegistry registry) {
        Gauge.builder("tidemill.host.cap", limits, HostLimits::cap)
                .description("Requests of this process that may be under way to one host")
                .tags(tags)
                .register(registry);
        FunctionCounter.builder("tidemill.host.turns.missed", limits, HostLimits::turnsMissed)
                .description("Requests of this process that were not sent, since their turn did not come in time")
                .tags(tags)
                .register(registry);
        synchronized (lock) {
            if (!closed) {
                bound.add(new Bound(
                        gauge(registry, "tidemill.host.under.way", "Requests of this process that are under way"),
                        gauge(registry, "tidemill.host.waiting", "Requests of this process that wait for their turn")));
            }
        }
        refresh();
    }

    private MultiGauge gauge(MeterRegistry registry, String name, String description) {
        return MultiGauge.builder(name).description(description).tags(tags).register(registry);
    }

    /**
     * Refreshes by itself, on a thread of its own, until this is closed.
     *
     * @param every how often; 1 second or more
     */
    public HostMeters refreshing(Duration every) {
        Duration often = Refreshing.checked(every);
        synchronized (lock) {
            if (!closed) {
                refreshing.add(Refreshing.start("tidemill-host-meters", often, this::refresh));
            }
        }
        return this;
    }

    /** Takes over how the turns stand now. */
    public void refresh() {
        synchronized (lock) {
            if (!closed) {
                show(limits.stats());
            }
        }
    }

    private void show(List<HostStats> stats) {
        List<Row<?>> underWay = rows(stats, HostStats::underWay);
        List<Row<?>> waiting = rows(stats, HostStats::waiting);
        bound.forEach(each -> {
            each.underWay.register(underWay, true);
            each.waiting.register(waiting, true);
        });
    }

    /** Those that are not told apart are one row together. */
    private List<Row<?>> rows(List<HostStats> stats, ToIntFunction<HostStats> value) {
        Map<String, Integer> sums = stats.stream()
                .collect(Collectors.groupingBy(
                        host -> hosts.bounded(host.host()), TreeMap::new, Collectors.summingInt(value)));
        List<Row<?>> rows = new ArrayList<>();
        sums.forEach((host, sum) -> rows.add(Row.of(Tags.of("host", host), sum)));
        return rows;
    }

    /** Refreshes no more, and takes the gauges of hosts away; what was counted stays in the registries. */
    @Override
    public void close() {
        List<Refreshing> ending;
        synchronized (lock) {
            closed = true;
            show(List.of());
            bound.clear();
            ending = List.copyOf(refreshing);
            refreshing.clear();
        }
        ending.forEach(Refreshing::close);
    }
}
