package dev.tidemill.metrics;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.FinishedAttempt;
import dev.tidemill.jobs.HeapStats;
import dev.tidemill.jobs.JobObserver;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/** What this process does. Meters are looked up once and kept, since there may be tens of thousands of jobs a second. */
final class ProcessMeters implements JobObserver {
    /** About a power of five apart; what handlers take. */
    private static final Duration[] RUN_BOUNDS = {
        Duration.ofMillis(5),
        Duration.ofMillis(25),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5),
        Duration.ofMinutes(30)
    };
    /** With the start deadlines of the standard priorities among them. */
    private static final Duration[] DELAY_BOUNDS = {
        Duration.ofMillis(10),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(1),
        Duration.ofMinutes(5),
        Duration.ofMinutes(20),
        Duration.ofHours(1)
    };

    private record Sort(String kind, String queue, String more) {}

    private record Lane(String queue, Priority priority) {}

    private record Started(Timer delay, Counter met, Counter missed) {}

    private final MeterRegistry registry;
    private final Tags common;
    private final Names kinds = new Names();
    private final Names queues = new Names();
    private final Map<Sort, Counter> enqueued = new ConcurrentHashMap<>();
    private final Map<Sort, Counter> deduplicated = new ConcurrentHashMap<>();
    private final Map<Sort, Timer> attempts = new ConcurrentHashMap<>();
    private final Map<Sort, Counter> retries = new ConcurrentHashMap<>();
    private final Map<Sort, Counter> dead = new ConcurrentHashMap<>();
    private final Map<Lane, Started> starts = new ConcurrentHashMap<>();
    private final Timer claims;
    private final Counter claimed;
    private final Counter nodesLost;

    ProcessMeters(MeterRegistry registry, Tags common, Tidemill mill) {
        this.registry = registry;
        this.common = common;
        this.claims = Timer.builder("tidemill.claims")
                .description("Claims of this process, and how long the database took for them")
                .tags(common)
                .register(registry);
        this.claimed = counter("tidemill.jobs.claimed", "Jobs that this process claimed", Tags.empty());
        this.nodesLost = counter(
                "tidemill.nodes.lost",
                "Processes that this one found dead, whose jobs it made ready again",
                Tags.empty());
        gauge(
                "tidemill.node.ready",
                "1 if this process is in contact and at work, else 0",
                mill,
                it -> it.ready() ? 1 : 0);
        gauge("tidemill.handlers.running", "Handlers that run in this process", mill, Tidemill::running);
        if (mill.heap().isPresent()) {
            gauge(
                    "tidemill.heap.holding",
                    "1 while this process takes one job at a time for want of memory",
                    mill,
                    it -> it.heap().filter(HeapStats::holding).isPresent() ? 1 : 0);
        }
        mill.chunks().forEach(chunk -> chunks(mill, chunk.kind()));
    }

    private void chunks(Tidemill mill, String kind) {
        Tags tags = common.and("kind", kind);
        Gauge.builder("tidemill.chunk.size", mill, it -> ofChunk(it, kind, ChunkStats::size))
                .description("Jobs that this process's next chunk takes")
                .tags(tags)
                .register(registry);
        TimeGauge.builder(
                        "tidemill.chunk.last",
                        mill,
                        TimeUnit.NANOSECONDS,
                        it -> ofChunk(it, kind, chunk -> chunk.lastTook().toNanos()))
                .description("How long this process's last chunk took")
                .tags(tags)
                .register(registry);
        FunctionCounter.builder("tidemill.chunk.calls", mill, it -> ofChunk(it, kind, ChunkStats::calls))
                .description("Chunks handled by this process")
                .tags(tags)
                .register(registry);
        FunctionCounter.builder("tidemill.chunk.isolated", mill, it -> ofChunk(it, kind, ChunkStats::isolated))
                .description("Chunks that failed and were split by this process")
                .tags(tags)
                .register(registry);
    }

    private static double ofChunk(Tidemill mill, String kind, ToDoubleFunction<ChunkStats> value) {
        return mill.chunks().stream()
                .filter(chunk -> chunk.kind().equals(kind))
                .mapToDouble(value)
                .findFirst()
                .orElse(Double.NaN);
    }

    private void gauge(String name, String description, Tidemill mill, ToDoubleFunction<Tidemill> value) {
        Gauge.builder(name, mill, value).description(description).tags(common).register(registry);
    }

    private Counter counter(String name, String description, Tags tags) {
        return Counter.builder(name)
                .description(description)
                .tags(common.and(tags))
                .register(registry);
    }

    @Override
    public void enqueued(String kind, String queue, Priority priority, int jobs) {
        enqueued.computeIfAbsent(
                        new Sort(kinds.bounded(kind), queues.bounded(queue), priority.name()),
                        sort -> counter(
                                "tidemill.jobs.enqueued",
                                "Jobs that this process enqueued",
                                Tags.of("kind", sort.kind, "queue", sort.queue, "priority", sort.more)))
                .increment(jobs);
    }

    @Override
    public void deduplicated(String kind, Enqueued.How how, int jobs) {
        deduplicated
                .computeIfAbsent(
                        new Sort(kinds.bounded(kind), "", how.name().toLowerCase(Locale.ROOT)),
                        sort -> counter(
                                "tidemill.jobs.deduplicated",
                                "Unique jobs of this process that were not needed, as another one had their key",
                                Tags.of("kind", sort.kind, "how", sort.more)))
                .increment(jobs);
    }

    @Override
    public void claimed(int jobs, Duration took) {
        claims.record(took);
        claimed.increment(jobs);
    }

    @Override
    public void finished(FinishedAttempt attempt) {
        String kind = kinds.bounded(attempt.kind());
        String queue = queues.bounded(attempt.queue());
        attempts.computeIfAbsent(new Sort(kind, queue, attempt.outcome().name()), this::attempts)
                .record(attempt.tookMicros(), TimeUnit.MICROSECONDS);
        if (attempt.outcome() != AttemptOutcome.RELEASED) {
            // What was given back may not have begun.
            Started started = starts.computeIfAbsent(new Lane(queue, attempt.priority()), this::starts);
            started.delay.record(attempt.delayMicros(), TimeUnit.MICROSECONDS);
            (attempt.lateMicros() <= 0 ? started.met : started.missed).increment();
        }
        if (attempt.again() && isFailure(attempt.outcome())) {
            retries.computeIfAbsent(
                            new Sort(kind, queue, ""),
                            sort -> counter(
                                    "tidemill.retries",
                                    "Attempts of this process that failed and are followed by another",
                                    Tags.of("kind", sort.kind, "queue", sort.queue)))
                    .increment();
        }
        if (attempt.dead() != null) {
            dead.computeIfAbsent(
                            new Sort(kind, queue, attempt.dead()),
                            sort -> counter(
                                    "tidemill.jobs.dead",
                                    "Jobs that became dead letters in this process",
                                    Tags.of("kind", sort.kind, "queue", sort.queue, "code", sort.more)))
                    .increment();
        }
    }

    private static boolean isFailure(AttemptOutcome outcome) {
        return outcome == AttemptOutcome.FAILED || outcome == AttemptOutcome.TIMED_OUT;
    }

    private Timer attempts(Sort sort) {
        return Timer.builder("tidemill.attempts")
                .description("Attempts of this process by outcome, and how long their handlers took")
                .tags(common.and("kind", sort.kind, "queue", sort.queue, "outcome", sort.more.toLowerCase(Locale.ROOT)))
                .serviceLevelObjectives(RUN_BOUNDS)
                .register(registry);
    }

    private Started starts(Lane lane) {
        Tags tags = common.and("queue", lane.queue, "priority", lane.priority.name());
        Timer delay = Timer.builder("tidemill.start.delay")
                .description("From when a job might start to when this process started it")
                .tags(tags)
                .serviceLevelObjectives(DELAY_BOUNDS)
                .register(registry);
        String description = "Attempts that this process started, by whether they met their start deadline";
        return new Started(
                delay,
                counter("tidemill.starts", description, tags.and("deadline", "met")),
                counter("tidemill.starts", description, tags.and("deadline", "missed")));
    }

    @Override
    public void nodesLost(int nodes) {
        nodesLost.increment(nodes);
    }
}
