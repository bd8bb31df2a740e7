package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Jobs for workers elsewhere, over HTTP. */
@ExtendWith(FreshSchema.class)
final class WorkApiTest {
    private static final AtomicInteger COUNTER = new AtomicInteger();

    @TempDir
    private Path folder = Path.of("set by JUnit");

    private final TestDatabase database;
    private final ServerUnderTest server;
    private final String kind = "Render" + COUNTER.incrementAndGet();

    WorkApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private long enqueue() {
        return server.mill.enqueue(
                new JobRequest(kind, "{\"page\": 12345678901234567890}"), EnqueueOptions.NONE.tag("book", "7"));
    }

    private JsonNode claim(String more) {
        return claim(server, more);
    }

    private JsonNode claim(ServerUnderTest at, String more) {
        HttpResponse<String> answer =
                at.post("/api/v1/work/claim", "{\"worker\": \"node-7\", \"kinds\": [\"" + kind + "\"]" + more + "}");
        assertThat(answer.statusCode()).describedAs(answer.body()).isEqualTo(200);
        return ServerUnderTest.json(answer);
    }

    private JsonNode claimOne() {
        return claim(", \"wait\": \"PT20S\"").get("jobs").get(0);
    }

    private HttpResponse<String> say(JsonNode job, String what, String more) {
        return say(server, job, what, more);
    }

    private static HttpResponse<String> say(ServerUnderTest to, JsonNode job, String what, String more) {
        return to.post(
                "/api/v1/work/" + job.get("id").asLong() + "/" + what,
                "{\"attempt\": " + job.get("attempt").asInt() + ", \"token\": \""
                        + job.get("token").asString() + "\"" + more + "}");
    }

    private List<AttemptOutcome> outcomes(long id) {
        return server.mill.job(id).orElseThrow().attempts().stream()
                .map(AttemptView::outcome)
                .toList();
    }

    private String dependencies(String kinds, String names) {
        return "{\"kinds\": [" + kinds + "], \"depends_on\": [" + names + "]}";
    }

