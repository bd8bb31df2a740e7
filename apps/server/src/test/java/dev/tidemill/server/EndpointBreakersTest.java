package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What endpoints depend on, and what becomes of their jobs while that is down. */
@ExtendWith(FreshSchema.class)
final class EndpointBreakersTest {
    private final EndpointUnderTest endpoint;
    private final ServerUnderTest server;
    private final Receiver receiver;

    EndpointBreakersTest(TestDatabase database) {
        this.endpoint = new EndpointUnderTest(database);
        this.server = endpoint.server;
        this.receiver = endpoint.receiver;
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Test
    void whatAnEndpointDependsOnHoldsItsJobsBack() {
        String carrier = "carrier" + endpoint.number;
        endpoint.register(", \"depends_on\": [\"" + carrier + "\"]");
        assertThat(endpoint.shown().get("depends_on").get(0).asString()).isEqualTo(carrier);
        await().atMost(EndpointUnderTest.SOON)
                .untilAsserted(() -> assertThat(server.mill.breakers().list())
                        .filteredOn(view -> view.kinds().contains(endpoint.kind))
                        .extracting(view -> view.breaker().name())
                        .contains(carrier, "push.127.0.0.1"));
        server.mill.breakers().open(carrier, "ada");
        long id = endpoint.enqueue();
        await().atMost(EndpointUnderTest.SOON)
                .untilAsserted(() -> assertThat(ServerUnderTest.json(server.get("/api/v1/jobs/" + id + "/why"))
                                .get("reasons")
                                .get(0)
                                .get("code")
                                .asString())
                        .isEqualTo("BREAKER_OPEN"));
        assertThat(receiver.messages).isEmpty();
        server.mill.breakers().close(carrier, "ada");
        endpoint.in(id, JobState.SUCCEEDED);
    }

    @Test
    void anAnswerNamesWhatIsDownAndThatBreakerOpensAndNotTheHosts() {
        String carrier = "carrier" + endpoint.number;
        receiver.behaviour = exchange -> {
            exchange.getResponseHeaders().set("Tidemill-Dependency", carrier);
            Receiver.reply(exchange, 503, "");
        };
        server.mill
                .breakers()
                .put(Breaker.of(carrier).failures(1).openFor(Duration.ofHours(1), Duration.ofHours(1)), "ada");
        endpoint.register(", \"depends_on\": [\"" + carrier + "\"]");
        await().atMost(EndpointUnderTest.SOON)
                .until(() -> endpoint.breaker(carrier).kinds().contains(endpoint.kind));
        long id = endpoint.enqueue();
        await().atMost(EndpointUnderTest.SOON)
                .until(() -> endpoint.breaker(carrier).state() == BreakerView.State.OPEN);
        assertThat(endpoint.breaker("push.127.0.0.1").failuresInRow()).isZero();
        assertThat(endpoint.breaker("push.127.0.0.1").state()).isEqualTo(BreakerView.State.CLOSED);
        assertThat(EndpointUnderTest.outcomes(server.mill.job(id).orElseThrow()))
                .as("not counted")
                .doesNotContain(AttemptOutcome.FAILED);
        receiver.behaviour = exchange -> Receiver.reply(exchange, 200, "");
        server.mill.breakers().close(carrier, "ada");
        endpoint.in(id, JobState.SUCCEEDED);
    }

    @Test
    void anEndpointThatCannotBeReachedOpensItsBreakerAndAProbeClosesIt() {
        int port = receiver.port();
        String url = receiver.url();
        receiver.close();
        assertThat(endpoint.put(url, "").statusCode()).isEqualTo(201);
        List<Long> ids = IntStream.range(0, 8).mapToObj(i -> endpoint.enqueue()).toList();
        await().atMost(EndpointUnderTest.SOON)
                .until(() -> server.get("/api/v1/breakers").body().contains("\"OPEN\""));
        assertThat(endpoint.shown().get("breaker").asString()).isEqualTo("push.127.0.0.1");
        try (Receiver back = new Receiver(port)) {
            ids.forEach(id -> {
                JobView done = endpoint.in(id, JobState.SUCCEEDED);
                assertThat(EndpointUnderTest.outcomes(done)).doesNotContain(AttemptOutcome.FAILED);
            });
            assertThat(back.messages).hasSizeGreaterThanOrEqualTo(8);
        }
    }
}
