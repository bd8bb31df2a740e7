package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.push.Postman.Answer;
import dev.tidemill.server.push.Pusher.Tried;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends jobs to one endpoint as Standard Webhooks, and tells the engine what came of them. The id of a message is the job's,
 * the same for each attempt, so that a receiver can tell a repetition. Thread safe.
 *
 * @param secrets those that sign
 * @param room how many more may be sent at a time
 * @param stopping whether the connections are about to be cut from here
 */
record Courier(
        Tidemill mill,
        EndpointBook book,
        Postman postman,
        Endpoint endpoint,
        List<WebhookSecret> secrets,
        Semaphore room,
        BooleanSupplier stopping) {
    private static final Logger LOG = LoggerFactory.getLogger(Courier.class);

    boolean sameAs(@Nullable Courier other) {
        return other != null
                && endpoint.equals(other.endpoint)
                && texts(secrets).equals(texts(other.secrets));
    }

    private static List<String> texts(List<WebhookSecret> secrets) {
        return secrets.stream().map(WebhookSecret::text).toList();
    }

    /** Sends a job; whether it is done. */
    boolean deliver(Held job) {
        try {
            @Nullable Failure failure = sent(job);
            if (failure != null) {
                mill.remote().fail(job.handle(), failure);
            }
            return failure == null;
        } catch (TidemillException refused) {
            if (refused.code() == ErrorCode.LEASE_LOST) {
                LOG.info("{}: {}", endpoint.name(), refused.getMessage());
            } else {
                LOG.warn(
                        "What the endpoint {} said of {} was not taken: {}",
                        endpoint.name(),
                        job.handle(),
                        refused.getMessage());
            }
            return false;
        }
    }

    /** Null once the engine knows what came of it. */
    private @Nullable Failure sent(Held job) {
        Answer answer;
        try {
            answer = post("job_" + job.handle().job(), body(job), TraceContext.of(job.trace()), limit(job));
        } catch (IOException failed) {
            if (stopping.getAsBoolean()) {
                mill.remote().release(job.handle());
                return null;
            }
            return Verdicts.of(failed, endpoint.breaker());
        }
        if (!Verdicts.done(answer)) {
            if (answer.status() == Verdicts.GONE) {
                LOG.warn("The endpoint {} says that it is gone; nothing more is sent to it.", endpoint.name());
                book.gone(endpoint);
            }
            return Verdicts.of(answer, endpoint, Instant.now());
        }
        @Nullable String result = Verdicts.result(answer).orElse(null);
        try {
            mill.remote().finish(job.handle(), result);
        } catch (TidemillException refused) {
            if (result == null || refused.code() == ErrorCode.LEASE_LOST) {
                throw refused;
            }
            LOG.warn("The answer of the endpoint {} is no result to keep: {}", endpoint.name(), refused.getMessage());
            mill.remote().finish(job.handle(), null);
        }
        return null;
    }

    /** The shorter of the endpoint's time and the job's. */
    private Duration limit(Held job) {
        Duration own = job.timeout();
        return own != null && own.compareTo(endpoint.timeout()) < 0 ? own : endpoint.timeout();
    }

    private static byte[] body(Held job) {
        return Json.write(json -> {
            json.writeStartObject();
            JobMessage.fields(json, job);
            json.writeEndObject();
        });
    }

    private Answer post(String id, byte[] body, TraceContext trace, Duration timeout) throws IOException {
        long now = Instant.now().getEpochSecond();
        Map<String, String> headers = new TreeMap<>(endpoint.headers());
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", Long.toString(now));
        headers.put("webhook-signature", WebhookSecret.signature(secrets, id, now, body));
        if (trace.parent() != null) {
            headers.put("traceparent", trace.parent());
        }
        if (trace.state() != null) {
            headers.put("tracestate", trace.state());
        }
        return postman.post(endpoint.url(), headers, body, timeout);
    }

    /** Sends something that is no job: its kind is {@code tidemill.test}, its id 0. */
    Tried test() {
        byte[] body = Json.write(json -> json.writeStartObject()
                .writeNumberProperty("id", 0)
                .writeNumberProperty("attempt", 0)
                .writeStringProperty("kind", "tidemill.test")
                .writeObjectPropertyStart("payload")
                .writeEndObject()
                .writeEndObject());
        long began = System.nanoTime();
        try {
            Answer answer = post("test_" + Long.toHexString(began), body, TraceContext.of(null), endpoint.timeout());
            return new Tried(
                    answer.status(),
                    Duration.ofNanos(System.nanoTime() - began),
                    Verdicts.done(answer)
                            ? null
                            : Verdicts.of(answer, endpoint, Instant.now()).message());
        } catch (IOException failed) {
            return new Tried(
                    0,
                    Duration.ofNanos(System.nanoTime() - began),
                    Verdicts.of(failed, endpoint.breaker()).message());
        }
    }
}