    private BreakerView breaker(String name) {
        return server.mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aWorkersDependenciesHoldItsJobsBackAndItsWordOpensTheirBreakers() {
        String press = "press-" + kind;
        server.mill
                .breakers()
                .put(Breaker.of(press).failures(1).openFor(Duration.ofHours(1), Duration.ofHours(1)), "ada");
        HttpResponse<String> said =
                server.put("/api/v1/work/dependencies", dependencies("\"" + kind + "\"", "\"" + press + "\", \"ink\""));
        assertThat(said.statusCode()).describedAs(said.body()).isEqualTo(204);
        assertThat(breaker(press).kinds()).containsExactly(kind);
        assertThat(breaker("ink").kinds()).contains(kind);
        long id = enqueue();
        assertThat(say(
                                claimOne(),
                                "fail",
                                ", \"category\": \"DEPENDENCY_DOWN\", \"message\": \"jam\"," + " \"dependency\": \""
                                        + press + "\"")
                        .statusCode())
                .isEqualTo(204);
        await().until(() -> breaker(press).state() == BreakerView.State.OPEN);
        assertThat(breaker("ink").failuresInRow()).isZero();
        await().untilAsserted(() -> assertThat(server.mill.why(id).orElseThrow().reasons())
                .extracting(reason -> reason.cause().name())
                .contains("BREAKER_OPEN"));
        assertThat(claim("").get("jobs")).as("what waits for the press").isEmpty();
        server.put("/api/v1/work/dependencies", dependencies("\"" + kind + "\"", ""));
        assertThat(breaker(press).kinds()).isEmpty();
        assertThat(claimOne().get("id").asLong())
                .as("once it depends on nothing")
                .isEqualTo(id);
    }

    @Test
    void dependenciesThatMakeNoSenseAreRefused() {
        String eleven = IntStream.range(0, 11).mapToObj(i -> "\"d" + i + "\"").collect(Collectors.joining(", "));
        for (String[] each : new String[][] {
            {"", "\"a\"", "it must be 1 to 100"},
            {"\"no kind\"", "\"a\"", "is not a kind"},
            {"\"K\"", "\"no name\"", "is not a dependency"},
            {"\"K\"", eleven, "at most 10"},
        }) {
            HttpResponse<String> answer = server.put("/api/v1/work/dependencies", dependencies(each[0], each[1]));
            assertThat(answer.statusCode()).as(each[2]).isEqualTo(400);
            assertThat(answer.body()).contains(each[2]);
        }
        assertThat(server.mill.breakers().list())
                .noneMatch(view -> view.breaker().name().equals("d0"));
    }

    @Test
    void aJobIsClaimedToldOfAndFinished() {
        long id = enqueue();
        JsonNode job = claimOne();
        assertThat(job.get("id").asLong()).isEqualTo(id);
        assertThat(job.get("payload").get("page").toString()).isEqualTo("12345678901234567890");
        assertThat(job.get("tags").get("book").asString()).isEqualTo("7");
        assertThat(job.get("priority").asString()).isEqualTo("MEDIUM");
        assertThat(job.get("timeout_ms").isNull()).isTrue();

        JsonNode beat = ServerUnderTest.json(say(
                job,
                "heartbeat",
                ", \"progress\": {\"done\": 1, \"total\": 3}, \"log\": [{\"text\": \"page one\"},"
                        + " {\"level\": \"warn\", \"text\": \"no ink\"}]"));
        assertThat(beat.get("go_on").asBoolean()).isTrue();
        assertThat(beat.get("lease_until").asString()).contains("T");
        assertThat(say(job, "finish", ", \"result\": {\"pages\": 3}").statusCode())
                .isEqualTo(204);
        assertThat(say(job, "finish", "").statusCode()).isEqualTo(204);

        JobView done = server.mill.job(id).orElseThrow();
        assertThat(done.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(done.attempts().getFirst().result()).contains("pages");
        assertThat(server.mill.log(id, 10)).hasSize(2);
        HttpResponse<String> late = say(job, "fail", ", \"message\": \"oh no\"");
        assertThat(late.statusCode()).isEqualTo(409);
        assertThat(ServerUnderTest.json(late).get("code").asString()).isEqualTo("LEASE_LOST");
        assertThat(late.body()).doesNotContain(job.get("token").asString());
    }

    @Test
    void progressIsCountedInWhateverAWorkerCountsByteByByte() {
        long id = enqueue();
        JsonNode job = claimOne();
        assertThat(say(job, "heartbeat", ", \"progress\": {\"done\": 9007199254740993, \"total\": 9223372036854775807}")
                        .statusCode())
                .isEqualTo(200);
        await().untilAsserted(() -> {
            JsonNode progress =
                    ServerUnderTest.json(server.get("/api/v1/jobs/" + id)).get("progress");
            assertThat(progress.isNull()).isFalse();
            assertThat(progress.get("done").asString()).isEqualTo("9007199254740993");
            assertThat(progress.get("total").asString()).isEqualTo("9223372036854775807");
        });
        for (String given : List.of("-1", "9223372036854775808", "\"7\"")) {
            assertThat(say(job, "heartbeat", ", \"progress\": {\"done\": 1, \"total\": " + given + "}")
                            .body())
                    .contains("FIELD_INVALID", "/progress/total", "whole number");
        }
        assertThat(say(job, "finish", "").statusCode()).isEqualTo(204);
    }

    @Test
    void aFailureSaysWhatItStandsFor() {
        long id = enqueue();
        assertThat(say(
                                claimOne(),
                                "fail",
                                ", \"category\": \"rate_limited\", \"message\": \"slow down\", \"after\": \"PT1H\"")
                        .statusCode())
                .isEqualTo(204);
        assertThat(server.mill.job(id).orElseThrow().state()).isEqualTo(JobState.SCHEDULED);
        assertThat(outcomes(id)).containsExactly(AttemptOutcome.SNOOZED);
        long dead = enqueue();
        assertThat(say(claimOne(), "fail", ", \"category\": \"PERMANENT\", \"message\": \"no such page\"")
                        .statusCode())
                .isEqualTo(204);
        assertThat(server.mill.job(dead).orElseThrow().state()).isEqualTo(JobState.DEAD);
        long back = enqueue();
        assertThat(say(claimOne(), "release", "").statusCode()).isEqualTo(204);
        assertThat(claimOne().get("id").asLong()).isEqualTo(back);
    }

    @Test
    void whatIsWrongWithARequestIsSaid() {
        assertThat(server.post("/api/v1/work/claim", "{\"worker\": \"w\"}").statusCode())
                .isEqualTo(400);
        HttpResponse<String> many =
                server.post("/api/v1/work/claim", "{\"worker\": \"w\", \"kinds\": [\"A\"], \"max\": 1000}");
        assertThat(many.statusCode()).isEqualTo(400);
        assertThat(many.body()).contains("1 to 100");
        assertThat(server.post("/api/v1/work/claim", "{\"worker\": \"w\", \"kinds\": \"A\"}")
                        .body())
                .contains("FIELD_INVALID", "array of strings");
        enqueue();
        JsonNode job = claimOne();
        assertThat(say(job, "heartbeat", ", \"log\": [{\"text\": \"a\"}, {\"words\": \"b\"}]")
                        .body())
                .contains("FIELD_UNKNOWN", "/log/1/words");
        assertThat(say(job, "fail", ", \"category\": \"BORED\", \"message\": \"m\"")
                        .statusCode())
                .isEqualTo(400);
        assertThat(say(job, "fail", "").body()).contains("FIELD_MISSING");
        assertThat(server.post("/api/v1/work/" + job.get("id").asLong() + "/finish", "{\"attempt\": 1}")
                        .body())
                .contains("FIELD_MISSING", "/token");
        assertThat(say(job, "finish", ", \"result\": \"" + "x".repeat(70_000) + "\"")
                        .statusCode())
                .isEqualTo(413);
        assertThat(say(job, "finish", "").statusCode()).isEqualTo(204);
    }

    @Test
    void aServerThatStopsAnswersWhoeverWaitsAndGivesBackWhatWorkersHave() throws Exception {
        long id = enqueue();
        JsonNode job = claimOne();
        CompletableFuture<JsonNode> waiting = CompletableFuture.supplyAsync(() -> claim(", \"wait\": \"PT30S\""));
        await().until(() -> server.mill.stats().nodes().stream()
                .anyMatch(node -> node.kinds().contains(kind)));
        long began = System.nanoTime();
        server.server.stop();
        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began)).isLessThan(15);
        assertThat(waiting.get(10, TimeUnit.SECONDS).get("jobs")).isEmpty();
        try (ServerUnderTest next = ServerUnderTest.on(database)) {
            JsonNode again = claim(next, ", \"wait\": \"PT20S\"").get("jobs").get(0);
            assertThat(again.get("id").asLong()).isEqualTo(id);
            assertThat(say(next, again, "finish", "").statusCode()).isEqualTo(204);
        }
        assertThat(outcomes(id)).containsExactly(AttemptOutcome.RELEASED, AttemptOutcome.SUCCEEDED);
        assertThat(job.get("id").asLong()).isEqualTo(id);
    }

