package dev.tidemill.peers;

import dev.tidemill.bench.Child;
import dev.tidemill.bench.Micros;
import dev.tidemill.bench.Target;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/** Measures one figure of everyone before the next, in an order that is drawn anew each time. */
final class PeersBench {
    private final Target server;
    private final Plan plan;
    private final Random draw;
    private final PrintStream progress;
    private final Results results;

    PeersBench(Target server, Plan plan, List<Contender> contenders, long seed, PrintStream progress) {
        this.server = server;
        this.plan = plan;
        this.draw = new Random(seed);
        this.progress = progress;
        this.results = new Results(contenders);
    }

    @FunctionalInterface
    private interface Measurement {
        void of(Contender contender, Ground ground);
    }

    Results run() {
        everyone("enqueueing one by one", this::single, Figure.SINGLE_ENQUEUE_PER_S);
        drains();
        everyone(
                "picking up when idle", this::pickup, Figure.PICKUP_P50_MS, Figure.PICKUP_P95_MS, Figure.PICKUP_P99_MS);
        everyone("killing a worker", this::rescue, Figure.RESCUE_S);
        everyone("starting until the first job", this::firstJob, Figure.FIRST_JOB_S);
        return results;
    }

    /** Only the part that shows whether everybody works. */
    Results drains() {
        everyone(
                "enqueueing in bulk, then draining",
                this::bulkAndDrain,
                Figure.BULK_ENQUEUE_PER_S,
                Figure.DRAIN_PER_S,
                Figure.RSS_MB);
        return results;
    }

    /** One that fails is said to have failed, and the others go on. */
    private void everyone(String what, Measurement measurement, Figure... figures) {
        List<Contender> order = new ArrayList<>(results.contenders());
        Collections.shuffle(order, draw);
        for (Contender contender : order) {
            progress.println("… " + what + ": " + contender.name());
            try (Ground ground = contender.onRedis() ? Redis.start() : Ground.database(server)) {
                measurement.of(contender, ground);
            } catch (IllegalStateException failed) {
                progress.println("  " + contender.name() + " failed: " + failed.getMessage());
                for (Figure figure : figures) {
                    if (!results.get(contender, figure).isThere()) {
                        results.put(contender, figure, Value.none("failed: " + failed.getMessage()));
                    }
                }
            }
        }
    }

    private static Child start(Contender contender, Ground ground, Object... role) {
        List<String> command = new ArrayList<>(contender.command());
        for (Object word : role) {
            command.add(word.toString());
        }
        return Child.launch(command, ground.url(), ProcessBuilder.Redirect.INHERIT);
    }

    private void single(Contender contender, Ground ground) {
        int count = contender.singles(plan);
        try (Child sender = start(contender, ground, "clients", count);
                Bound bound = Bound.on(sender, Plan.BOUND)) {
            results.put(contender, Figure.SINGLE_ENQUEUE_PER_S, perSecond(count, bound.await("took")));
        }
    }

    private void bulkAndDrain(Contender contender, Ground ground) {
        int count = contender.jobs(plan);
        try (Child sender = start(contender, ground, "bulk", count);
                Bound bound = Bound.on(sender, Plan.BOUND)) {
            results.put(contender, Figure.BULK_ENQUEUE_PER_S, perSecond(count, bound.await("took")));
        }
        if (!contender.onRedis()) {
            server.execute("checkpoint");
        }
        try (Child worker = start(contender, ground, "drain", count);
                Bound bound = Bound.on(worker, Plan.BOUND)) {
            bound.await("ready");
            worker.say("go");
            results.put(contender, Figure.DRAIN_PER_S, perSecond(count, bound.await("done")));
            results.put(contender, Figure.RSS_MB, Value.of(worker.residentMb()));
        }
    }

    private void pickup(Contender contender, Ground ground) {
        int count = contender.pickups(plan);
        Micros waits = new Micros();
        try (Child worker = start(contender, ground, "pickup", count, contender.perSecond());
                Bound bound = Bound.on(worker, Plan.BOUND)) {
            for (int i = 0; i < count; i++) {
                waits.add(Long.parseLong(bound.await("wait")));
            }
        }
        Map<String, Double> percentiles = waits.percentiles();
        results.put(contender, Figure.PICKUP_P50_MS, Value.of(Objects.requireNonNull(percentiles.get("p50"))));
        results.put(contender, Figure.PICKUP_P95_MS, Value.of(Objects.requireNonNull(percentiles.get("p95"))));
        results.put(contender, Figure.PICKUP_P99_MS, Value.of(Objects.requireNonNull(percentiles.get("p99"))));
    }

    /** The worker that is killed never ends a job, so that all of them are in flight however long it took to start them. */
    private void rescue(Contender contender, Ground ground) {
        int count = plan.inFlight();
        try (Child sender = start(contender, ground, "bulk", count);
                Bound bound = Bound.on(sender, Plan.BOUND)) {
            bound.await("took");
        }
        try (Child victim = start(contender, ground, "hold", count);
                Bound bound = Bound.on(victim, Plan.BOUND)) {
            for (int i = 0; i < count; i++) {
                bound.await("started");
            }
            victim.kill();
        }
        long killed = System.nanoTime();
        Set<String> ended = new HashSet<>();
        try (Child heir = start(contender, ground, "slow", count, plan.slowMillis());
                Bound bound = Bound.on(heir, plan.rescueBound())) {
            try {
                while (ended.size() < count) {
                    ended.add(bound.await("ended"));
                }
                results.put(contender, Figure.RESCUE_S, Value.of((System.nanoTime() - killed) / 1e9));
            } catch (Bound.Exceeded late) {
                String note = ended.size() + " of " + count + " ran within "
                        + plan.rescueBound().toSeconds() + " s";
                results.put(
                        contender,
                        Figure.RESCUE_S,
                        Value.moreThan(plan.rescueBound().toMillis() / 1e3, note));
            }
            heir.kill();
        }
    }

    private void firstJob(Contender contender, Ground ground) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < plan.starts(); i++) {
            try (Child sender = start(contender, ground, "bulk", 1);
                    Bound bound = Bound.on(sender, Plan.BOUND)) {
                bound.await("took");
            }
            long start = System.nanoTime();
            try (Child worker = start(contender, ground, "first");
                    Bound bound = Bound.on(worker, Plan.BOUND)) {
                bound.await("ran");
                seconds.add((System.nanoTime() - start) / 1e9);
            }
        }
        results.put(
                contender,
                Figure.FIRST_JOB_S,
                Value.of(seconds.stream().sorted().toList().get(plan.starts() / 2)));
    }

    private static Value perSecond(int count, String nanos) {
        return Value.of(count / (Long.parseLong(nanos) / 1e9));
    }
}
