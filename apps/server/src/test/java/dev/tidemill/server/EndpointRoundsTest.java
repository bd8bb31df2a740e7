package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Rounds, which send to endpoints when they are asked to. */
@ExtendWith(FreshSchema.class)
final class EndpointRoundsTest {
    private final EndpointUnderTest endpoint;
    private final ServerUnderTest server;
    private final Receiver receiver;

    EndpointRoundsTest(TestDatabase database) {
        this.endpoint = new EndpointUnderTest(database);
        this.server = endpoint.server;
        this.receiver = endpoint.receiver;
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Test
    void aRoundSendsToEndpointsThatWaitToBeAsked() {
        endpoint.register(", \"on_demand\": true");
        List<Long> ids = IntStream.range(0, 3).mapToObj(i -> endpoint.enqueue()).toList();
        await().during(Duration.ofSeconds(1)).until(receiver.messages::isEmpty);
        JsonNode two = ServerUnderTest.json(server.post("/api/v1/work/run?batch=2"));
        assertThat(two.get("claimed").asInt()).isEqualTo(2);
        assertThat(two.get("succeeded").asInt()).isEqualTo(2);
        receiver.behaviour = exchange -> Receiver.reply(exchange, 400, "");
        JsonNode rest = ServerUnderTest.json(server.post("/api/v1/work/run?batch=20"));
        assertThat(rest.get("claimed").asInt()).isEqualTo(1);
        assertThat(rest.get("failed").asInt()).isEqualTo(1);
        assertThat(rest.get("running").asInt()).isZero();
        assertThat(ids)
                .extracting(id -> server.mill.job(id).orElseThrow().state())
                .containsExactlyInAnyOrder(JobState.SUCCEEDED, JobState.SUCCEEDED, JobState.DEAD);
        assertThat(server.post("/api/v1/work/run?batch=0").statusCode()).isEqualTo(400);
    }

    @Test
    void aRoundDoesNotWaitForEndpointsThatSendByThemselves() {
        endpoint.register("");
        // Its line asks for jobs by now, and has taken all its places for them.
        await().until(() -> server.mill.stats().nodes().stream()
                .anyMatch(node -> node.kinds().contains(endpoint.kind)));
        long began = System.nanoTime();
        JsonNode round = ServerUnderTest.json(server.post("/api/v1/work/run?batch=20"));
        assertThat(round.get("claimed").asInt()).isZero();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void aRoundLeavesToAnotherWhatThatHasAllPlacesFor() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        receiver.behaviour = exchange -> {
            go.await();
            Receiver.reply(exchange, 200, "");
        };
        endpoint.register(", \"on_demand\": true, \"concurrency\": 1");
        List<Long> ids = IntStream.range(0, 2).mapToObj(i -> endpoint.enqueue()).toList();
        try (ExecutorService beside = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<JsonNode> first =
                    beside.submit(() -> ServerUnderTest.json(server.post("/api/v1/work/run?batch=20")));
            await().until(() -> receiver.inside.get() == 1);
            long began = System.nanoTime();
            assertThat(ServerUnderTest.json(server.post("/api/v1/work/run?batch=20"))
                            .get("claimed")
                            .asInt())
                    .isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
            go.countDown();
            assertThat(first.get().get("succeeded").asInt()).isEqualTo(2);
        }
        ids.forEach(id -> endpoint.in(id, JobState.SUCCEEDED));
    }
}