    @Test
    void ofTwoServersTheOtherOneSaysWhereAWordBelongs() {
        enqueue();
        try (ServerUnderTest first = ServerUnderTest.on(
                        database,
                        jobs -> jobs.nodeName("first"),
                        settings -> settings.advertise(URI.create("http://first.example:8080")));
                ServerUnderTest second = ServerUnderTest.on(database, jobs -> jobs.nodeName("second"), s -> s)) {
            JsonNode answer = claim(first, ", \"wait\": \"PT20S\"");
            assertThat(answer.get("server").asString()).isEqualTo("http://first.example:8080");
            JsonNode job = answer.get("jobs").get(0);
            HttpResponse<String> refused = say(second, job, "finish", "");
            assertThat(refused.statusCode()).isEqualTo(421);
            JsonNode problem = ServerUnderTest.json(refused);
            assertThat(problem.get("code").asString()).isEqualTo("HELD_ELSEWHERE");
            assertThat(problem.get("server").asString()).isEqualTo("http://first.example:8080");
            assertThat(say(first, job, "finish", "").statusCode()).isEqualTo(204);
        }
    }

    @Test
    void aJobWhoseServerIsKilledRunsOnceMoreAndTheFormerWorkerIsToldSo() throws Exception {
        ServerProcess doomed = ServerProcess.start(database, folder.resolve("log"));
        long id = enqueue();
        HttpResponse<String> answer =
                server.send(java.net.http.HttpRequest.newBuilder(URI.create(doomed.url() + "/api/v1/work/claim"))
                        .header("Content-Type", "application/json")
                        .POST(java.net.http.HttpRequest.BodyPublishers.ofString(
                                "{\"worker\": \"node-8\", \"kinds\": [\"" + kind + "\"], \"wait\": \"PT20S\"}")));
        JsonNode job = ServerUnderTest.json(answer).get("jobs").get(0);
        doomed.kill();

        JsonNode again = claimOne();
        assertThat(again.get("id").asLong()).isEqualTo(id);
        assertThat(again.get("attempt").asInt()).isEqualTo(2);
        assertThat(say(job, "finish", "").statusCode()).isEqualTo(409);
        assertThat(say(again, "finish", "").statusCode()).isEqualTo(204);
        assertThat(outcomes(id)).containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
    }
}
