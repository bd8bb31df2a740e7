package dev.tidemill.server.meters;

import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * The meters that Prometheus reads: the JVM, the routes, and how the jobs stand. A scrape asks for statistics that are
 * at most seconds old and shared with everybody who looks, so that scraping often costs the database nothing more.
 */
public final class Meters implements AutoCloseable {
    private static final String VERSION_0_0_4 = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final Supplier<Optional<Stats>> stats;
    private final Tidemill mill;
    private final Object scraping = new Object();
    private final List<Consumer<Stats>> refreshers = new ArrayList<>();
    private volatile double reachable;
    private volatile double deadLetters = Double.NaN;
    private volatile double nodes = Double.NaN;

    /**
     * Creates them.
     *
     * @param stats how things stand; empty while the database does not answer
     * @param mill for what is known of this process alone
     */
    public Meters(Supplier<Optional<Stats>> stats, Tidemill mill) {
        this.stats = stats;
        this.mill = mill;
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
        jobs();
    }

    private void jobs() {
        gauge("tidemill.database.up", "1 if the database answers, else 0", meters -> meters.reachable);
        gauge("tidemill.dead.letters", "Jobs that need a person, up to 10,000", meters -> meters.deadLetters);
        gauge("tidemill.nodes", "Processes that run jobs", meters -> meters.nodes);
        lanes("tidemill.jobs.ready", "Jobs that may run now", LaneStats::ready);
        lanes("tidemill.jobs.scheduled", "Jobs that wait for their time", LaneStats::scheduled);
        lanes("tidemill.jobs.overdue", "Ready jobs past their start deadline", LaneStats::overdue);
        lanes(
                "tidemill.jobs.late.seconds",
                "How far the latest ready job is past its start deadline",
                lane -> seconds(lane.late()));
        lanes("tidemill.starts.met.last.hour", "Attempts that started in time, last 60 minutes", LaneStats::met);
        lanes("tidemill.starts.missed.last.hour", "Attempts that started late, last 60 minutes", LaneStats::missed);
        lanes(
                "tidemill.attempts.succeeded.last.hour",
                "Attempts that succeeded, last 60 minutes",
                LaneStats::succeeded);
        lanes("tidemill.attempts.failed.last.hour", "Attempts that failed, last 60 minutes", LaneStats::failed);
        lanes("tidemill.attempts.last.minute", "Attempts finished in the last whole minute", LaneStats::lastMinute);
        rows(
                "tidemill.jobs.running",
                "Attempts that nodes hold",
                all -> all.queues().stream()
                        .<Row<?>>map(queue -> Row.of(Tags.of("queue", queue.queue()), queue.running()))
                        .toList());
        schedules("tidemill.schedules", "Schedules", ScheduleStats::total);
        schedules("tidemill.schedules.paused", "Schedules that are paused", ScheduleStats::paused);
        schedules("tidemill.schedules.overdue", "Schedules that nobody saw to in time", ScheduleStats::overdue);
        schedules("tidemill.schedules.failing", "Schedules that cannot fire or whose job died", ScheduleStats::failing);
        rows(
                "tidemill.jobs.unhandled",
                "Ready jobs of a kind that no node alive handles",
                all -> all.unhandled().stream()
                        .<Row<?>>map(kind -> Row.of(Tags.of("kind", kind.kind()), kind.ready()))
                        .toList());
        rows(
                "tidemill.alarm",
                "Share of a kind's attempts that failed, of kinds that fail too often",
                all -> all.alarms().stream()
                        .<Row<?>>map(alarm -> Row.of(Tags.of("kind", alarm.kind()), alarm.ratio()))
                        .toList());
        rows(
                "tidemill.breaker.open",
                "1 for each breaker that is open, or finds out whether to close",
                all -> all.openBreakers().stream()
                        .<Row<?>>map(
                                view -> Row.of(Tags.of("breaker", view.breaker().name()), 1))
                        .toList());
        rows(
                "tidemill.heap.holding",
                "1 while this process takes one job at a time for want of memory",
                all -> mill.heap().stream()
                        .<Row<?>>map(heap -> Row.of(Tags.empty(), heap.holding() ? 1 : 0))
                        .toList());
        chunks("tidemill.chunk.size", "Jobs that this process's next chunk takes", ChunkStats::size);
        chunks(
                "tidemill.chunk.last.seconds",
                "How long this process's last chunk took",
                chunk -> seconds(chunk.lastTook()));
        chunks("tidemill.chunk.calls", "Chunks handled by this process", ChunkStats::calls);
        chunks("tidemill.chunk.isolated", "Chunks that failed and were split by this process", ChunkStats::isolated);
    }

    private void chunks(String name, String description, ToDoubleFunction<ChunkStats> value) {
        rows(
                name,
                description,
                all -> mill.chunks().stream()
                        .<Row<?>>map(chunk -> Row.of(Tags.of("kind", chunk.kind()), value.applyAsDouble(chunk)))
                        .toList());
    }

    private void gauge(String name, String description, ToDoubleFunction<Meters> value) {
        Gauge.builder(name, this, value).description(description).register(registry);
    }

    private void lanes(String name, String description, ToDoubleFunction<LaneStats> value) {
        rows(name, description, all -> {
            List<Row<?>> rows = new ArrayList<>();
            for (QueueStats queue : all.queues()) {
                for (LaneStats lane : queue.lanes()) {
                    Tags tags = Tags.of(
                            "queue", queue.queue(), "priority", lane.priority().name());
                    rows.add(Row.of(tags, value.applyAsDouble(lane)));
                }
            }
            return rows;
        });
    }

    private void schedules(String name, String description, ToDoubleFunction<ScheduleStats> value) {
        rows(name, description, all -> List.of(Row.of(Tags.empty(), value.applyAsDouble(all.schedules()))));
    }

    private void rows(String name, String description, Function<Stats, List<Row<?>>> rows) {
        MultiGauge gauge = MultiGauge.builder(name).description(description).register(registry);
        refreshers.add(all -> gauge.register(rows.apply(all), true));
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/metrics", this::scrape);
    }

    private Reply scrape(Call call) {
        String text;
        synchronized (scraping) {
            Optional<Stats> now = stats.get();
            reachable = now.isPresent() ? 1 : 0;
            deadLetters = now.map(all -> (double) all.deadLetters()).orElse(Double.NaN);
            nodes = now.map(all -> (double) all.nodes().size()).orElse(Double.NaN);
            Stats shown = now.orElseGet(Meters::nothing);
            refreshers.forEach(refresher -> refresher.accept(shown));
            text = registry.scrape(VERSION_0_0_4);
        }
        return new Reply(200, VERSION_0_0_4, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    private static Stats nothing() {
        return new Stats(
                Instant.EPOCH,
                Instant.EPOCH,
                List.of(),
                List.of(),
                List.of(),
                0,
                ScheduleStats.NONE,
                List.of(),
                List.of());
    }

    /** Counts an answer. */
    public void answered(String method, String pattern, int status, Duration took) {
        Timer.builder("http.server.requests")
                .description("Answers by route and status")
                .tags("method", method, "uri", pattern, "status", Integer.toString(status))
                .register(registry)
                .record(took);
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
