package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What endpoints are sent, and what follows from their answers. */
@ExtendWith(FreshSchema.class)
final class EndpointMessagesTest {
    private final EndpointUnderTest endpoint;
    private final ServerUnderTest server;
    private final Receiver receiver;

    EndpointMessagesTest(TestDatabase database) {
        this.endpoint = new EndpointUnderTest(database);
        this.server = endpoint.server;
        this.receiver = endpoint.receiver;
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Test
    void aJobIsSentSignedAndWhatIsAnsweredIsItsResult() throws Exception {
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "{\"parcel\": 7}");
        String secret = endpoint.register(", \"headers\": {\"X-Custom\": \"hush-hush\"}");
        long id = endpoint.enqueue();
        JobView done = endpoint.in(id, JobState.SUCCEEDED);
        assertThat(done.attempts().getFirst().result()).contains("parcel");
        Receiver.Message message = receiver.messages.getFirst();
        assertThat(message.id()).isEqualTo("job_" + id);
        assertThat(message.signature()).isEqualTo(EndpointUnderTest.signature(secret, message));
        assertThat(message.custom()).isEqualTo("hush-hush");
        assertThat(message.json().get("id").asLong()).isEqualTo(id);
        assertThat(message.json().get("kind").asString()).isEqualTo(endpoint.kind);
        assertThat(message.json().get("attempt").asInt()).isEqualTo(1);
        assertThat(message.json().get("payload").get("order").toString()).isEqualTo("12345678901234567890");
        assertThat(server.get("/api/v1/endpoints").body()
                        + server.get("/api/v1/endpoints/" + endpoint.name).body()
                        + server.get("/api/v1/audit").body())
                .contains(endpoint.name, "X-Custom")
                .doesNotContain("hush-hush", secret.substring(6), "whsec_");
    }

    @Test
    void theTraceOfAJobGoesAlongInTheTwoHeadersThatItHas() {
        String parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        endpoint.register("");
        endpoint.in(
                server.mill.enqueue(
                        new JobRequest(endpoint.kind, "{}"), EnqueueOptions.NONE.trace(parent + " vendor=x,other=1")),
                JobState.SUCCEEDED);
        Receiver.Message both = receiver.messages.getLast();
        assertThat(both.traceparent()).isEqualTo(parent);
        assertThat(both.tracestate()).isEqualTo("vendor=x,other=1");
        assertThat(both.json().get("traceparent").asString()).isEqualTo(parent);
        assertThat(both.json().get("tracestate").asString()).isEqualTo("vendor=x,other=1");
        endpoint.in(
                server.mill.enqueue(new JobRequest(endpoint.kind, "{}"), EnqueueOptions.NONE.trace(parent)),
                JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().traceparent()).isEqualTo(parent);
        assertThat(receiver.messages.getLast().tracestate()).isEmpty();
        endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().traceparent()).isEmpty();
        assertThat(receiver.messages.getLast().tracestate()).isEmpty();
    }

    @Test
    void aSecretThatIsReplacedSignsForAWhileBesideTheNewOne() throws Exception {
        String first = endpoint.register("");
        endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
        String second = rotated("{\"keep\": \"PT1H\"}");
        await().atMost(EndpointUnderTest.SOON).until(() -> {
            endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
            Receiver.Message message = receiver.messages.getLast();
            return message.signature()
                    .equals(EndpointUnderTest.signature(second, message) + " "
                            + EndpointUnderTest.signature(first, message));
        });
        String third = rotated("{\"keep\": \"PT0S\"}");
        await().atMost(EndpointUnderTest.SOON).until(() -> {
            endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
            Receiver.Message message = receiver.messages.getLast();
            return message.signature().equals(EndpointUnderTest.signature(third, message));
        });
    }

    private String rotated(String body) {
        HttpResponse<String> answer = server.post("/api/v1/endpoints/" + endpoint.name + "/rotate", body);
        assertThat(answer.statusCode()).isEqualTo(200);
        return ServerUnderTest.json(answer).get("secret").asString();
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
        endpoint.register("");
        JobView done = endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
        assertThat(EndpointUnderTest.outcomes(done)).containsExactly(AttemptOutcome.SNOOZED, AttemptOutcome.SUCCEEDED);
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
        endpoint.register(", \"timeout\": \"PT0.5S\"");
        long id = server.mill.enqueue(new JobRequest(endpoint.kind, "{}"), EnqueueOptions.NONE.attempts(1));
        JobView dead = endpoint.in(id, JobState.DEAD);
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
        endpoint.register(", \"concurrency\": 2");
        List<Long> ids = IntStream.range(0, 6).mapToObj(i -> endpoint.enqueue()).toList();
        await().until(() -> receiver.inside.get() == 2);
        // Long enough for a third one to come, if there were room.
        await().during(Duration.ofMillis(500)).until(() -> receiver.inside.get() == 2);
        go.countDown();
        ids.forEach(id -> endpoint.in(id, JobState.SUCCEEDED));
        assertThat(receiver.most).hasValue(2);
    }

    @Test
    void anEndpointThatSaysItIsGoneGetsNothingMoreUntilItIsResumed() {
        receiver.behaviour = exchange -> Receiver.reply(exchange, 410, "");
        endpoint.register("");
        endpoint.in(endpoint.enqueue(), JobState.DEAD);
        await().until(() -> !endpoint.shown().get("open").asBoolean());
        assertThat(endpoint.shown().get("gone_at").isNull()).isFalse();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "");
        int sent = receiver.messages.size();
        // What was claimed before that was known is sent all the same.
        await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
        long waits = endpoint.enqueue();
        await().during(Duration.ofSeconds(1))
                .until(() -> server.mill.job(waits).orElseThrow().state() == JobState.READY);
        assertThat(server.post("/api/v1/endpoints/" + endpoint.name + "/resume").statusCode())
                .isEqualTo(204);
        endpoint.in(waits, JobState.SUCCEEDED);
    }

    @Test
    void redirectsAreNotFollowedAndLongAnswersAreNotKept() {
        try (Receiver secret = new Receiver()) {
            receiver.behaviour = exchange -> {
                exchange.getResponseHeaders().set("Location", secret.url());
                Receiver.reply(exchange, 307, "");
            };
            endpoint.register("");
            long id = server.mill.enqueue(new JobRequest(endpoint.kind, "{}"), EnqueueOptions.NONE.attempts(1));
            assertThat(endpoint.in(id, JobState.DEAD).attempts().getFirst().error())
                    .contains("307", "not followed");
            assertThat(secret.messages).isEmpty();
        }
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "\"" + "x".repeat(10 << 20) + "\"");
        JobView done = endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
        assertThat(done.attempts().getFirst().result()).isNull();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "this is no JSON");
        assertThat(endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED)
                        .attempts()
                        .getFirst()
                        .result())
                .isNull();
        receiver.behaviour = exchange -> Receiver.reply(exchange, 422, "{\"error\": \"no such order\"}");
        assertThat(endpoint.in(endpoint.enqueue(), JobState.DEAD).attempts())
                .hasSize(1)
                .first()
                .satisfies(attempt -> assertThat(attempt.error()).contains("422", "no such order"));
    }
}
