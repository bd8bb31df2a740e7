package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** A server whose handlers run when somebody asks. */
@ExtendWith(FreshSchema.class)
final class HandRoundsTest {
    private final AtomicInteger atOnce = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final HandMill hand;
    private final ServerUnderTest server;

    HandRoundsTest(TestDatabase database) {
        hand = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handleJson("Fine", (json, run) -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    run.result("well done");
                    atOnce.decrementAndGet();
                })
                .handleJson("GiveUp", (json, run) -> {
                    throw Retry.never("no use");
                })
                .startByHand();
        server = new ServerUnderTest(
                hand.tidemill(), TidemillServer.builder(hand).open().start());
    }

    @AfterEach
    void stop() {
        server.server.stop();
        hand.close();
    }

    private long enqueue(String kind) {
        return ServerUnderTest.json(server.post("/api/v1/jobs", "{\"kind\":\"" + kind + "\"}"))
                .get("id")
                .longValue();
    }

    private JsonNode run(int batch) {
        HttpResponse<String> answer = server.post("/api/v1/work/run?batch=" + batch);
        assertThat(answer.statusCode()).describedAs(answer.body()).isEqualTo(200);
        ApiDocument.of(server).assertAnswer("post", "/api/v1/work/run", answer);
        return ServerUnderTest.json(answer);
    }

    @Test
    void dueJobsRunWhenSomebodyAsksAndTheAnswerSaysWhatCameOfThem() {
        long fine = enqueue("Fine");
        long bad = enqueue("GiveUp");
        long later = enqueue("Fine");
        enqueue("NobodysKind");
        assertThat(server.get("/readyz").statusCode()).isEqualTo(200);
        assertThat(hand.tidemill().job(fine).orElseThrow().state()).isEqualTo(JobState.READY);
        JsonNode first = run(2);
        assertThat(first.get("claimed").intValue()).isEqualTo(2);
        assertThat(first.get("succeeded").intValue()).isEqualTo(1);
        assertThat(first.get("failed").intValue()).isEqualTo(1);
        assertThat(first.get("jobs").get(0).get("job_id").longValue()).isEqualTo(fine);
        assertThat(first.get("jobs").get(0).get("outcome").asString()).isEqualTo("SUCCEEDED");
        assertThat(first.get("jobs").get(1).get("job_id").longValue()).isEqualTo(bad);
        assertThat(first.get("jobs").get(1).get("error").asString()).contains("no use");
        assertThat(hand.tidemill().job(bad).orElseThrow().state()).isEqualTo(JobState.DEAD);
        assertThat(hand.tidemill().job(later).orElseThrow().state()).isEqualTo(JobState.READY);
        assertThat(run(20).get("claimed").intValue()).isEqualTo(1);
        assertThat(run(20).get("claimed").intValue()).isZero();
    }

    @Test
    void roundsTakeTurns() throws Exception {
        for (int i = 0; i < 20; i++) {
            enqueue("Fine");
        }
        int claimed = 0;
        try (ExecutorService many = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<JsonNode>> rounds = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                rounds.add(many.submit(() -> run(10)));
            }
            for (Future<JsonNode> round : rounds) {
                claimed += round.get().get("claimed").intValue();
            }
        }
        assertThat(claimed).isEqualTo(20);
        assertThat(most.get()).isEqualTo(1);
    }

    @Test
    void nothingIsHandedToWorkersOutside() {
        HttpResponse<String> refused = server.post("/api/v1/work/claim", "{\"worker\":\"w\",\"kinds\":[\"Fine\"]}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("turned by hand");
    }
}
