package dev.tidemill.bench;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What a long history costs: jobs are drained from an empty database, from one with many finished jobs, and from an empty
 * one again, because the first run of anything is slow.
 */
final class HistoryBench {
    private static final int ROUNDS = 200;
    /** History for each job that waits. */
    private static final int WAITING_SHARE = 10;

    private final Rig rig;
    private final int history;
    private final int waiting;
    private final Figures figures = new Figures();

    HistoryBench(Rig rig, int history) {
        this.rig = rig;
        this.history = history;
        this.waiting = history / WAITING_SHARE;
    }

    Figures run() {
        double first = drain(0, "empty_");
        rig.freshSchema();
        WrittenHistory past = new WrittenHistory(rig, history, 0);
        past.write();
        double full = drain(past.leases(), "");
        rig.freshSchema();
        double second = drain(0, "empty_again_");
        figures.put("history_ratio", ratio(full, (first + second) / 2), ">= 0.9");
        figures.condition("history", history);
        figures.condition("waiting", waiting);
        figures.condition("history_made", "by SQL, then vacuum analyze");
        rig.conclude(figures);
        return figures;
    }

    private double drain(long aboveLease, String prefix) {
        figures.put(prefix + "bulk_enqueue_per_s", rig.bulk(waiting), "");
        ask(prefix);
        double perSecond = rig.drain(waiting).perSecond();
        figures.put(prefix + "drain_per_s", perSecond, "");
        rig.audit(waiting, aboveLease);
        return perSecond;
    }

    /** What pages ask, while all jobs wait. */
    private void ask(String prefix) {
        rig.say("asking " + ROUNDS + " times what pages ask");
        rig.target().execute("insert into " + rig.schema() + ".kind (name) values ('Rare') on conflict do nothing");
        try (Tidemill mill = rig.mill()) {
            figures.put(prefix + "stats_ms", time(mill::stats), "p99 < 100");
            figures.put(prefix + "latest_attempts_ms", time(() -> mill.latestAttempts(50)), "p99 < 100");
            figures.put(prefix + "dead_letters_ms", time(() -> mill.deadLetters(null, 50)), "p99 < 100");
            figures.put(
                    prefix + "job_ms",
                    time(() -> mill.job(WrittenHistory.FIRST_ID
                            + ThreadLocalRandom.current().nextLong(history))),
                    "p99 < 100");
            search(prefix, mill, "newest", JobFilter.ANY);
            search(prefix, mill, "ready", JobFilter.ANY.state(JobState.READY));
            search(prefix, mill, "succeeded", JobFilter.ANY.state(JobState.SUCCEEDED));
            search(prefix, mill, "rare_kind", JobFilter.ANY.kind("Rare"));
            search(prefix, mill, "rare_kind_ready", JobFilter.ANY.kind("Rare").state(JobState.READY));
            search(prefix, mill, "error", JobFilter.ANY.error("nothing like it"));
            search(
                    prefix,
                    mill,
                    "time",
                    JobFilter.ANY.enqueuedBefore(Instant.now().minus(Duration.ofDays(2))));
        }
    }

    private void search(String prefix, Tidemill mill, String name, JobFilter filter) {
        figures.put(prefix + "search_" + name + "_ms", time(() -> mill.search(filter, null, 50)), "p99 < 100");
        figures.put(
                prefix + "search_" + name + "_examined",
                mill.search(filter, null, 50).examined(),
                "");
    }

    private static Object time(Runnable question) {
        Micros took = new Micros();
        for (int i = 0; i < ROUNDS; i++) {
            long start = System.nanoTime();
            question.run();
            took.add((System.nanoTime() - start) / 1_000);
        }
        return took.percentiles();
    }

    static double ratio(double with, double without) {
        return Math.round(1_000 * with / without) / 1_000.0;
    }
}
