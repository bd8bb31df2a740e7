package dev.tidemill.bench;

import static dev.tidemill.jobs.EnqueueOptions.delay;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import tools.jackson.databind.json.JsonMapper;

/**
 * How long every page and every list of the server takes when there is much of everything: the server in a process of its
 * own, as the launcher starts it, asked by one client, one request after the other. Times are the client's, from the
 * request to the last byte.
 */
final class PagesBench {
    private static final int DEAD = 100_000;
    private static final int AUDITED = 100_000;
    private static final int DELAYED = 100_000;
    private static final int SCHEDULES = 200;
    private static final int FIRES = 200;
    private static final int LIMITS = 100;
    private static final int ENDPOINTS = 100;
    private static final int KEYS = 200;
    private static final int MINUTES = 2_880;
    private static final int WAITING_SHARE = 10;
    private static final int WARM_UP = 20;
    private static final double LIMIT_MS = 100;

    private final Rig rig;
    private final String launcher;
    private final int history;
    private final int rounds;
    private final WrittenHistory past;
    private final Figures figures = new Figures();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    PagesBench(Rig rig, String launcher, int history, int rounds) {
        this.rig = rig;
        this.launcher = launcher;
        this.history = history;
        this.rounds = rounds;
        this.past = new WrittenHistory(rig, history, DEAD);
    }

    Figures run() {
        past.write();
        rig.bulk(history / WAITING_SHARE);
        fill();
        String slowest = "";
        double most = 0;
        List<String> late = new ArrayList<>();
        try (Child child = Child.launch(
                List.of(launcher, "server", "--port", "0", "--open", "--json", "--schema", rig.schema()),
                "TIDEMILL_DATABASE_URL",
                rig.target().url(),
                ProcessBuilder.Redirect.INHERIT)) {
            String line = "{" + child.await("{");
            String url = JsonMapper.shared().readTree(line).path("url").asString();
            fillTheServer(url);
            Map<String, Supplier<String>> routes = routes();
            rig.say("asking for " + routes.size() + " pages and lists, " + Rig.grouped(rounds) + " times each");
            for (Map.Entry<String, Supplier<String>> route : routes.entrySet()) {
                Micros took = time(url, route.getValue());
                Map<String, Double> percentiles = took.percentiles();
                figures.put(route.getKey(), percentiles, "p99 < 100");
                double p99 = percentiles.getOrDefault("p99", 0.0);
                if (p99 > most) {
                    most = p99;
                    slowest = route.getKey();
                }
                if (p99 >= LIMIT_MS) {
                    late.add(route.getKey());
                }
            }
        }
        figures.put("slowest_p99_ms", most, "< 100");
        figures.put("slowest", slowest, "");
        figures.put("p99_of_100_ms_or_more", late, "[]");
        figures.condition("finished", history);
        figures.condition("waiting", history / WAITING_SHARE);
        figures.condition("delayed", DELAYED);
        figures.condition("dead_letters", DEAD);
        figures.condition("audit_lines", AUDITED);
        figures.condition("schedules", SCHEDULES + ", with " + FIRES + " fires each");
        figures.condition("limits, endpoints, keys", LIMITS + ", " + ENDPOINTS + ", " + KEYS);
        figures.condition("rounds", rounds + " after " + WARM_UP + " to warm up, one at a time");
        Conditions.of(rig.target()).forEach(figures::condition);
        return figures;
    }

    /** What is neither history nor waiting. */
    private void fill() {
        rig.say("writing the rest: delayed jobs, the audit trail, counts, schedules, limits");
        try (Tidemill mill = rig.mill()) {
            for (int from = 0; from < DELAYED; from += 10_000) {
                mill.enqueueAll(
                        LongStream.range(from, from + 10_000)
                                .mapToObj(Order::numbered)
                                .toList(),
                        delay(Duration.ofDays(1)));
            }
            for (int i = 0; i < SCHEDULES; i++) {
                mill.schedules().put("schedule-" + i, Timing.cron("0 3 1 1 *", "UTC"), Order.numbered(i));
            }
            for (int i = 0; i < LIMITS; i++) {
                mill.limits().put(Limit.ofQueue("limited-" + i).concurrency(5));
            }
        }
        Target target = rig.target();
        String s = rig.schema() + ".";
        target.execute("insert into " + s + "audit (at, by, action, target, detail)"
                + " select " + s + "now_micros() - (" + AUDITED + " - g) * 1000000::bigint, 'user-' || g % 20,"
                + " (array['pause', 'resume', 'drain', 'replay', 'limit'])[1 + g % 5], 'QUEUE queue-' || g % 500,"
                + " 'because of ticket ' || g from generate_series(1, " + AUDITED + ") g");
        target.execute("insert into " + s
                + "tally (minute, epoch, queue, priority, kind, succeeded, failed, met, missed, took)"
                + " select " + s + "now_micros() / 60000000 - m, e, q.id, p, k.id, 900, 3, 890, 13, 4000000"
                + " from generate_series(0, " + (MINUTES - 1) + ") m cross join generate_series(1, 4) e"
                + " cross join generate_series(0, 4) p cross join " + s + "queue q cross join " + s + "kind k"
                + " where q.name = 'default' and k.name = 'Order'");
        target.execute("insert into " + s + "schedule_fire (schedule, fire, manual, at, outcome)"
                + " select c.id, " + s + "now_micros() - g * 86400000000, false, " + s
                + "now_micros() - g * 86400000000, 0"
                + " from " + s + "schedule c cross join generate_series(1, " + FIRES + ") g");
        for (String table : List.of("ready", "scheduled", "audit", "tally", "schedule", "schedule_fire")) {
            target.execute("vacuum (analyze) " + s + table);
        }
        target.execute("checkpoint");
    }

