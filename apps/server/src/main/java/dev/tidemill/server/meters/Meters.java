package dev.tidemill.server.meters;

import com.sun.management.OperatingSystemMXBean;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.metrics.CacheMeters;
import dev.tidemill.metrics.HostMeters;
import dev.tidemill.metrics.JobMeters;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.rules.RuleBook;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * What Prometheus reads: the JVM's meters, the answers by route, and those of the jobs. The schema's gauges are set as
 * they are scraped, from statistics that all who ask share.
 */
public final class Meters implements AutoCloseable {
    private static final String VERSION_0_0_4 = "text/plain; version=0.0.4; charset=utf-8";

    /** Two of Micrometer's names are not as Prometheus wants them: one counts nanoseconds, one ends as a histogram's. */
    private static final MeterFilter BY_CONVENTION = new MeterFilter() {
        @Override
        public Meter.Id map(Meter.Id id) {
            return id.getName().equals("system.cpu.count") ? id.withName("system.cpus") : id;
        }

        @Override
        public MeterFilterReply accept(Meter.Id id) {
            return id.getName().equals("process.cpu.time") ? MeterFilterReply.DENY : MeterFilterReply.NEUTRAL;
        }
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final Supplier<Optional<Stats>> stats;
    private final JobMeters jobs;
    private final RuleMeters rules;
    private final Optional<HostMeters> hosts;
    private final Object scraping = new Object();

    /**
     * Creates them.
     *
     * @param stats how things stand; empty while the database does not answer
     * @param caches those of this process, open by now
     * @param rules those of the schema
     * @param hosts what the application's handlers call others through
     */
    public Meters(
            Supplier<Optional<Stats>> stats,
            Tidemill mill,
            ServedCaches caches,
            RuleBook rules,
            Optional<HostLimits> hosts) {
        this.stats = stats;
        registry.config().meterFilter(BY_CONVENTION);
        cpuSeconds();
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
        this.jobs = JobMeters.of(mill);
        jobs.bindTo(registry);
        this.rules = new RuleMeters(registry, rules::all);
        if (!caches.caches().all().isEmpty()) {
            CacheMeters.of(caches.caches()).bindTo(registry);
        }
        this.hosts = hosts.map(HostMeters::of);
        this.hosts.ifPresent(meters -> meters.bindTo(registry));
        if (mill.dataSource() instanceof HikariDataSource pool) {
            pool(pool);
        }
    }

    private void cpuSeconds() {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system) {
            FunctionCounter.builder("process.cpu.seconds", system, it -> it.getProcessCpuTime() / 1e9)
                    .description("Time that the process had a processor, in user and system mode")
                    .register(registry);
        }
    }

    /** By the names that HikariCP gives them itself, so that ready-made dashboards find them. */
    private void pool(HikariDataSource pool) {
        pool("hikaricp.connections", "Connections of the pool", pool, HikariPoolMXBean::getTotalConnections);
        pool("hikaricp.connections.active", "Connections in use", pool, HikariPoolMXBean::getActiveConnections);
        pool("hikaricp.connections.idle", "Connections that nobody uses", pool, HikariPoolMXBean::getIdleConnections);
        pool(
                "hikaricp.connections.pending",
                "Threads that wait for a connection",
                pool,
                HikariPoolMXBean::getThreadsAwaitingConnection);
        Gauge.builder("hikaricp.connections.max", pool, HikariDataSource::getMaximumPoolSize)
                .description("The most connections that the pool may have")
                .tag("pool", pool.getPoolName())
                .register(registry);
    }

    private void pool(String name, String description, HikariDataSource pool, ToIntFunction<HikariPoolMXBean> value) {
        Gauge.builder(name, pool, it -> it.isRunning() ? value.applyAsInt(it.getHikariPoolMXBean()) : Double.NaN)
                .description(description)
                .tag("pool", pool.getPoolName())
                .register(registry);
    }

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/metrics", this::scrape);
    }

    private Reply scrape(Call call) {
        String text;
        synchronized (scraping) {
            Optional<Stats> known = stats.get();
            jobs.refresh(known);
            rules.refresh(known.isPresent());
            hosts.ifPresent(HostMeters::refresh);
            text = registry.scrape(VERSION_0_0_4);
        }
        return new Reply(200, VERSION_0_0_4, text.getBytes(StandardCharsets.UTF_8), Map.of());
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
        jobs.close();
        hosts.ifPresent(HostMeters::close);
        collections.close();
        registry.close();
    }
}
