package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCategory;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.RemoteWork.Beat;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Handle;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Line;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.RemoteWork.Step;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.push.JobMessage;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * Jobs for workers in any language that ask for them. Where this server has an address of its own, the tokens carry it, so
 * that another server behind the same balancer can say where a word belongs.
 */
public final class WorkApi {
    private static final String WORK = "/api/v1/work/";
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final int MOST_WAITING = 1_000;
    private static final int MOST_KINDS = 100;

    private final Tidemill mill;
    private final @Nullable URI advertised;
    private final Semaphore room = new Semaphore(MOST_WAITING);
    private volatile boolean used;
    private volatile boolean stopping;

    /**
     * Creates it.
     *
     * @param advertised where workers reach this very server; null if there is only one
     */
    public WorkApi(Tidemill mill, @Nullable URI advertised) {
        this.mill = mill;
        this.advertised = advertised;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on(Permission.WORK, "POST", WORK + "claim", this::claim)
                .on(Permission.WORK, "PUT", WORK + "dependencies", this::dependOn)
                .on(Permission.WORK, "POST", WORK + "{id}/heartbeat", this::heartbeat)
                .on(Permission.WORK, "POST", WORK + "{id}/finish", this::finish)
                .on(Permission.WORK, "POST", WORK + "{id}/fail", this::fail)
                .on(Permission.WORK, "POST", WORK + "{id}/release", this::release);
    }

    /** Answers those who wait, and gives back what workers have: nothing they say can come here any more. */
    public void close() {
        stopping = true;
        if (used) {
            mill.remote().recall();
        }
    }

    private Reply claim(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(
                call.json(), Set.of("kinds", "queues"), "worker", "kinds", "queues", "max", "wait", "lease");
        Integer max = fields.whole("max");
        Duration wait = fields.duration("wait");
        Duration lease = fields.duration("lease");
        Request request = new Request(
                fields.requiredText("worker"),
                Set.copyOf(fields.texts("kinds")),
                Set.copyOf(fields.texts("queues")),
                max == null ? 1 : max,
                wait == null ? Duration.ZERO : wait,
                lease == null ? LEASE : lease);
        if (!room.tryAcquire()) {
            throw Problem.of(
                    ProblemCode.TOO_BUSY, MOST_WAITING + " workers wait for jobs here already; ask another server.");
        }
        List<Held> held;
        try {
            RemoteWork remote = mill.remote();
            used = true;
            if (stopping) {
                throw stopped();
            }
            held = remote.claim(request);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw stopped();
        } finally {
            room.release();
        }
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            if (advertised != null) {
                json.writeStringProperty("server", advertised.toString());
            }
            json.writeArrayPropertyStart("jobs");
            held.forEach(job -> job(json, job));
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply dependOn(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), Set.of("kinds", "depends_on"), "kinds", "depends_on");
        Set<String> kinds = Set.copyOf(fields.texts("kinds"));
        Set<String> names = Set.copyOf(fields.texts("depends_on"));
        if (kinds.isEmpty() || kinds.size() > MOST_KINDS) {
            throw Problem.of(
                            ProblemCode.FIELD_INVALID,
                            kinds.size() + " kinds were given; it must be 1 to " + MOST_KINDS + ".")
                    .at("/kinds");
        }
        Map<String, Set<String>> dependencies = new HashMap<>();
        kinds.forEach(kind -> dependencies.put(kind, names));
        mill.remote().dependOn(dependencies, List.of());
        used = true;
        return Reply.empty(204);
    }

    private static TidemillException stopped() {
        return new TidemillException(ErrorCode.STOPPED, "This server stops; ask again.");
    }

    private void job(JsonGenerator json, Held job) {
        json.writeStartObject();
        json.writeStringProperty("token", outward(job.handle().token()));
        JobMessage.fields(json, job);
        json.writeStringProperty("lease_until", job.leaseUntil().toString());
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String name, @Nullable String value) {
        if (value == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, value);
        }
    }

    private String outward(String token) {
        return advertised == null
                ? token
                : token + "~"
                        + Base64.getUrlEncoder()
                                .withoutPadding()
                                .encodeToString(advertised.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** The attempt that a body names, and where its token says that it was handed out. */
    private record Named(Handle handle, @Nullable String server) {
        static Named read(Call call, Fields fields) {
            Integer attempt = fields.whole("attempt");
            if (attempt == null) {
                throw Problem.of(ProblemCode.FIELD_MISSING, "The field 'attempt' is missing.")
                        .at("/attempt");
            }
            String[] token = fields.requiredText("token").split("~", 2);
            return new Named(new Handle(call.id(), attempt, token[0]), token.length == 1 ? null : server(token[1]));
        }

        private static @Nullable String server(String encoded) {
            try {
                return new String(Base64.getUrlDecoder().decode(encoded), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException malformed) {
                return null;
            }
        }

        /** Runs this; whoever is wrong here is told where to go. */
        void say(Runnable word) {
            try {
                word.run();
            } catch (TidemillException refused) {
                if (refused.code() == ErrorCode.HELD_ELSEWHERE && server != null) {
                    throw Problem.of(refused).elsewhere(server);
                }
                throw refused;
            }
        }
    }

    private Reply heartbeat(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), Set.of("progress", "log"), "attempt", "token", "progress", "log");
        Named named = Named.read(call, fields);
        Fields progress = fields.object("progress", "done", "total", "message");
        List<Line> lines = fields.objects("log", "level", "text").stream()
                .map(line -> new Line(
                        Fields.oneOf(LogLevel.class, "level", orElse(line.text("level"), "INFO")),
                        line.requiredText("text")))
                .toList();
        Beat[] beat = new Beat[1];
        named.say(() -> beat[0] = mill.remote().heartbeat(named.handle(), step(progress), lines));
        return Reply.json(Json.write(json -> {
            Instant until = beat[0].leaseUntil();
            json.writeStartObject();
            json.writeBooleanProperty("go_on", beat[0].goOn());
            text(json, "ended", beat[0].ended() == null ? null : String.valueOf(beat[0].ended()));
            text(json, "lease_until", until == null ? null : until.toString());
            json.writeEndObject();
        }));
    }

    private static @Nullable Step step(@Nullable Fields progress) {
        if (progress == null) {
            return null;
        }
        try {
            return new Step(
                    progress.whole("done", 0, Long.MAX_VALUE),
                    progress.whole("total", 0, Long.MAX_VALUE),
                    progress.text("message"));
        } catch (Problem problem) {
            throw problem.under("/progress");
        }
    }

    private static String orElse(@Nullable String given, String otherwise) {
        return given == null ? otherwise : given;
    }

    private Reply finish(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), Set.of("result"), "attempt", "token", "result");
        Named named = Named.read(call, fields);
        named.say(() -> mill.remote().finish(named.handle(), fields.json("result")));
        return Reply.empty(204);
    }

    private Reply fail(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(
                call.json(), "attempt", "token", "category", "message", "after", "until", "counted", "dependency");
        Named named = Named.read(call, fields);
        Boolean counted = fields.flagOrNull("counted");
        Failure failure = new Failure(
                Fields.oneOf(ErrorCategory.class, "category", orElse(fields.text("category"), "RETRY")),
                fields.requiredText("message"),
                fields.duration("after"),
                fields.instant("until"),
                counted == null || counted,
                fields.text("dependency"));
        named.say(() -> mill.remote().fail(named.handle(), failure));
        return Reply.empty(204);
    }

    private Reply release(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "attempt", "token");
        Named named = Named.read(call, fields);
        named.say(() -> mill.remote().release(named.handle()));
        return Reply.empty(204);
    }
}
