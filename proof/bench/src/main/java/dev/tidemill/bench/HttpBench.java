package dev.tidemill.bench;

import dev.tidemill.bench.OpenLoad.Asked;
import dev.tidemill.bench.OpenLoad.Outcome;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Tidemill;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;
import tools.jackson.databind.json.JsonMapper;

/**
 * The server under an open load, in a process of its own as the launcher starts it, with the database and the load on the
 * same machine: enqueueing over HTTP, looking at a job, at the newest of a queue, and at a job's page, in turn.
 */
final class HttpBench {
    static final int PER_SECOND = 2_000;
    private static final int STARTS = 5;
    private static final int JOBS = 10_000;
    private static final Duration WARM_UP = Duration.ofSeconds(8);
    private static final Duration LENGTH = Duration.ofSeconds(20);
    private static final Duration STEP = Duration.ofSeconds(6);
    private static final double RAISE = 1.25;
    private static final int STEPS = 16;
    private static final double LIMIT_MS = 200;

    private final Rig rig;
    private final String launcher;
    private final Figures figures = new Figures();
    private volatile double residentMb;

    /**
     * On a rig's database.
     *
     * @param launcher the program {@code tidemill}
     */
    HttpBench(Rig rig, String launcher) {
        this.rig = rig;
        this.launcher = launcher;
    }

    Figures run() {
        List<Long> ids = new ArrayList<>();
        try (Tidemill mill = rig.mill()) {
            List<Object> jobs = new ArrayList<>();
            for (int i = 0; i < JOBS; i++) {
                jobs.add(new JobRequest("Parcel", "{\"number\":" + i + "}"));
            }
            ids.addAll(mill.enqueueAll((Collection<?>) jobs));
        }
        rig.say("starting the server " + STARTS + " times");
        // The first start builds what is missing, and brings the schema up to date.
        stop(server());
        double[] starts = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
            long from = System.nanoTime();
            Child child = server();
            starts[i] = (System.nanoTime() - from) / 1e9;
            stop(child);
        }
        Arrays.sort(starts);
        long failed = 0;
        try (Child child = launch()) {
            int port = port(child);
            LongFunction<Asked> requests = number -> request(number, ids);
            for (int connections : new int[] {1_000, 5_000}) {
                rig.say(Rig.grouped(PER_SECOND) + " requests a second over " + Rig.grouped(connections)
                        + " connections");
                Outcome outcome = load(child, port, connections, PER_SECOND, LENGTH, requests);
                failed += outcome.failed();
                if (outcome.failed() > 0) {
                    figures.put("failures_" + connections, outcome.failures(), "none");
                }
                figures.put("p95_ms_" + connections, outcome.p95(), "< 200");
                figures.put("p99_ms_" + connections, outcome.all().percentiles().getOrDefault("p99", 0.0), "");
                figures.put("routes_p95_ms_" + connections, routes(outcome), "");
                figures.put("answered_per_s_" + connections, Math.round(outcome.perSecond()), "" + PER_SECOND);
                figures.put("server_rss_mb_" + connections, (double) Math.round(residentMb), "< 256");
            }
            figures.put("failed", failed, "0");
            saturate(child, port, requests);
            child.terminate();
        }
        figures.put("start_s", starts[STARTS / 2], "< 1");
        figures.condition(
                "requests",
                "POST /api/v1/jobs, GET /api/v1/jobs/{id}, GET /api/v1/jobs?queue=default&limit=20,"
                        + " GET /jobs/{id}, in turn");
        figures.condition(
                "load",
                "open: fixed times, latencies from the intended time; " + LENGTH + " after a warm-up of " + WARM_UP);
        figures.condition("start", "from the launcher's start to the line that says it serves; median of " + STARTS);
        Conditions.of(rig.target()).forEach(figures::condition);
        return figures;
    }

    /** Raises the rate by a quarter until answers come too late, fail, or fall behind. */
    private void saturate(Child child, int port, LongFunction<Asked> requests) {
        List<Map<String, Object>> steps = new ArrayList<>();
        long held = 0;
        double rate = PER_SECOND;
        for (int step = 0; step < STEPS; step++) {
            rig.say(Rig.grouped((long) rate) + " requests a second over 1,000 connections");
            Outcome outcome = load(child, port, 1_000, rate, STEP, requests);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("per_s", Math.round(rate));
            row.put("answered_per_s", Math.round(outcome.perSecond()));
            row.put("p95_ms", outcome.p95());
            row.put("failed", outcome.failed());
            if (outcome.failed() > 0) {
                row.put("failures", outcome.failures());
            }
            steps.add(row);
            if (outcome.failed() > 0 || outcome.p95() > LIMIT_MS || outcome.perSecond() < 0.95 * rate) {
                break;
            }
            held = Math.round(rate);
            rate *= RAISE;
        }
        figures.put("saturation_per_s", held, "");
        figures.put("saturation_steps", steps, "");
    }

    private Outcome load(
            Child child, int port, int connections, double rate, Duration length, LongFunction<Asked> requests) {
        try (OpenLoad load = new OpenLoad(port, connections)) {
            Thread watch = Thread.ofPlatform().daemon().start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    residentMb = Math.max(residentMb, child.residentMb());
                    LockSupport.parkNanos(500_000_000);
                }
            });
            try {
                return load.run(rate, WARM_UP, length, requests);
            } finally {
                watch.interrupt();
            }
        }
    }

    private static Asked request(long number, List<Long> ids) {
        long id = ids.get((int) (number * 7_919 % ids.size()));
        return switch ((int) (number % 4)) {
            case 0 ->
                new Asked(
                        "POST jobs",
                        Wire.request(
                                "POST",
                                "/api/v1/jobs",
                                "{\"kind\":\"Parcel\",\"payload\":{\"number\":" + number + "}}"));
            case 1 -> new Asked("GET job", Wire.request("GET", "/api/v1/jobs/" + id, ""));
            case 2 -> new Asked("GET jobs", Wire.request("GET", "/api/v1/jobs?queue=default&limit=20", ""));
            default -> new Asked("job page", Wire.request("GET", "/jobs/" + id, ""));
        };
    }

    private static Map<String, Double> routes(Outcome outcome) {
        Map<String, Double> p95 = new LinkedHashMap<>();
        outcome.routes()
                .forEach((route, micros) -> p95.put(route, micros.percentiles().getOrDefault("p95", 0.0)));
        return p95;
    }

    private Child launch() {
        return Child.launch(
                List.of(launcher, "server", "--port", "0", "--open", "--json", "--schema", rig.schema()),
                "TIDEMILL_DATABASE_URL",
                rig.target().url(),
                ProcessBuilder.Redirect.INHERIT);
    }

    /** One that serves. */
    private Child server() {
        Child child = launch();
        port(child);
        return child;
    }

    private static void stop(Child child) {
        child.terminate();
        child.close();
    }

    private static int port(Child child) {
        String line = "{" + child.await("{");
        return URI.create(JsonMapper.shared().readTree(line).path("url").asString())
                .getPort();
    }
}
