package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.push.Endpoint;
import dev.tidemill.server.push.EndpointBook.Paused;
import dev.tidemill.server.push.EndpointBook.Standing;
import dev.tidemill.server.push.Pusher;
import dev.tidemill.server.push.Pusher.Round;
import dev.tidemill.server.push.Pusher.Tried;
import dev.tidemill.server.push.WebhookSecret;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Where jobs are sent, and rounds of sending. Secrets are shown by the answer that makes them, and never again. */
public final class EndpointsApi {
    private static final String ENDPOINTS = "/api/v1/endpoints";
    private static final String ONE = ENDPOINTS + "/{name}";
    private static final Duration TIMEOUT = Duration.ofSeconds(15);
    private static final Duration KEEP = Duration.ofDays(1);
    private static final int CONCURRENCY = 10;

    private final Pusher pusher;
    private final @Nullable HandRounds hand;

    /**
     * Creates it.
     *
     * @param hand whose handlers a round runs; null where they run by themselves, and a round sends to endpoints
     */
    public EndpointsApi(Pusher pusher, @Nullable HandRounds hand) {
        this.pusher = pusher;
        this.hand = hand;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", ENDPOINTS, this::list)
                .on("GET", ONE, this::show)
                .on(Permission.ADMIN, "PUT", ONE, this::put)
                .on(Permission.ADMIN, "DELETE", ONE, this::delete)
                .on(Permission.ADMIN, "POST", ONE + "/rotate", this::rotate)
                .on("POST", ONE + "/pause", this::pause)
                .on("POST", ONE + "/resume", this::resume)
                .on(Permission.ADMIN, "POST", ONE + "/test", this::test)
                .on(Permission.WORK, "POST", "/api/v1/work/run", this::run);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("endpoints");
            pusher.book().list().forEach(standing -> endpoint(json, standing));
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply show(Call call) {
        call.takesOnly();
        Standing standing = pusher.book()
                .find(call.path("name"))
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no endpoint of this name."));
        return Reply.json(Json.write(json -> endpoint(json, standing)));
    }

    private static void endpoint(JsonGenerator json, Standing standing) {
        Endpoint endpoint = standing.endpoint();
        json.writeStartObject();
        json.writeStringProperty("name", endpoint.name());
        json.writeStringProperty("url", endpoint.url().toString());
        json.writeArrayPropertyStart("kinds");
        endpoint.kinds().stream().sorted().forEach(json::writeString);
        json.writeEndArray().writeArrayPropertyStart("queues");
        endpoint.queues().stream().sorted().forEach(json::writeString);
        // Their values may be secrets.
        json.writeEndArray().writeArrayPropertyStart("headers");
        endpoint.headers().keySet().forEach(json::writeString);
        json.writeEndArray();
        json.writeNumberProperty("timeout_ms", endpoint.timeout().toMillis());
        json.writeNumberProperty("concurrency", endpoint.concurrency());
        json.writeBooleanProperty("on_demand", endpoint.onDemand());
        json.writeStringProperty("breaker", endpoint.breaker());
        json.writeArrayPropertyStart("depends_on");
        endpoint.dependsOn().stream().sorted().forEach(json::writeString);
        json.writeEndArray();
        json.writeBooleanProperty("open", standing.open());
        json.writeBooleanProperty("locked", standing.locked());
        Paused paused = standing.paused();
        if (paused == null) {
            json.writeNullProperty("paused");
        } else {
            json.writeObjectPropertyStart("paused")
                    .writeStringProperty("since", paused.since().toString())
                    .writeStringProperty("by", paused.by())
                    .writeStringProperty("reason", paused.reason())
                    .writeEndObject();
        }
        Instant gone = standing.goneAt();
        if (gone == null) {
            json.writeNullProperty("gone_at");
        } else {
            json.writeStringProperty("gone_at", gone.toString());
        }
        json.writeStringProperty("created_at", standing.createdAt().toString());
        json.writeStringProperty("changed_at", standing.changedAt().toString());
        json.writeEndObject();
    }

    private Reply put(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(
                call.json(),
                Set.of("kinds", "queues", "headers", "depends_on"),
                "url",
                "kinds",
                "queues",
                "headers",
                "timeout",
                "concurrency",
                "on_demand",
                "depends_on",
                "secret");
        Integer concurrency = fields.whole("concurrency");
        Duration timeout = fields.duration("timeout");
        String secret = fields.text("secret");
        Endpoint endpoint = new Endpoint(
                call.path("name"),
                Endpoint.url(fields.requiredText("url")),
                Set.copyOf(fields.texts("kinds")),
                Set.copyOf(fields.texts("queues")),
                fields.map("headers"),
                timeout == null ? TIMEOUT : timeout,
                concurrency == null ? CONCURRENCY : concurrency,
                fields.flag("on_demand"),
                Set.copyOf(fields.texts("depends_on")));
        Optional<WebhookSecret> made = pusher.put(
                endpoint,
                secret == null ? null : WebhookSecret.parse(secret),
                call.caller().name());
        return made.map(shown -> secret(shown).status(201)).orElseGet(() -> Reply.empty(204));
    }

    private static Reply secret(WebhookSecret secret) {
        return Reply.json(Json.write(json -> json.writeStartObject()
                        .writeStringProperty("secret", secret.text())
                        .writeEndObject()))
                .header("Cache-Control", "no-store");
    }

    private Reply delete(Call call) {
        call.takesOnly();
        call.takesNoBody();
        pusher.book().delete(call.path("name"), call.caller().name());
        pusher.changed();
        return Reply.empty(204);
    }

    private Reply rotate(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "keep", "secret");
        Duration keep = fields.duration("keep");
        String given = fields.text("secret");
        WebhookSecret secret = given == null ? WebhookSecret.random() : WebhookSecret.parse(given);
        pusher.book()
                .rotate(
                        call.path("name"),
                        secret,
                        keep == null ? KEEP : keep,
                        call.caller().name());
        pusher.changed();
        return secret(secret);
    }

