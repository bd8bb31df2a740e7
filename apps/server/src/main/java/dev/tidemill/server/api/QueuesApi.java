package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Stats.Unhandled;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Queues and kinds: how each stands, and which rules hold for it. */
public final class QueuesApi {
    private static final String QUEUES = "/api/v1/queues";

    private final Tidemill mill;

    /** Creates it. */
    public QueuesApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", QUEUES, this::list)
                .on("GET", QUEUES + "/{name}", this::show)
                .on("GET", "/api/v1/kinds", this::kinds);
    }

    /** What is known of queues and kinds at a time; all of it is small however many jobs there are. */
    private record Known(Stats stats, List<Pause> pauses, List<LimitView> limits, Set<String> fair) {
        @Nullable
        Pause pause(Pause.Scope scope, String name) {
            return pauses.stream()
                    .filter(pause -> pause.scope() == scope && pause.name().equals(name))
                    .findFirst()
                    .orElse(null);
        }

        List<LimitView> limits(Limit.Scope scope, String name) {
            return limits.stream()
                    .filter(view ->
                            view.limit().scope() == scope && view.limit().name().equals(name))
                    .toList();
        }
    }

    /** With this page of the queues, those among them that only a rule names. */
    private Known known(QueuePage page) {
        List<Pause> pauses = mill.pauses().paused();
        List<LimitView> limits = mill.limits().list();
        Set<String> fair = Set.copyOf(mill.limits().fairQueues());
        Set<String> ruled = new HashSet<>(fair);
        pauses.stream().filter(pause -> pause.scope() == Pause.Scope.QUEUE).forEach(pause -> ruled.add(pause.name()));
        limits.stream()
                .map(LimitView::limit)
                .filter(limit -> limit.scope() == Limit.Scope.QUEUE)
                .forEach(limit -> ruled.add(limit.name()));
        return new Known(mill.stats(page.also(ruled)), pauses, limits, fair);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        Known known = known(QueuePage.after(call.query("after").orElse(""), limit));
        List<QueueStats> shown = known.stats().queues();
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("queues");
                    shown.forEach(queue -> queue(json, queue, known));
                    json.writeEndArray();
                    JobJson.text(
                            json,
                            "next_after",
                            shown.size() < limit ? null : shown.getLast().queue());
                    json.writeEndObject();
                }))
                .tagged();
    }

    private Reply show(Call call) {
        call.takesOnly();
        String name = call.path("name");
        Known known = known(QueuePage.of(name));
        if (known.stats().queues().isEmpty()) {
            throw new TidemillException(
                    ErrorCode.NOT_FOUND,
                    "No queue '" + shortened(name) + "' has jobs, a limit or a pause, or had any in the last hour.");
        }
        return Reply.json(Json.write(json -> queue(json, known.stats().queues().getFirst(), known)));
    }

    private static String shortened(String name) {
        return name.length() <= 100 ? name : name.substring(0, 100) + "…";
    }

    private static void queue(JsonGenerator json, QueueStats queue, Known known) {
        json.writeStartObject();
        StatsApi.queueFields(json, queue);
        json.writeBooleanProperty("fair", known.fair().contains(queue.queue()));
        rules(json, known.pause(Pause.Scope.QUEUE, queue.queue()), known.limits(Limit.Scope.QUEUE, queue.queue()));
        json.writeEndObject();
    }

    private static void rules(JsonGenerator json, @Nullable Pause pause, List<LimitView> limits) {
        if (pause == null) {
            json.writeNullProperty("paused");
        } else {
            json.writeName("paused");
            ControlApi.pause(json, pause);
        }
        json.writeArrayPropertyStart("limits");
        limits.forEach(limit -> ControlApi.limit(json, limit));
        json.writeEndArray();
    }

    private Reply kinds(Call call) {
        call.takesOnly("after", "limit");
        int most = (int) call.query("limit", 50, 1, 1000);
        String after = call.query("after").orElse("");
        Known known = known(QueuePage.after("", 1));
        NavigableMap<String, Set<String>> nodes = new TreeMap<>();
        for (NodeView node : known.stats().nodes()) {
            node.kinds()
                    .forEach(kind -> nodes.computeIfAbsent(Objects.requireNonNull(kind), name -> new TreeSet<>())
                            .add(node.name()));
        }
        Map<String, Long> unhandled = new TreeMap<>();
        for (Unhandled waiting : known.stats().unhandled()) {
            unhandled.put(waiting.kind(), waiting.ready());
            nodes.putIfAbsent(waiting.kind(), Set.of());
        }
        known.pauses().stream()
                .filter(pause -> pause.scope() == Pause.Scope.KIND)
                .forEach(pause -> nodes.putIfAbsent(pause.name(), Set.of()));
        known.limits().stream()
                .map(LimitView::limit)
                .filter(limit -> limit.scope() == Limit.Scope.KIND)
                .forEach(limit -> nodes.putIfAbsent(limit.name(), Set.of()));
        List<String> shown =
                nodes.tailMap(after, false).keySet().stream().limit(most).toList();
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("kinds");
            shown.forEach(kind -> {
                json.writeStartObject().writeStringProperty("kind", kind);
                json.writeArrayPropertyStart("nodes");
                nodes.getOrDefault(kind, Set.of()).forEach(json::writeString);
                json.writeEndArray();
                json.writeNumberProperty("ready_unhandled", unhandled.getOrDefault(kind, 0L));
                rules(json, known.pause(Pause.Scope.KIND, kind), known.limits(Limit.Scope.KIND, kind));
                json.writeEndObject();
            });
            json.writeEndArray();
            JobJson.text(json, "next_after", shown.size() < most ? null : shown.getLast());
            json.writeEndObject();
        }));
    }
}
