package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** What a process says of itself. */
@ExtendWith(FreshSchema.class)
final class ProcessApiTest {
    private final ServerUnderTest server;

    ProcessApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.handleJsonChunks("Mail", chunk -> {}, options -> options.chunk(8, Duration.ZERO)),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void chunksAreShownWithTheirSizeAndTheirLastCall() {
        long id = server.mill.enqueue(new JobRequest("Mail", "{}"));
        await().until(() -> server.mill.job(id).orElseThrow().state() == JobState.SUCCEEDED);
        JsonNode chunk = ServerUnderTest.json(server.get("/api/v1/process"))
                .get("chunks")
                .get(0);
        assertThat(chunk.get("kind").asString()).isEqualTo("Mail");
        assertThat(chunk.get("size").asInt()).isEqualTo(8);
        assertThat(chunk.get("max_jobs").asInt()).isEqualTo(8);
        assertThat(chunk.get("last_jobs").asInt()).isEqualTo(1);
        assertThat(chunk.get("calls").asInt()).isEqualTo(1);
        assertThat(server.get("/metrics").body()).contains("tidemill_chunk_size{kind=\"Mail\"} 8.0");
    }

    @Test
    void theHeapIsShown() {
        JsonNode heap = ServerUnderTest.json(server.get("/api/v1/process")).get("heap");
        assertThat(heap.get("pool").asString()).isNotEmpty();
        assertThat(heap.get("max_bytes").asLong()).isPositive();
        assertThat(heap.get("used_bytes").asLong()).isNotNegative();
        assertThat(heap.get("holding").asBoolean()).isFalse();
        assertThat(heap.get("held").asLong()).isZero();
        assertThat(server.get("/metrics").body()).contains("tidemill_heap_holding 0.0");
    }
}
