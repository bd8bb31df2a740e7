package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.tracing.OpenTelemetryTracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Requests as a tracer sees them. */
@ExtendWith(FreshSchema.class)
final class RequestSpansTest {
    private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";

    private final TestDatabase database;
    private final InMemorySpanExporter spans = InMemorySpanExporter.create();
    private final OpenTelemetrySdk telemetry = OpenTelemetrySdk.builder()
            .setTracerProvider(SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(spans))
                    .build())
            .build();

    RequestSpansTest(TestDatabase database) {
        this.database = database;
    }

    private List<SpanData> finished(String name) {
        List<SpanData> found = new ArrayList<>();
        for (SpanData span : spans.getFinishedSpanItems()) {
            if (span.getName().equals(name)) {
                found.add(span);
            }
        }
        return found;
    }

    /** The span ends after its answer is sent, so it may come a moment later than that. */
    private SpanData span(String name) {
        Awaitility.await().until(() -> !finished(name).isEmpty());
        return finished(name).getFirst();
    }

    private static String text(SpanData span, String name) {
        return String.valueOf(span.getAttributes().get(AttributeKey.stringKey(name)));
    }

    private static long status(SpanData span) {
        return Objects.requireNonNull(span.getAttributes().get(AttributeKey.longKey("http.response.status_code")));
    }

    @Test
    void aRequestIsASpanThatContinuesItsCallerAndIsContinuedByItsJob() throws Exception {
        BlockingQueue<String> ran = new LinkedBlockingQueue<>();
        try (ServerUnderTest server = ServerUnderTest.on(
                database,
                jobs -> jobs.tracing(OpenTelemetryTracing.on(telemetry))
                        .handleJson("Paint", (json, run) -> ran.add(String.valueOf(run.trace()))),
                settings -> settings.tracing(telemetry))) {
            assertThat(server.send(server.to("/api/v1/jobs")
                                    .header("Content-Type", "application/json")
                                    .header("traceparent", "00-" + TRACE_ID + "-" + CALLER + "-01")
                                    .header("User-Agent", "tester")
                                    .POST(BodyPublishers.ofString("{\"kind\":\"Paint\"}")))
                            .statusCode())
                    .isEqualTo(201);
            assertThat(ran.poll(20, TimeUnit.SECONDS)).contains(TRACE_ID);
            SpanData request = span("POST /api/v1/jobs");
            assertThat(request.getKind()).isEqualTo(SpanKind.SERVER);
            assertThat(request.getTraceId()).isEqualTo(TRACE_ID);
            assertThat(request.getParentSpanId()).isEqualTo(CALLER);
            assertThat(status(request)).isEqualTo(201);
            assertThat(request.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
            assertThat(text(request, "http.request.method")).isEqualTo("POST");
            assertThat(text(request, "http.route")).isEqualTo("/api/v1/jobs");
            assertThat(text(request, "url.path")).isEqualTo("/api/v1/jobs");
            assertThat(text(request, "url.scheme")).isEqualTo("http");
            assertThat(text(request, "client.address")).isEqualTo("127.0.0.1");
            assertThat(text(request, "user_agent.original")).isEqualTo("tester");
            SpanData sent = span("send default");
            assertThat(sent.getParentSpanId()).isEqualTo(request.getSpanId());
            assertThat(span("process default").getTraceId()).isEqualTo(TRACE_ID);
        }
    }

    @Test
    void aJobCarriesTheRequestOnWhereOnlyRequestsAreTraced() {
        try (ServerUnderTest server =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.tracing(telemetry))) {
            long id = ServerUnderTest.json(server.post("/api/v1/jobs", "{\"kind\":\"Alone\"}"))
                    .get("id")
                    .longValue();
            SpanData request = span("POST /api/v1/jobs");
            String claimed = server.post(
                            "/api/v1/work/claim", "{\"worker\":\"w\",\"kinds\":[\"Alone\"],\"wait\":\"PT20S\"}")
                    .body();
            assertThat(claimed).contains("\"id\":" + id, request.getTraceId() + "-" + request.getSpanId());
        }
    }

    @Test
    void theClientsFaultIsNoErrorAndAnUnknownPathHasNoRoute() {
        try (ServerUnderTest server =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.tracing(telemetry))) {
            server.get("/nothing/secret?token=hush");
            SpanData unknown = span("GET");
            assertThat(status(unknown)).isEqualTo(404);
            assertThat(unknown.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
            assertThat(text(unknown, "http.route")).isEqualTo("null");
            assertThat(unknown.toString()).doesNotContain("hush");
            server.get("/api/v1/jobs/4711");
            SpanData job = span("GET /api/v1/jobs/{id}");
            assertThat(text(job, "url.path")).isEqualTo("/api/v1/jobs/4711");
        }
    }

    @Test
    void theServersFaultIsAnError() throws Exception {
        try (ServerUnderTest server =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.tracing(telemetry))) {
            server.mill.stop(Duration.ofSeconds(5));
            assertThat(server.post("/api/v1/jobs", "{\"kind\":\"Late\"}").statusCode())
                    .isEqualTo(503);
            SpanData failed = span("POST /api/v1/jobs");
            assertThat(failed.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(text(failed, "error.type")).isEqualTo("503");
            assertThat(status(failed)).isEqualTo(503);
        }
    }

    @Test
    void theProgramTracesByWhatIsInItsJvm(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("log");
        try (ServerProcess server = ServerProcess.start(TracedMain.class, database, log);
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest enqueue = HttpRequest.newBuilder(URI.create(server.url() + "/api/v1/jobs"))
                    .header("Content-Type", "application/json")
                    .header("traceparent", "00-" + TRACE_ID + "-" + CALLER + "-01")
                    .POST(BodyPublishers.ofString("{\"kind\": \"Traced\"}"))
                    .build();
            assertThat(client.send(enqueue, BodyHandlers.ofString()).statusCode())
                    .isEqualTo(201);
            Awaitility.await()
                    .untilAsserted(() -> assertThat(Files.readAllLines(log))
                            .contains("SPAN " + TRACE_ID + " POST /api/v1/jobs", "SPAN " + TRACE_ID + " send default"));
        }
    }
}
