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
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Jobs that are sent to endpoints. */
@ExtendWith(FreshSchema.class)
final class EndpointsApiTest {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Duration SOON = Duration.ofSeconds(30);

    private final TestDatabase database;
    private final ServerUnderTest server;
    private final Receiver receiver = new Receiver();
    private final int number = COUNTER.incrementAndGet();
    private final String kind = "Ship" + number;
    private final String name = "shipping" + number;

    EndpointsApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database, jobs -> jobs, TidemillServerBuilder::allowPrivateEndpoints);
    }

    @AfterEach
    void stop() {
        server.server.stop();
        server.close();
        receiver.close();
    }

    private String register(String more) {
        HttpResponse<String> made = put(receiver.url(), more);
        assertThat(made.statusCode()).describedAs(made.body()).isEqualTo(201);
        return ServerUnderTest.json(made).get("secret").asString();
    }

    private HttpResponse<String> put(String url, String more) {
        return server.put(
                "/api/v1/endpoints/" + name, "{\"url\": \"" + url + "\", \"kinds\": [\"" + kind + "\"]" + more + "}");
    }

    private long enqueue() {
        return server.mill.enqueue(new JobRequest(kind, "{\"order\": 12345678901234567890}"));
    }

    private JobView in(long id, JobState state) {
        return await().atMost(SOON).until(() -> server.mill.job(id).orElseThrow(), job -> job.state() == state);
    }

    private static List<AttemptOutcome> outcomes(JobView job) {
        return job.attempts().stream().map(AttemptView::outcome).toList();
    }

    private JsonNode endpoint() {
        return ServerUnderTest.json(server.get("/api/v1/endpoints/" + name));
    }

    private static String signature(String secret, Receiver.Message message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        String signed = message.id() + "." + message.timestamp() + "." + message.body();
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    }

    private BreakerView breaker(String of) {
        return server.mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(of))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatAnEndpointDependsOnHoldsItsJobsBack() {
        String carrier = "carrier" + number;
        register(", \"depends_on\": [\"" + carrier + "\"]");
        assertThat(endpoint().get("depends_on").get(0).asString()).isEqualTo(carrier);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(server.mill.breakers().list())
                        .filteredOn(view -> view.kinds().contains(kind))
                        .extracting(view -> view.breaker().name())
                        .contains(carrier, "push.127.0.0.1"));
        server.mill.breakers().open(carrier, "ada");
        long id = enqueue();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(ServerUnderTest.json(server.get("/api/v1/jobs/" + id + "/why"))
                                .get("reasons")
                                .get(0)
                                .get("code")
                                .asString())
                        .isEqualTo("BREAKER_OPEN"));
        assertThat(receiver.messages).isEmpty();
        server.mill.breakers().close(carrier, "ada");
        in(id, JobState.SUCCEEDED);
    }

    @Test
    void anAnswerNamesWhatIsDownAndThatBreakerOpensAndNotTheHosts() {
        String carrier = "carrier" + number;
        receiver.behaviour = exchange -> {
            exchange.getResponseHeaders().set("Tidemill-Dependency", carrier);
            Receiver.reply(exchange, 503, "");
        };
        server.mill
                .breakers()
                .put(Breaker.of(carrier).failures(1).openFor(Duration.ofHours(1), Duration.ofHours(1)), "ada");
        register(", \"depends_on\": [\"" + carrier + "\"]");
        await().atMost(SOON).until(() -> breaker(carrier).kinds().contains(kind));
        long id = enqueue();
        await().atMost(SOON).until(() -> breaker(carrier).state() == BreakerView.State.OPEN);
        assertThat(breaker("push.127.0.0.1").failuresInRow()).isZero();
        assertThat(breaker("push.127.0.0.1").state()).isEqualTo(BreakerView.State.CLOSED);
        assertThat(outcomes(server.mill.job(id).orElseThrow()))
                .as("not counted")
                .doesNotContain(AttemptOutcome.FAILED);
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "");
        server.mill.breakers().close(carrier, "ada");
        in(id, JobState.SUCCEEDED);
    }

    @Test
    void anEndpointDependsOnNineThingsBesideItsHost() {
        String names = IntStream.range(0, 10).mapToObj(i -> "\"d" + i + "\"").collect(Collectors.joining(", "));
        HttpResponse<String> refused = put(receiver.url(), ", \"depends_on\": [" + names + "]");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("depends_on: 10; it must be 0 to 9");
        assertThat(put(receiver.url(), ", \"depends_on\": [\"no name\"]").body())
                .contains("dependency is 'no name'");
    }

    @Test
    void aJobIsSentSignedAndWhatIsAnsweredIsItsResult() throws Exception {
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "{\"parcel\": 7}");
        String secret = register(", \"headers\": {\"X-Custom\": \"hush-hush\"}");
        long id = enqueue();
        JobView done = in(id, JobState.SUCCEEDED);
        assertThat(done.attempts().getFirst().result()).contains("parcel");
        Receiver.Message message = receiver.messages.getFirst();
        assertThat(message.id()).isEqualTo("job_" + id);
        assertThat(message.signature()).isEqualTo(signature(secret, message));
        assertThat(message.custom()).isEqualTo("hush-hush");
        assertThat(message.json().get("id").asLong()).isEqualTo(id);
        assertThat(message.json().get("kind").asString()).isEqualTo(kind);
        assertThat(message.json().get("attempt").asInt()).isEqualTo(1);
        assertThat(message.json().get("payload").get("order").toString()).isEqualTo("12345678901234567890");
        assertThat(server.get("/api/v1/endpoints").body()
                        + server.get("/api/v1/endpoints/" + name).body()
                        + server.get("/api/v1/audit").body())
                .contains(name, "X-Custom")
                .doesNotContain("hush-hush", secret.substring(6), "whsec_");
    }

    @Test
    void theTraceOfAJobGoesAlongInTheTwoHeadersThatItHas() {
        String parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        register("");
        in(
                server.mill.enqueue(
                        new JobRequest(kind, "{}"), EnqueueOptions.NONE.trace(parent + " vendor=x,other=1")),
                JobState.SUCCEEDED);
        Receiver.Message both = receiver.messages.getLast();
        assertThat(both.traceparent()).isEqualTo(parent);
        assertThat(both.tracestate()).isEqualTo("vendor=x,other=1");
        assertThat(both.json().get("traceparent").asString()).isEqualTo(parent);
        assertThat(both.json().get("tracestate").asString()).isEqualTo("vendor=x,other=1");
        in(server.mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.trace(parent)), JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().traceparent()).isEqualTo(parent);
        assertThat(receiver.messages.getLast().tracestate()).isEmpty();
        in(enqueue(), JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().traceparent()).isEmpty();
        assertThat(receiver.messages.getLast().tracestate()).isEmpty();
    }

    @Test
    void whoeverIsAskedTooOftenIsLeftAloneForAsLongAsItSaysAndNoAttemptIsBurnt() {
        receiver.behaviour = exchange -> {
            if (receiver.messages.size() == 1) {
                exchange.getResponseHeaders().set("Retry-After", "2");
                Receiver.reply(exchange, 429, "");
            } else {
                Receiver.reply(exchange, 204, "");
            }
        };
        register("");
        JobView done = in(enqueue(), JobState.SUCCEEDED);
        assertThat(outcomes(done)).containsExactly(AttemptOutcome.SNOOZED, AttemptOutcome.SUCCEEDED);
        assertThat(Duration.between(
                        done.attempts().getFirst().startedAt(),
                        done.attempts().getLast().startedAt()))
                .isGreaterThanOrEqualTo(Duration.ofSeconds(2));
        assertThat(receiver.messages)
                .extracting(Receiver.Message::id)
                .containsOnly(receiver.messages.getFirst().id());
        assertThat(receiver.messages.getLast().json().get("failures").asInt()).isZero();
    }

    @Test
    void aSlowEndpointFailsTheAttemptWhenItsTimeIsOver() {
        CountDownLatch end = new CountDownLatch(1);
        receiver.behaviour = exchange -> {
            // Bytes that drip do not make it faster.
            exchange.sendResponseHeaders(200, 0);
            while (!end.await(50, java.util.concurrent.TimeUnit.MILLISECONDS)) {
                exchange.getResponseBody().write(' ');
                exchange.getResponseBody().flush();
            }
        };
        register(", \"timeout\": \"PT0.5S\"");
        long id = server.mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.attempts(1));
        JobView dead = in(id, JobState.DEAD);
        end.countDown();
        assertThat(dead.attempts().getFirst().error()).contains("500 ms");
        assertThat(dead.attempts().getFirst().took()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void noMoreAreSentAtATimeThanTheEndpointTakes() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        receiver.behaviour = exchange -> {
            go.await();
            Receiver.reply(exchange, 200, "");
        };
        register(", \"concurrency\": 2");
        List<Long> ids = IntStream.range(0, 6).mapToObj(i -> enqueue()).toList();
        await().until(() -> receiver.inside.get() == 2);
        // Long enough for a third one to come, if there were room.
        await().during(Duration.ofMillis(500)).until(() -> receiver.inside.get() == 2);
        go.countDown();
        ids.forEach(id -> in(id, JobState.SUCCEEDED));
        assertThat(receiver.most).hasValue(2);
    }

    @Test
    void anEndpointThatSaysItIsGoneGetsNothingMoreUntilItIsResumed() {
        receiver.behaviour = exchange -> Receiver.reply(exchange, 410, "");
        register("");
        in(enqueue(), JobState.DEAD);
        await().until(() -> !endpoint().get("open").asBoolean());
        assertThat(endpoint().get("gone_at").isNull()).isFalse();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "");
        int sent = receiver.messages.size();
        // What was claimed before that was known is sent all the same.
        await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
        long waits = enqueue();
        await().during(Duration.ofSeconds(1))
                .until(() -> server.mill.job(waits).orElseThrow().state() == JobState.READY);
        assertThat(server.post("/api/v1/endpoints/" + name + "/resume").statusCode())
                .isEqualTo(204);
        in(waits, JobState.SUCCEEDED);
    }

    @Test
    void aSecretThatIsReplacedSignsForAWhileBesideTheNewOne() throws Exception {
        String first = register("");
        in(enqueue(), JobState.SUCCEEDED);
        String second = rotated("{\"keep\": \"PT1H\"}");
        await().atMost(SOON).until(() -> {
            in(enqueue(), JobState.SUCCEEDED);
            Receiver.Message message = receiver.messages.getLast();
            return message.signature().equals(signature(second, message) + " " + signature(first, message));
        });
        String third = rotated("{\"keep\": \"PT0S\"}");
        await().atMost(SOON).until(() -> {
            in(enqueue(), JobState.SUCCEEDED);
            Receiver.Message message = receiver.messages.getLast();
            return message.signature().equals(signature(third, message));
        });
    }

    private String rotated(String body) {
        HttpResponse<String> answer = server.post("/api/v1/endpoints/" + name + "/rotate", body);
        assertThat(answer.statusCode()).isEqualTo(200);
        return ServerUnderTest.json(answer).get("secret").asString();
    }

    @Test
    void redirectsAreNotFollowedAndLongAnswersAreNotKept() {
        try (Receiver secret = new Receiver()) {
            receiver.behaviour = exchange -> {
                exchange.getResponseHeaders().set("Location", secret.url());
                Receiver.reply(exchange, 307, "");
            };
            register("");
            long id = server.mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.attempts(1));
            assertThat(in(id, JobState.DEAD).attempts().getFirst().error()).contains("307", "not followed");
            assertThat(secret.messages).isEmpty();
        }
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "\"" + "x".repeat(10 << 20) + "\"");
        JobView done = in(enqueue(), JobState.SUCCEEDED);
        assertThat(done.attempts().getFirst().result()).isNull();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "this is no JSON");
        assertThat(in(enqueue(), JobState.SUCCEEDED).attempts().getFirst().result())
                .isNull();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 422, "{\"error\": \"no such order\"}");
        assertThat(in(enqueue(), JobState.DEAD).attempts())
                .hasSize(1)
                .first()
                .satisfies(attempt -> assertThat(attempt.error()).contains("422", "no such order"));
    }

    @Test
    void anEndpointThatCannotBeReachedOpensItsBreakerAndAProbeClosesIt() {
        int port = receiver.port();
        String url = receiver.url();
        receiver.close();
        assertThat(put(url, "").statusCode()).isEqualTo(201);
        List<Long> ids = IntStream.range(0, 8).mapToObj(i -> enqueue()).toList();
        await().atMost(SOON).until(() -> server.get("/api/v1/breakers").body().contains("\"OPEN\""));
        assertThat(endpoint().get("breaker").asString()).isEqualTo("push.127.0.0.1");
        try (Receiver back = new Receiver(port)) {
            ids.forEach(id -> {
                JobView done = in(id, JobState.SUCCEEDED);
                assertThat(outcomes(done)).doesNotContain(AttemptOutcome.FAILED);
            });
            assertThat(back.messages).hasSizeGreaterThanOrEqualTo(8);
        }
    }

    @Test
    void whatOneServerRegistersAnotherSendsToUntilItIsPausedOrDeleted() {
        try (ServerUnderTest other =
                ServerUnderTest.on(database, jobs -> jobs, TidemillServerBuilder::allowPrivateEndpoints)) {
            register("");
            server.server.stop();
            in(enqueue(), JobState.SUCCEEDED);
            assertThat(other.post("/api/v1/endpoints/" + name + "/pause", "{\"reason\": \"a new lock\"}")
                            .statusCode())
                    .isEqualTo(204);
            assertThat(other.get("/api/v1/endpoints/" + name).body()).contains("a new lock");
            await().until(() -> !ServerUnderTest.json(other.get("/api/v1/endpoints/" + name))
                    .get("open")
                    .asBoolean());
            int sent = receiver.messages.size();
            await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
            long waits = enqueue();
            await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
            assertThat(other.post("/api/v1/endpoints/" + name + "/resume").statusCode())
                    .isEqualTo(204);
            in(waits, JobState.SUCCEEDED);
            assertThat(other.send(other.to("/api/v1/endpoints/" + name).DELETE())
                            .statusCode())
                    .isEqualTo(204);
            assertThat(other.get("/api/v1/endpoints/" + name).statusCode()).isEqualTo(404);
        }
    }

    @Test
    void aRoundSendsToEndpointsThatWaitToBeAsked() {
        register(", \"on_demand\": true");
        List<Long> ids = IntStream.range(0, 3).mapToObj(i -> enqueue()).toList();
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
        register("");
        // Its line asks for jobs by now, and has taken all its places for them.
        await().until(() -> server.mill.stats().nodes().stream()
                .anyMatch(node -> node.kinds().contains(kind)));
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
        register(", \"on_demand\": true, \"concurrency\": 1");
        List<Long> ids = IntStream.range(0, 2).mapToObj(i -> enqueue()).toList();
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
        ids.forEach(id -> in(id, JobState.SUCCEEDED));
    }

    @Test
    void anEndpointIsTriedOutWithoutAJob() {
        register("");
        JsonNode tried = ServerUnderTest.json(server.post("/api/v1/endpoints/" + name + "/test"));
        assertThat(tried.get("ok").asBoolean()).isTrue();
        assertThat(receiver.messages.getFirst().json().get("kind").asString()).isEqualTo("tidemill.test");
        receiver.behaviour = exchange -> Receiver.reply(exchange, 500, "\"broken\"");
        JsonNode failed = ServerUnderTest.json(server.post("/api/v1/endpoints/" + name + "/test"));
        assertThat(failed.get("status").asInt()).isEqualTo(500);
        assertThat(failed.get("error").asString()).contains("broken");
        assertThat(server.post("/api/v1/endpoints/nobody/test").statusCode()).isEqualTo(404);
    }

    @Test
    void whatIsNoEndpointIsRefusedWithItsRule() {
        register("");
        assertThat(server.put(
                                "/api/v1/endpoints/another",
                                "{\"url\": \"" + receiver.url() + "\", \"kinds\": [\"" + kind + "\"]}")
                        .body())
                .contains("ALREADY_EXISTS", name);
        assertThat(put("ftp://example.com", "").statusCode()).isEqualTo(400);
        assertThat(put("https://user:hunter2@example.com/", "").body())
                .contains("400")
                .doesNotContain("hunter2");
        for (String taken : List.of("Webhook-Id", "traceparent", "Tracestate")) {
            assertThat(put(receiver.url(), ", \"headers\": {\"" + taken + "\": \"1\"}")
                            .statusCode())
                    .isEqualTo(400);
        }
        assertThat(put(receiver.url(), ", \"headers\": {\"X-Key\": \"hunter2\\u0000\"}")
                        .body())
                .contains("X-Key")
                .doesNotContain("hunter2");
        assertThat(put(receiver.url(), ", \"concurrency\": 0").statusCode()).isEqualTo(400);
        assertThat(put(receiver.url(), ", \"timeout\": \"PT1H\"").statusCode()).isEqualTo(400);
        assertThat(put(receiver.url(), ", \"secret\": \"hunter2\"").statusCode())
                .isEqualTo(400);
        assertThat(put("http://127.0.0.1:99999/", "").body()).contains("1 to 65535");
        assertThat(put("http://127.0.0.1:0/", "").statusCode()).isEqualTo(400);
        assertThat(put(receiver.url(), "").statusCode()).isEqualTo(204);
    }

    @Test
    void withoutLeaveNothingIsSentToPrivateAddressesOrWithoutTls() {
        try (ServerUnderTest strict = ServerUnderTest.on(database)) {
            for (String url : List.of(
                    "https://127.0.0.1/",
                    "https://localhost:8443/",
                    "https://[::ffff:10.0.0.1]/",
                    "https://169.254.169.254/latest/meta-data/")) {
                HttpResponse<String> refused =
                        strict.put("/api/v1/endpoints/inside", "{\"url\": \"" + url + "\", \"kinds\": [\"Inside\"]}");
                assertThat(refused.statusCode()).describedAs(url).isEqualTo(400);
                assertThat(refused.body()).contains("--allow-private-endpoints");
            }
            assertThat(strict.put(
                                    "/api/v1/endpoints/inside",
                                    "{\"url\": \"https://2130706433/\", \"kinds\": [\"Inside\"]}")
                            .statusCode())
                    .isEqualTo(400);
            assertThat(strict.put(
                                    "/api/v1/endpoints/plain",
                                    "{\"url\": \"http://example.com/\", \"kinds\": [\"Inside\"]}")
                            .body())
                    .contains("https");
        }
    }

    @Test
    void anAddressThatAnotherServerLetInIsStillGuardedWhenSending() {
        register("");
        assertThat(server.put(
                                "/api/v1/endpoints/" + name + "byTls",
                                "{\"url\": \"" + receiver.url().replace("http:", "https:") + "\", \"kinds\": [\"" + kind
                                        + "byTls\"]}")
                        .statusCode())
                .isEqualTo(201);
        server.server.stop();
        try (ServerUnderTest strict = ServerUnderTest.on(database)) {
            long id = strict.mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.attempts(1));
            JobView dead = in(id, JobState.DEAD);
            assertThat(dead.attempts().getLast().error()).contains("https alone", "--allow-private-endpoints");
            assertThat(strict.post("/api/v1/endpoints/" + name + "/test").body())
                    .contains("https alone", "--allow-private-endpoints");
            assertThat(strict.post("/api/v1/endpoints/" + name + "byTls/test").body())
                    .contains("not on the public network", "--allow-private-endpoints");
            assertThat(receiver.messages).isEmpty();
        }
    }
}
