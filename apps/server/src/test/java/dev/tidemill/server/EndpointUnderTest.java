package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import tools.jackson.databind.JsonNode;

/** An endpoint with a kind of its own, the server that sends to it, and who receives there. */
final class EndpointUnderTest implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(30);
    private static final AtomicInteger COUNTER = new AtomicInteger();

    final ServerUnderTest server;
    final Receiver receiver = new Receiver();
    final int number = COUNTER.incrementAndGet();
    final String kind = "Ship" + number;
    final String name = "shipping" + number;

    EndpointUnderTest(TestDatabase database) {
        this.server = ServerUnderTest.on(database, jobs -> jobs, TidemillServerBuilder::allowPrivateEndpoints);
    }

    /** Makes it, with more settings than it must have; its secret. */
    String register(String more) {
        HttpResponse<String> made = put(receiver.url(), more);
        assertThat(made.statusCode()).describedAs(made.body()).isEqualTo(201);
        return ServerUnderTest.json(made).get("secret").asString();
    }

    HttpResponse<String> put(String url, String more) {
        return server.put(
                "/api/v1/endpoints/" + name, "{\"url\": \"" + url + "\", \"kinds\": [\"" + kind + "\"]" + more + "}");
    }

    long enqueue() {
        return server.mill.enqueue(new JobRequest(kind, "{\"order\": 12345678901234567890}"));
    }

    /** The job, once it is in this state. */
    JobView in(long id, JobState state) {
        return await().atMost(SOON).until(() -> server.mill.job(id).orElseThrow(), job -> job.state() == state);
    }

    static List<AttemptOutcome> outcomes(JobView job) {
        return job.attempts().stream().map(AttemptView::outcome).toList();
    }

    JsonNode shown() {
        return ServerUnderTest.json(server.get("/api/v1/endpoints/" + name));
    }

    static String signature(String secret, Receiver.Message message) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), "HmacSHA256"));
        String signed = message.id() + "." + message.timestamp() + "." + message.body();
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(signed.getBytes(StandardCharsets.UTF_8)));
    }

    BreakerView breaker(String of) {
        return server.mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(of))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        server.server.stop();
        server.close();
        receiver.close();
    }
}