    private Reply pause(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "reason");
        @Nullable String reason = fields.text("reason");
        pusher.book().pause(call.path("name"), call.caller().name(), reason == null ? "" : reason);
        pusher.changed();
        return Reply.empty(204);
    }

    private Reply resume(Call call) {
        call.takesOnly();
        call.takesNoBody();
        pusher.book().resume(call.path("name"), call.caller().name());
        pusher.changed();
        return Reply.empty(204);
    }

    private Reply test(Call call) {
        call.takesOnly();
        call.takesNoBody();
        Tried tried = pusher.test(call.path("name"), call.caller().name());
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            json.writeBooleanProperty("ok", tried.error() == null);
            json.writeNumberProperty("status", tried.status());
            Json.millis(json, "took_ms", tried.took());
            if (tried.error() == null) {
                json.writeNullProperty("error");
            } else {
                json.writeStringProperty("error", tried.error());
            }
            json.writeEndObject();
        }));
    }

    private Reply run(Call call) {
        call.takesOnly("batch");
        call.takesNoBody();
        int batch = (int) call.query("batch", 20, 1, 1_000);
        try {
            return hand == null ? told(pusher.round(batch)) : told(hand.run(batch));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new TidemillException(ErrorCode.STOPPED, "This server stops; ask again.", interrupted);
        }
    }

    private static Reply told(List<Ran> ran) {
        long succeeded = ran.stream().filter(Ran::succeeded).count();
        return Reply.json(Json.write(json -> {
            json.writeStartObject()
                    .writeNumberProperty("claimed", ran.size())
                    .writeNumberProperty("succeeded", succeeded)
                    .writeNumberProperty("failed", ran.size() - succeeded)
                    .writeNumberProperty("running", 0)
                    .writeArrayPropertyStart("jobs");
            ran.forEach(one -> JobJson.attempt(json, one.attempt()));
            json.writeEndArray().writeEndObject();
        }));
    }

    private static Reply told(Round round) {
        return Reply.json(Json.write(json -> json.writeStartObject()
                .writeNumberProperty("claimed", round.claimed())
                .writeNumberProperty("succeeded", round.succeeded())
                .writeNumberProperty("failed", round.failed())
                .writeNumberProperty("running", round.running())
                .writeEndObject()));
    }
}
