package dev.tidemill.tracing;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Parallel;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.MDC;

/** Two processes, as far as their tracers can tell: one enqueues, the other runs, and each has an SDK of its own. */
@ExtendWith(FreshSchema.class)
final class OpenTelemetryTracingTest {
    private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String TRACEPARENT = "00-" + TRACE_ID + "-b7ad6b7169203331-01";

    record Paint(String wall) {}

    private final TestDatabase database;
    private final Telemetry web = new Telemetry();
    private final Telemetry worker = new Telemetry();

    OpenTelemetryTracingTest(TestDatabase database) {
        this.database = database;
    }

    /** An SDK that keeps what it is told. */
    private static final class Telemetry {
        private final InMemorySpanExporter spans = InMemorySpanExporter.create();
        private final OpenTelemetrySdk sdk = OpenTelemetrySdk.builder()
                .setTracerProvider(SdkTracerProvider.builder()
                        .addSpanProcessor(SimpleSpanProcessor.create(spans))
                        .build())
                .build();

        Span request() {
            return sdk.getTracer("test").spanBuilder("POST /paint").startSpan();
        }

        SpanData only(String name) {
            return await().atMost(Duration.ofSeconds(30))
                    .until(() -> all(name), found -> found.size() == 1)
                    .getFirst();
        }

        List<SpanData> all(String name) {
            return spans.getFinishedSpanItems().stream()
                    .filter(span -> span.getName().equals(name))
                    .toList();
        }

        List<SpanData> atLeast(int count, String name) {
            return await().atMost(Duration.ofSeconds(30)).until(() -> all(name), found -> found.size() >= count);
        }
    }

    private TidemillBuilder mill(OpenTelemetry telemetry) {
        return Tidemill.on(database.dataSource()).schema(database.schema()).tracing(OpenTelemetryTracing.on(telemetry));
    }

    private Tidemill web() {
        return mill(web.sdk).start();
    }

    private Tidemill worker(UnaryOperator<TidemillBuilder> handlers) {
        return handlers.apply(mill(worker.sdk).nodeName("painter")).start();
    }

