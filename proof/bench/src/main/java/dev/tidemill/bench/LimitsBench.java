package dev.tidemill.bench;

import static dev.tidemill.bench.HistoryBench.ratio;

import dev.tidemill.bench.Rig.Drained;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Tidemill;
import java.util.Random;
import java.util.function.LongFunction;

/**
 * What limits cost: jobs of a thousand keys, spread as Zipf says (the second key has half of the first's, and so on),
 * on a queue without a limit, on one with a concurrency for each key that is far away, and on one where it is so near
 * that every claim has to count, though it is not reached; and plain jobs on another queue, beside a queue without a limit
 * and with one. Each twice, in alternation.
 */
final class LimitsBench {
    private static final int KEYS = 1_000;
    private static final int ROUNDS = 2;
    private static final String QUEUE = "keyed";
    private static final int NONE = 0;
    /** More than a process has in hand of the first key, and less than it has of all. */
    private static final int NEAR = 2_000;

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
        double free = 0;
        double limited = 0;
        double near = 0;
        double besideFree = 0;
        double besideLimited = 0;
        for (int round = 0; round < ROUNDS; round++) {
            free += keyed(NONE).perSecond() / ROUNDS;
            limited += keyed(jobs).perSecond() / ROUNDS;
            near += keyed(NEAR).perSecond() / ROUNDS;
            besideFree += plain(NONE).perSecond() / ROUNDS;
            besideLimited += plain(jobs).perSecond() / ROUNDS;
        }
        figures.put("keyed_drain_per_s", free, "");
        figures.put("limited_drain_per_s", limited, "");
        figures.put("limits_ratio", ratio(limited, free), ">= 0.9");
        figures.put("near_limit_drain_per_s", near, "");
        figures.put("near_limit_ratio", ratio(near, free), "");
        figures.put("plain_beside_keyed_per_s", besideFree, "");
        figures.put("plain_beside_limited_per_s", besideLimited, "");
        figures.put("plain_ratio", ratio(besideLimited, besideFree), "1");
        figures.condition("jobs", jobs);
        figures.condition("keys", KEYS + ", Zipf 1.0");
        figures.condition("limit", "concurrency for each key as many as there are jobs; near: " + NEAR);
        rig.conclude(figures);
        return figures;
    }

    private Drained keyed(int limit) {
        rig.say(named(limit));
        prepare(limit);
        rig.bulk(jobs, keyed());
        Drained drained = rig.drain(jobs, QUEUE);
        rig.audit(jobs);
        rig.freshSchema();
        return drained;
    }

    /** Plain jobs on the default queue, while the other one is worked on too and is empty. */
    private Drained plain(int limit) {
        rig.say("plain jobs beside a queue " + named(limit));
        prepare(limit);
        rig.bulk(jobs);
        Drained drained = rig.drain(jobs, QUEUE);
        rig.audit(jobs);
        rig.freshSchema();
        return drained;
    }

    private static String named(int limit) {
        return limit == NONE ? "without a limit" : "with a limit of " + Rig.grouped(limit) + " for each key";
    }

    private void prepare(int limit) {
        try (Tidemill mill = rig.mill()) {
            if (limit != NONE) {
                mill.limits().put(Limit.ofQueue(QUEUE).concurrency(limit).forEachKey());
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
