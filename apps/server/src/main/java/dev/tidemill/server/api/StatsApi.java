package dev.tidemill.server.api;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.Alarm;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.List;
import java.util.Objects;
import tools.jackson.core.JsonGenerator;

/** How things stand: statistics, the latest attempts, health. */
public final class StatsApi {
    /** How many are listed; {@link QueuesApi} has them all, page by page. */
    private static final int QUEUES = 1000;

    private final Tidemill mill;

    /** Creates it. */
    public StatsApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/stats", this::stats)
                .on("GET", "/api/v1/attempts", this::attempts)
                .open("GET", "/healthz", call -> status("up"))
                .open("GET", "/readyz", call -> ready(router.draining()));
    }

    private Reply ready(boolean stopping) {
        if (stopping) {
            throw Problem.of(ProblemCode.NOT_READY, "This server is stopping; send requests elsewhere.");
        }
        if (!mill.ready()) {
            throw Problem.of(ProblemCode.NOT_READY, "The database does not answer, or this process has stopped.");
        }
        return status("ready");
    }

    private static Reply status(String status) {
        return Reply.json(Json.write(json ->
                json.writeStartObject().writeStringProperty("status", status).writeEndObject()));
    }

    private Reply attempts(Call call) {
        call.takesOnly("limit");
        List<AttemptView> attempts = mill.latestAttempts((int) call.query("limit", 50, 1, 1000));
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("attempts");
            attempts.forEach(attempt -> JobJson.attempt(json, attempt));
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply stats(Call call) {
        call.takesOnly();
        Stats stats = mill.stats(QueuePage.after("", QUEUES));
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("at", stats.at().toString());
            json.writeStringProperty("depths_at", stats.depthsAt().toString());
            json.writeNumberProperty("dead_letters", stats.deadLetters());
            json.writeArrayPropertyStart("queues");
            stats.queues().forEach(queue -> queue(json, queue));
            json.writeEndArray();
            json.writeNumberProperty("more_queues", stats.moreQueues());
            json.writeArrayPropertyStart("nodes");
            stats.nodes().forEach(node -> node(json, node));
            json.writeEndArray().writeArrayPropertyStart("unhandled");
            stats.unhandled().forEach(unhandled -> {
                json.writeStartObject().writeStringProperty("kind", unhandled.kind());
                json.writeNumberProperty("ready", unhandled.ready()).writeEndObject();
            });
            json.writeEndArray().writeArrayPropertyStart("alarms");
            stats.alarms().forEach(alarm -> alarm(json, alarm));
            json.writeEndArray().writeArrayPropertyStart("open_breakers");
            stats.openBreakers().forEach(view -> BreakersApi.breaker(json, view));
            json.writeEndArray();
            schedules(json, stats.schedules());
            json.writeEndObject();
        }));
    }

    private static void schedules(JsonGenerator json, ScheduleStats schedules) {
        json.writeObjectPropertyStart("schedules");
        json.writeNumberProperty("total", schedules.total());
        json.writeNumberProperty("paused", schedules.paused());
        json.writeNumberProperty("overdue", schedules.overdue());
        json.writeNumberProperty("failing", schedules.failing());
        json.writeArrayPropertyStart("failures");
        schedules.failures().forEach(failure -> {
            json.writeStartObject().writeStringProperty("schedule", failure.schedule());
            json.writeStringProperty("at", failure.at().toString());
            json.writeStringProperty("error", failure.error()).writeEndObject();
        });
        json.writeEndArray().writeEndObject();
    }

    private static void alarm(JsonGenerator json, Alarm alarm) {
        json.writeStartObject();
        json.writeStringProperty("kind", alarm.kind());
        json.writeNumberProperty("failed", alarm.failed());
        json.writeNumberProperty("attempts", alarm.attempts());
        json.writeNumberProperty("minutes", alarm.alarm().minutes());
        json.writeNumberProperty("ratio", Math.round(alarm.ratio() * 10_000) / 10_000.0);
        json.writeNumberProperty("threshold", alarm.alarm().ratio());
        json.writeEndObject();
    }

    private static void queue(JsonGenerator json, QueueStats queue) {
        json.writeStartObject();
        queueFields(json, queue);
        json.writeEndObject();
    }

    static void queueFields(JsonGenerator json, QueueStats queue) {
        json.writeStringProperty("queue", queue.queue());
        json.writeNumberProperty("running", queue.running());
        json.writeNumberProperty("ready", queue.ready());
        json.writeNumberProperty("scheduled", queue.scheduled());
        json.writeNumberProperty("per_second", Math.round(queue.perSecond() * 100) / 100.0);
        json.writeArrayPropertyStart("priorities");
        queue.lanes().forEach(lane -> lane(json, lane));
        json.writeEndArray();
    }

    private static void lane(JsonGenerator json, LaneStats lane) {
        json.writeStartObject();
        json.writeStringProperty("priority", lane.priority().name());
        json.writeNumberProperty("ready", lane.ready());
        json.writeNumberProperty("scheduled", lane.scheduled());
        json.writeNumberProperty("overdue", lane.overdue());
        Json.millis(json, "late_ms", lane.late());
        json.writeNumberProperty("met", lane.met());
        json.writeNumberProperty("missed", lane.missed());
        json.writeNumberProperty("succeeded", lane.succeeded());
        json.writeNumberProperty("failed", lane.failed());
        json.writeNumberProperty("last_minute", lane.lastMinute());
        Json.millis(json, "took_total_ms", lane.tookTotal());
        json.writeEndObject();
    }

    private static void node(JsonGenerator json, NodeView node) {
        json.writeStartObject();
        json.writeStringProperty("name", node.name());
        json.writeNumberProperty("epoch", node.epoch());
        json.writeStringProperty("host", node.host());
        json.writeNumberProperty("pid", node.pid());
        json.writeStringProperty("started_at", node.startedAt().toString());
        json.writeStringProperty("heartbeat_at", node.heartbeatAt().toString());
        json.writeNumberProperty("running", node.running());
        json.writeArrayPropertyStart("kinds");
        node.kinds().forEach(kind -> json.writeString(Objects.requireNonNull(kind)));
        json.writeEndArray();
        json.writeStringProperty("duty", node.duty().name());
        json.writeArrayPropertyStart("off_peak");
        node.offPeak().forEach(window -> json.writeString(Objects.requireNonNull(window)));
        json.writeEndArray().writeEndObject();
    }
}
