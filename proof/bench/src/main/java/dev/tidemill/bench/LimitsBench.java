package dev.tidemill.bench;

import static dev.tidemill.bench.HistoryBench.ratio;

import dev.tidemill.bench.Rig.Drained;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Limits;
import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.LongFunction;

/**
 * What limits cost: jobs of a thousand keys, spread as Zipf says (the second key has half of the first's, and so on),
 * on a queue without a limit, with a concurrency for each key that is far away, with one so near that every claim has to
 * count, with one that keys with many jobs reach, with a rate that is never reached, and with fair turns; and plain jobs on
 * another queue, beside a queue without a limit and with one. Each twice, in alternation. Also what fair turns cost the
 * enqueue, which gives them.
 */
final class LimitsBench {
    private static final int KEYS = 1_000;
    private static final int ROUNDS = 2;
    private static final String QUEUE = "keyed";

    private final Rig rig;
    private final int jobs;
    private final Figures figures = new Figures();
    private final double[] upTo = new double[KEYS];

    LimitsBench(Rig rig, int jobs) {
        this.rig = rig;
        this.jobs = jobs;
        double sum = 0;
        for (int key = 0; key < KEYS; key++) {
            sum += 1.0 / (key + 1);
            upTo[key] = sum;
        }
    }

    Figures run() {
        Map<Rule, Double> keyed = new EnumMap<>(Rule.class);
        Map<Rule, Double> enqueued = new EnumMap<>(Rule.class);
        double besideFree = 0;
        double besideLimited = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (Rule rule : Rule.values()) {
                keyed.merge(rule, keyed(rule, enqueued).perSecond() / ROUNDS, Double::sum);
            }
            besideFree += plain(Rule.NONE).perSecond() / ROUNDS;
            besideLimited += plain(Rule.FAR).perSecond() / ROUNDS;
        }
        double free = Objects.requireNonNull(keyed.get(Rule.NONE));
        keyed.forEach((rule, perSecond) -> {
            figures.put(rule.drain, perSecond, "");
            if (rule != Rule.NONE) {
                figures.put(rule.ratio, ratio(perSecond, free), rule == Rule.FAR ? ">= 0.9" : "");
            }
        });
        double enqueuedFree = Objects.requireNonNull(enqueued.get(Rule.NONE));
        double enqueuedFair = Objects.requireNonNull(enqueued.get(Rule.FAIR));
        figures.put("keyed_bulk_per_s", enqueuedFree, "");
        figures.put("fair_bulk_per_s", enqueuedFair, "");
        figures.put("fair_bulk_ratio", ratio(enqueuedFair, enqueuedFree), "");
        figures.put("plain_beside_keyed_per_s", besideFree, "");
        figures.put("plain_beside_limited_per_s", besideLimited, "");
        figures.put("plain_ratio", ratio(besideLimited, besideFree), "1");
        figures.condition("jobs", jobs);
        figures.condition("keys", KEYS + ", Zipf 1.0");
        for (Rule rule : Rule.values()) {
            figures.condition(rule.drain, rule.words);
        }
        rig.conclude(figures);
        return figures;
    }

    private Drained keyed(Rule rule, Map<Rule, Double> enqueued) {
        rig.say(rule.words);
        prepare(rule);
        enqueued.merge(rule, rig.bulk(jobs, keyed()) / ROUNDS, Double::sum);
        Drained drained = rig.drain(jobs, QUEUE);
        rig.audit(jobs);
        rig.freshSchema();
        return drained;
    }

    /** Plain jobs on the default queue, while the other one is worked on too and is empty. */
    private Drained plain(Rule rule) {
        rig.say("plain jobs beside a queue with " + rule.words);
        prepare(rule);
        rig.bulk(jobs);
        Drained drained = rig.drain(jobs, QUEUE);
        rig.audit(jobs);
        rig.freshSchema();
        return drained;
    }

    private void prepare(Rule rule) {
        try (Tidemill mill = rig.mill()) {
            rule.put(mill.limits());
        }
    }

    /** What holds on the queue of the keyed jobs. */
    private enum Rule {
        NONE("keyed_drain_per_s", "", "no limit"),
        FAR("limited_drain_per_s", "limits_ratio", "a limit of 1,000,000 for each key, never near"),
        /** More than a process has in hand of the first key, and less than it has of all. */
        NEAR(
                "near_limit_drain_per_s",
                "near_limit_ratio",
                "a limit of 2,000 for each key, near enough for keys to be counted"),
        /** Less than a process takes of the first keys at once, so that jobs are set aside and taken from there. */
        REACHED(
                "reached_limit_drain_per_s",
                "reached_limit_ratio",
                "a limit of 100 for each key, reached by the keys with many jobs"),
        RATE("rate_drain_per_s", "rate_ratio", "a rate of 1,000,000 a second for each key, never reached"),
        FAIR("fair_drain_per_s", "fair_ratio", "fair turns between keys");

        private final String drain;
        private final String ratio;
        private final String words;

        Rule(String drain, String ratio, String words) {
            this.drain = drain;
            this.ratio = ratio;
            this.words = words;
        }

        private void put(Limits limits) {
            Limit limit = Limit.ofQueue(QUEUE);
            switch (this) {
                case NONE -> {}
                case FAR -> limits.put(limit.concurrency(1_000_000).forEachKey());
                case NEAR -> limits.put(limit.concurrency(2_000).forEachKey());
                case REACHED -> limits.put(limit.concurrency(100).forEachKey());
                case RATE ->
                    limits.put(limit.rate(1_000_000, Duration.ofSeconds(1)).forEachKey());
                case FAIR -> limits.shareFairly(QUEUE);
            }
        }
    }

    private LongFunction<Object> keyed() {
        Random random = new Random(1);
        return id -> new JobRequest(
                "Order",
                "{\"sentMicros\":0,\"orderId\":" + id + ",\"customer\":\"customer-" + id + "\",\"email\":\"c" + id
                        + "@example.com\",\"note\":\"" + "n".repeat(100) + "\"}",
                EnqueueOptions.queue(QUEUE).key("tenant-" + key(random)));
    }

    private int key(Random random) {
        double at = random.nextDouble() * upTo[KEYS - 1];
        int low = 0;
        int high = KEYS - 1;
        while (low < high) {
            int middle = (low + high) / 2;
            if (upTo[middle] < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
