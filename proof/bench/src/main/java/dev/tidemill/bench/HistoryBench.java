package dev.tidemill.bench;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What a long history costs: jobs are drained from an empty database, from one with many finished jobs, and from an empty
 * one again, because the first run of anything is slow. The finished jobs are written by SQL straight into the tables,
 * as they would lie there: bodies in the order of their ids, a hundred attempts a lease. Enqueueing and finishing them
 * would take minutes and leave the same rows.
 */
final class HistoryBench {
    private static final int ROUNDS = 200;
    private static final int AT_ONCE = 500_000;
    private static final int JOBS_A_LEASE = 100;
    private static final int FIRST_ID = 1_000;
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
        load();
        double full = drain(leases(), "");
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
            figures.put(prefix + "dead_letters_ms", time(() -> mill.deadLetters(0, 50)), "p99 < 100");
            figures.put(
                    prefix + "job_ms",
                    time(() -> mill.job(FIRST_ID + ThreadLocalRandom.current().nextLong(history))),
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

    private long leases() {
        return history / JOBS_A_LEASE + 1L;
    }

    private void load() {
        rig.say("writing " + Rig.grouped(history) + " finished jobs");
        rig.mill().close();
        Target target = rig.target();
        String s = rig.schema() + ".";
        target.execute("insert into " + s + "kind (name) values ('Order') on conflict do nothing");
        target.execute("insert into " + s + "queue (name) values ('default') on conflict do nothing");
        target.execute("insert into " + s + "node (name, host, pid, kinds, queues, started, heartbeat, ended)"
                + " values ('history', 'bench', 1, '{Order}', '{default}', 1, 1, 1)");
        // Ids of what is enqueued later lie behind.
        target.execute("select setval('" + s + "job_block', " + (history / 1_000 + 2) + "), setval('" + s
                + "lease_id', " + leases() + ")");
        target.execute("select " + s + "make_partitions()");
        String bodies = "insert into " + s + "job (id, created, kind, queue, priority, payload)"
                + " select " + FIRST_ID + " + g, " + s + "now_micros() - 1000000, k.id, q.id, 2,"
                + " rpad('{\"orderId\":' || g || ',\"note\":\"', 198, 'n') || '\"}'"
                + " from generate_series(%d, %d) g cross join " + s + "kind k cross join " + s + "queue q";
        String attempts = "insert into " + s + "attempt (lease, job, started, took, late, epoch, attempt, outcome)"
                + " select 1 + g / " + JOBS_A_LEASE + ", " + FIRST_ID + " + g, " + s
                + "now_micros() - 1000000, 500, -1000, n.epoch, 1, 0"
                + " from generate_series(%d, %d) g cross join " + s + "node n where n.name = 'history'";
        together(List.of(() -> write(bodies), () -> write(attempts)));
        rig.say("vacuuming what was written");
        together(List.of(
                () -> target.execute("vacuum (analyze) " + s + "job"),
                () -> target.execute("vacuum (analyze) " + s + "attempt")));
        target.execute("checkpoint");
    }

    private void write(String sql) {
        for (int from = 0; from < history; from += AT_ONCE) {
            int to = Math.min(history, from + AT_ONCE) - 1;
            try (Connection connection = rig.target().dataSource().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("set synchronous_commit = off");
                statement.execute(sql.formatted(from, to));
                statement.execute("reset synchronous_commit");
            } catch (SQLException failed) {
                throw new IllegalStateException("Writing the history failed.", failed);
            }
        }
    }

    private static void together(List<Runnable> parts) {
        List<Future<?>> under = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(parts.size())) {
            parts.forEach(part -> under.add(threads.submit(part)));
            for (Future<?> part : under) {
                part.get();
            }
        } catch (InterruptedException | ExecutionException failed) {
            throw new IllegalStateException("Preparing the history failed.", failed);
        }
    }

    static double ratio(double with, double without) {
        return Math.round(1_000 * with / without) / 1_000.0;
    }
}