    @Test
    void aRunInAnotherProcessContinuesTheTraceOfItsEnqueue() {
        AtomicReference<Map<String, String>> logged = new AtomicReference<>();
        AtomicReference<String> handedOn = new AtomicReference<>();
        try (Tidemill enqueuing = web();
                Tidemill running = worker(jobs -> jobs.handle(
                        Paint.class,
                        (paint, run) -> {
                            logged.set(MDC.getCopyOfContextMap());
                            handedOn.set(String.valueOf(run.trace()));
                        },
                        options -> options.queue("alone")))) {
            Span request = web.request();
            long id;
            try (Scope scope = request.makeCurrent()) {
                assertThat(scope).isNotNull();
                id = enqueuing.enqueue(new Paint("north"), EnqueueOptions.queue("alone"));
            } finally {
                request.end();
            }

            SpanData send = web.only("send alone");
            assertThat(send.getKind()).isEqualTo(SpanKind.PRODUCER);
            assertThat(send.getParentSpanId())
                    .isEqualTo(request.getSpanContext().getSpanId());
            assertThat(send.getAttributes().asMap())
                    .containsEntry(OpenTelemetryTracing.SYSTEM, "tidemill")
                    .containsEntry(OpenTelemetryTracing.OPERATION_NAME, "send")
                    .containsEntry(OpenTelemetryTracing.OPERATION_TYPE, "send")
                    .containsEntry(OpenTelemetryTracing.DESTINATION, "alone")
                    .containsEntry(OpenTelemetryTracing.MESSAGE_ID, Long.toString(id))
                    .containsEntry(OpenTelemetryTracing.KIND, "Paint")
                    .doesNotContainKey(OpenTelemetryTracing.MESSAGE_COUNT);

            SpanData process = worker.only("process alone");
            assertThat(process.getKind()).isEqualTo(SpanKind.CONSUMER);
            assertThat(process.getTraceId()).isEqualTo(request.getSpanContext().getTraceId());
            assertThat(process.getParentSpanId()).isEqualTo(send.getSpanId());
            assertThat(process.getLinks())
                    .extracting(link -> link.getSpanContext().getSpanId())
                    .containsExactly(send.getSpanId());
            assertThat(process.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
            assertThat(process.getAttributes().asMap())
                    .containsEntry(OpenTelemetryTracing.OPERATION_TYPE, "process")
                    .containsEntry(OpenTelemetryTracing.MESSAGE_ID, Long.toString(id))
                    .containsEntry(OpenTelemetryTracing.CLIENT_ID, "painter")
                    .containsEntry(OpenTelemetryTracing.ATTEMPT, 1L)
                    .containsEntry(OpenTelemetryTracing.OUTCOME, "succeeded");
            assertThat(handedOn.get()).startsWith("00-" + process.getTraceId() + "-" + process.getSpanId() + "-");
            assertThat(logged.get())
                    .containsEntry("trace", handedOn.get())
                    .containsEntry("trace_id", process.getTraceId())
                    .containsEntry("span_id", process.getSpanId())
                    .containsEntry("job", Long.toString(id));
            assertThat(running.ready()).isTrue();
        }
    }

    @Test
    void whatAHandlerEnqueuesGoesOnInItsTraceAlsoFromItsTasks() {
        try (Tidemill enqueuing = web();
                Tidemill running = worker(jobs -> jobs.handle(
                                Paint.class,
                                (paint, run) -> {
                                    enqueuing.enqueue(new JobRequest("Dry", "1"), EnqueueOptions.queue("after"));
                                    Callable<Long> another = () -> enqueuing.enqueue(
                                            new JobRequest("Dry", "2"), EnqueueOptions.queue("after"));
                                    Parallel.parallel(List.of(another, another), 2);
                                },
                                options -> options.queue("first"))
                        .handleJson("Dry", (json, run) -> {}, options -> options.queue("after")))) {
            running.enqueue(new Paint("south"));
            SpanData painting = worker.only("process first");
            assertThat(web.atLeast(3, "send after")).hasSize(3).allSatisfy(send -> {
                assertThat(send.getTraceId()).isEqualTo(painting.getTraceId());
                assertThat(send.getParentSpanId()).isEqualTo(painting.getSpanId());
            });
            assertThat(worker.atLeast(3, "process after"))
                    .allSatisfy(drying -> assertThat(drying.getTraceId()).isEqualTo(painting.getTraceId()));
        }
    }

    @Test
    void anExplicitTraceWithItsStateIsContinuedAsAnHttpRequestDoes() {
        try (Tidemill enqueuing = web();
                Tidemill running = worker(
                        jobs -> jobs.handle(Paint.class, (paint, run) -> {}, options -> options.queue("explicit")))) {
            enqueuing.enqueue(
                    new Paint("east"), EnqueueOptions.queue("explicit").trace(TRACEPARENT + " vendor=x,other=1"));
            SpanData process = worker.only("process explicit");
            assertThat(process.getTraceId()).isEqualTo(TRACE_ID);
            assertThat(process.getSpanContext().getTraceState())
                    .isEqualTo(TraceState.builder()
                            .put("other", "1")
                            .put("vendor", "x")
                            .build());
            assertThat(web.only("send explicit").getParentSpanId()).isEqualTo("b7ad6b7169203331");
            assertThat(running.ready()).isTrue();
        }
    }

    @Test
    void aBulkIsOneSpanAndEveryRunItsChild() {
        try (Tidemill enqueuing = web();
                Tidemill running = worker(
                        jobs -> jobs.handle(Paint.class, (paint, run) -> {}, options -> options.queue("bulk")))) {
            List<Paint> walls =
                    IntStream.range(0, 600).mapToObj(i -> new Paint("w" + i)).toList();
            List<Long> ids = enqueuing.enqueueAll(walls, EnqueueOptions.queue("bulk"));

            SpanData send = web.only("send bulk");
            assertThat(send.getAttributes().get(OpenTelemetryTracing.MESSAGE_COUNT))
                    .isEqualTo(600);
            assertThat(send.getAttributes().get(OpenTelemetryTracing.MESSAGE_ID))
                    .isNull();
            List<SpanData> runs = worker.atLeast(600, "process bulk");
            assertThat(runs)
                    .hasSize(600)
                    .allSatisfy(run -> assertThat(run.getParentSpanId()).isEqualTo(send.getSpanId()));
            assertThat(runs.stream()
                            .map(run -> run.getAttributes().get(OpenTelemetryTracing.MESSAGE_ID))
                            .collect(Collectors.toSet()))
                    .isEqualTo(ids.stream().map(String::valueOf).collect(Collectors.toSet()));
            assertThat(running.ready()).isTrue();
        }
    }

    @Test
    void everyAttemptIsASpanOfTheOneTraceAndItsFailureIsInIt() {
        AtomicInteger attempts = new AtomicInteger();
        try (Tidemill enqueuing = web();
                Tidemill running = worker(jobs -> jobs.handle(
                        Paint.class,
                        (paint, run) -> {
                            switch (attempts.incrementAndGet()) {
                                case 1 -> throw new IllegalStateException("the ladder fell");
                                case 2 ->
                                    throw Retry.after(Duration.ofMillis(1), "wet")
                                            .notCounted();
                                default -> {}
                            }
                        },
                        options -> options.queue("again").backoff(Backoff.fixed(Duration.ZERO))))) {
            long id = enqueuing.enqueue(new Paint("west"), EnqueueOptions.queue("again"));
            List<SpanData> runs = worker.atLeast(3, "process again");
            SpanData send = web.only("send again");
            assertThat(runs).hasSize(3).allSatisfy(run -> {
                assertThat(run.getTraceId()).isEqualTo(send.getTraceId());
                assertThat(run.getAttributes().get(OpenTelemetryTracing.MESSAGE_ID))
                        .isEqualTo(Long.toString(id));
            });
            SpanData failed = runs.getFirst();
            assertThat(failed.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(failed.getAttributes().asMap())
                    .containsEntry(OpenTelemetryTracing.ERROR_TYPE, IllegalStateException.class.getName())
                    .containsEntry(OpenTelemetryTracing.OUTCOME, "failed");
            assertThat(failed.getEvents()).hasSize(1);
            SpanData snoozed = runs.get(1);
            assertThat(snoozed.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
            assertThat(snoozed.getAttributes().asMap())
                    .containsEntry(OpenTelemetryTracing.OUTCOME, "snoozed")
                    .containsEntry(OpenTelemetryTracing.ATTEMPT, 2L);
            assertThat(runs.get(2).getAttributes().get(OpenTelemetryTracing.OUTCOME))
                    .isEqualTo("succeeded");
            assertThat(running.ready()).isTrue();
        }
    }

    @Test
    void anAttemptThatRunsPastItsLimitIsAnErrorOfThatType() {
        try (Tidemill running = worker(jobs -> jobs.handle(
                Paint.class,
                (paint, run) -> Thread.currentThread().join(Duration.ofMinutes(1)),
                options -> options.queue("slow").timeout(Duration.ofMillis(50)).attempts(1)))) {
            running.enqueue(new Paint("hall"));
            SpanData late = worker.only("process slow");
            assertThat(late.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(late.getAttributes().asMap())
                    .containsEntry(OpenTelemetryTracing.ERROR_TYPE, "timed_out")
                    .containsEntry(OpenTelemetryTracing.OUTCOME, "timed_out");
        }
    }

    @Test
    void aRunThatCompletesInItsOwnTransactionHasSucceeded() {
        try (Tidemill enqueuing = web();
                Tidemill running = worker(jobs -> jobs.handle(
                        Paint.class,
                        (paint, run) -> {
                            try (Connection connection = database.dataSource().getConnection()) {
                                connection.setAutoCommit(false);
                                run.completeIn(connection);
                                connection.commit();
                            }
                        },
                        options -> options.queue("exact")))) {
            long id = enqueuing.enqueue(new Paint("door"), EnqueueOptions.queue("exact"));
            SpanData process = worker.only("process exact");
            assertThat(process.getTraceId()).isEqualTo(web.only("send exact").getTraceId());
            assertThat(process.getAttributes().get(OpenTelemetryTracing.OUTCOME))
                    .isEqualTo("succeeded");
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> running.job(id).orElseThrow().state() == JobState.SUCCEEDED);
        }
    }

    @Test
    void aChunkIsOneSpanThatLinksToWhatEnqueuedEachOfItsJobs() {
        try (Tidemill enqueuing = web()) {
            for (int i = 0; i < 3; i++) {
                enqueuing.enqueue(new Paint("w" + i), EnqueueOptions.queue("chunks"));
            }
            Set<String> sends = web.atLeast(3, "send chunks").stream()
                    .map(SpanData::getSpanId)
                    .collect(Collectors.toSet());
            try (Tidemill running = worker(jobs -> jobs.handleChunks(
                    Paint.class, chunk -> {}, options -> options.queue("chunks").chunk(3, Duration.ofSeconds(10))))) {
                SpanData process = worker.only("process chunks");
                assertThat(process.getParentSpanContext().isValid()).isFalse();
                assertThat(process.getAttributes().get(OpenTelemetryTracing.MESSAGE_COUNT))
                        .isEqualTo(3);
                assertThat(process.getLinks().stream()
                                .map(LinkData::getSpanContext)
                                .map(context -> context.getSpanId())
                                .collect(Collectors.toSet()))
                        .isEqualTo(sends);
                assertThat(running.ready()).isTrue();
            }
        }
    }

    @Test
    void anEnqueueThatIsRefusedIsAnErrorAndLeavesNothingCurrent() {
        try (Tidemill enqueuing = web()) {
            JobRequest broken = new JobRequest("Paint", "{");
            assertThatThrownBy(() -> enqueuing.enqueue(broken, EnqueueOptions.queue("refused")))
                    .isInstanceOfSatisfying(
                            TidemillException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.PAYLOAD_INVALID));
            SpanData send = web.only("send refused");
            assertThat(send.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(send.getAttributes().get(OpenTelemetryTracing.ERROR_TYPE))
                    .isEqualTo(TidemillException.class.getName());
            assertThat(Span.current().getSpanContext().isValid()).isFalse();
        }
    }

    @Test
    void jobsOfOneTransactionThatContinueDifferentTracesKeepThem() throws Exception {
        ConcurrentLinkedQueue<String> traces = new ConcurrentLinkedQueue<>();
        String other = "00-11111111111111111111111111111111-2222222222222222-01";
        try (Tidemill enqueuing = web()) {
            enqueuing.inTransaction(transaction -> enqueuing.enqueueAll(
                    transaction.connection(),
                    List.of(
                            new JobRequest(
                                    "Dry", "1", EnqueueOptions.queue("mixed").trace(TRACEPARENT)),
                            new JobRequest(
                                    "Dry", "2", EnqueueOptions.queue("mixed").trace(other))),
                    EnqueueOptions.NONE));
            try (Tidemill running = Tidemill.on(database.dataSource())
                    .schema(database.schema())
                    .handleJson(
                            "Dry",
                            (json, run) -> traces.add(json + " " + run.trace()),
                            options -> options.queue("mixed"))
                    .start()) {
                await().atMost(Duration.ofSeconds(30)).until(() -> traces.size() == 2);
                assertThat(running.ready()).isTrue();
            }
            SpanData send = web.only("send mixed");
            assertThat(traces)
                    .containsExactlyInAnyOrder("1 00-" + TRACE_ID + "-" + send.getSpanId() + "-01", "2 " + other);
        }
    }

    @Test
    void aTracerThatBreaksBreaksNoJob() {
        OpenTelemetry broken = new OpenTelemetry() {
            @Override
            public io.opentelemetry.api.trace.TracerProvider getTracerProvider() {
                return io.opentelemetry.api.trace.TracerProvider.noop();
            }

            @Override
            public io.opentelemetry.context.propagation.ContextPropagators getPropagators() {
                return io.opentelemetry.context.propagation.ContextPropagators.noop();
            }

            @Override
            public io.opentelemetry.api.trace.Tracer getTracer(String scope) {
                return name -> {
                    throw new IllegalStateException("no spans today");
                };
            }
        };
        try (Tidemill mill = mill(broken)
                .handle(Paint.class, (paint, run) -> {}, options -> options.queue("broken"))
                .start()) {
            long id = mill.enqueue(new Paint("roof"), priority(Priority.HIGH).trace(TRACEPARENT));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> mill.job(id).orElseThrow().state() == JobState.SUCCEEDED);
            List<Long> bulk = mill.enqueueAll(List.of(new Paint("a"), new Paint("b")));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> mill.job(bulk.getLast()).orElseThrow().state() == JobState.SUCCEEDED);
        }
    }
}