    /** What is in tables that the server has made. */
    private void fillTheServer(String url) {
        Target target = rig.target();
        String s = rig.schema() + ".";
        target.execute("insert into " + s + "endpoint (name, url, queues, headers, timeout_ms, concurrency, on_demand,"
                + " created_at, changed_at) select 'endpoint-' || g, 'https://example.com/' || g, '{}', '{}', 15000, 10, true,"
                + " " + s + "now_micros(), " + s + "now_micros() from generate_series(1, " + ENDPOINTS + ") g");
        target.execute("insert into " + s + "endpoint_kind (kind, endpoint) select 'Sent' || g, 'endpoint-' || g"
                + " from generate_series(1, " + ENDPOINTS + ") g");
        target.execute("insert into " + s + "endpoint_secret (endpoint, secret, created_at) select 'endpoint-' || g,"
                + " decode(md5(g::text) || md5(g::text), 'hex'), " + s + "now_micros()"
                + " from generate_series(1, " + ENDPOINTS + ") g");
        target.execute("update " + s + "endpoint_version set version = version + 1");
        for (int i = 0; i < KEYS; i++) {
            send(HttpRequest.newBuilder(URI.create(url + "/api/v1/keys"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"name\": \"key-" + i + "\", \"scopes\": [\"READ\"], \"expires_in\": \"P1D\"}"))
                    .build());
        }
    }

    private Map<String, Supplier<String>> routes() {
        LongSupplier finished =
                () -> WrittenHistory.FIRST_ID + ThreadLocalRandom.current().nextLong(history);
        LongSupplier dead = () -> past.firstDead() + ThreadLocalRandom.current().nextLong(DEAD);
        long ready = rig.target().number("select job from " + rig.schema() + ".ready limit 1");
        Map<String, Supplier<String>> routes = new LinkedHashMap<>();
        for (String fixed : List.of(
                "/",
                "/queues",
                "/queues/default",
                "/jobs",
                "/jobs?state=READY",
                "/jobs?state=SCHEDULED",
                "/jobs?state=DEAD",
                "/jobs?state=SUCCEEDED",
                "/jobs?kind=Rare",
                "/jobs?kind=Rare&state=READY",
                "/jobs?queue=default&kind=Order",
                "/jobs?error=nothing+like+it",
                "/jobs?tag=customer%3A4711",
                "/jobs?from=2020-01-01T00:00:00&to=2021-01-01T00:00:00",
                "/all-jobs?state=READY&action=cancel",
                "/all-jobs?state=READY&kind=Rare&action=cancel",
                "/all-jobs?state=DEAD&action=replay",
                "/schedules",
                "/schedules/schedule-7",
                "/schedules/schedule-7/edit",
                "/new-schedule",
                "/dead-letters",
                "/nodes",
                "/limits",
                "/breakers",
                "/alarms",
                "/endpoints",
                "/retention",
                "/doctor",
                "/audit",
                "/audit?action=drain",
                "/audit?target=QUEUE+nothing-like-it",
                "/users",
                "/keys",
                "/me",
                "/metrics",
                "/api/v1/stats",
                "/api/v1/queues",
                "/api/v1/queues/default",
                "/api/v1/kinds",
                "/api/v1/jobs",
                "/api/v1/jobs?state=READY&limit=1000",
                "/api/v1/jobs?state=SUCCEEDED",
                "/api/v1/jobs?kind=Rare",
                "/api/v1/jobs?tag=customer:4711",
                "/api/v1/attempts?limit=1000",
                "/api/v1/process",
                "/api/v1/dead-letters?limit=1000",
                "/api/v1/schedules",
                "/api/v1/schedules/schedule-7",
                "/api/v1/limits",
                "/api/v1/pauses",
                "/api/v1/breakers",
                "/api/v1/drained",
                "/api/v1/endpoints",
                "/api/v1/retention",
                "/api/v1/audit?limit=1000",
                "/api/v1/audit?target=QUEUE+queue-7",
                "/api/v1/doctor",
                "/api/v1/users",
                "/api/v1/keys")) {
            routes.put(fixed, () -> fixed);
        }
        routes.put("/jobs/{finished}", () -> "/jobs/" + finished.getAsLong());
        routes.put("/jobs/{dead}", () -> "/jobs/" + dead.getAsLong());
        routes.put("/jobs/{ready}", () -> "/jobs/" + ready);
        routes.put("/api/v1/jobs/{finished}", () -> "/api/v1/jobs/" + finished.getAsLong());
        routes.put("/api/v1/jobs/{dead}", () -> "/api/v1/jobs/" + dead.getAsLong());
        routes.put("/api/v1/jobs/{ready}/why", () -> "/api/v1/jobs/" + ready + "/why");
        return routes;
    }

    private Micros time(String url, Supplier<String> path) {
        Micros took = new Micros();
        for (int i = -WARM_UP; i < rounds; i++) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(url + path.get())).build();
            long start = System.nanoTime();
            send(request);
            if (i >= 0) {
                took.add((System.nanoTime() - start) / 1_000);
            }
        }
        return took;
    }

    private void send(HttpRequest request) {
        try {
            HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
            if (answer.statusCode() >= 300) {
                throw new IllegalStateException(
                        request.uri() + " was answered with " + answer.statusCode() + ": " + answer.body());
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("Interrupted while it asked.", interrupted);
        }
    }
}
