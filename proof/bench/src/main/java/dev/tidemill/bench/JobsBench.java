package dev.tidemill.bench;

import dev.tidemill.bench.Rig.Drained;
import dev.tidemill.jobs.Tidemill;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The engine's figures, one after the other, so that none disturbs another; workers are processes of their own. */
final class JobsBench {
    private static final int IN_FLIGHT = 1_000;
    private static final long SLOW_MILLIS = 5_000;
    private static final int STARTS = 5;

    private final Rig rig;
    private final Target target;
    private final String schema;
    private final int jobs;
    private final Figures figures = new Figures();

    JobsBench(Rig rig, int jobs) {
        this.rig = rig;
        this.target = rig.target();
        this.schema = rig.schema();
        this.jobs = jobs;
    }

    Figures run() {
        single();
        long walBefore = wal();
        figures.put("bulk_enqueue_per_s", rig.bulk(jobs), ">= 100,000");
        drain(walBefore);
        new PickupBench(rig, figures).run();
        rescue();
        firstJob();
        figures.condition("jobs", jobs);
        rig.conclude(figures);
        return figures;
    }

    private void single() {
        rig.say("enqueueing one by one, 8 clients");
        int count = Math.min(100_000, jobs);
        try (Child sender = Child.start(target.url(), List.of(), "send", schema, "clients", Integer.toString(count))) {
            figures.put("single_enqueue_per_s", Rig.perSecond(count, Long.parseLong(sender.await("took"))), ">= 9,000");
        }
        rig.freshSchema();
    }

    private void drain(long walBefore) {
        Drained drained = rig.drain(jobs);
        figures.put("drain_per_s", drained.perSecond(), ">= 60,000");
        figures.put("wal_bytes_per_job", Math.round((wal() - walBefore) / (double) jobs), "<= 1,200");
        figures.put("rss_mb", drained.residentMb(), "< 200");
        rig.audit(jobs);
        rig.freshSchema();
    }

    private void rescue() {
        rig.say("killing a worker with " + IN_FLIGHT + " jobs of " + SLOW_MILLIS / 1_000 + " s in flight");
        try (Tidemill mill = rig.mill()) {
            List<Slow> slow = new ArrayList<>();
            for (int i = 0; i < IN_FLIGHT; i++) {
                slow.add(new Slow(SLOW_MILLIS));
            }
            mill.enqueueAll(slow);
        }
        Child victim = Child.start(target.url(), List.of(), "slow", schema);
        for (int i = 0; i < IN_FLIGHT; i++) {
            victim.await("started");
        }
        victim.kill();
        long killed = System.nanoTime();
        try (Child heir = Child.start(target.url(), List.of(), "slow", schema)) {
            Set<String> ended = new HashSet<>();
            while (ended.size() < IN_FLIGHT) {
                ended.add(heir.await("ended"));
            }
            figures.put("rescue_s", (System.nanoTime() - killed) / 1e9, "< 15");
            heir.say("end");
        }
        rig.audit(IN_FLIGHT);
        rig.freshSchema();
    }

    /** With an AOT cache where this JDK can make one, which is how the launcher starts the server; and without. */
    private void firstJob() {
        rig.say("starting a process until its first handler runs, " + STARTS + " times");
        try (Tidemill mill = rig.mill()) {
            double plain = medianStart(mill, List.of());
            if (Runtime.version().feature() < 25) {
                figures.put("first_job_s", plain, "< 0.7");
                return;
            }
            Path cache = Files.createTempFile("tidemill-bench", ".aot");
            try {
                train(mill, cache);
                figures.put("first_job_s", medianStart(mill, List.of("-XX:AOTCache=" + cache)), "< 0.7");
                figures.put("first_job_without_aot_s", plain, "");
            } finally {
                Files.delete(cache);
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** One start that writes down what it loaded; it ends before the cache is measured. */
    private void train(Tidemill mill, Path cache) {
        mill.enqueue(Order.numbered(0));
        try (Child worker = Child.startQuietly(target.url(), List.of("-XX:AOTCacheOutput=" + cache), "first", schema)) {
            worker.await("ran");
        }
    }

    private double medianStart(Tidemill mill, List<String> flags) {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i < STARTS; i++) {
            seconds.add(startOnce(mill, flags));
        }
        return seconds.stream().sorted().toList().get(STARTS / 2);
    }

    private double startOnce(Tidemill mill, List<String> flags) {
        mill.enqueue(Order.numbered(0));
        long start = System.nanoTime();
        try (Child worker = Child.start(target.url(), flags, "first", schema)) {
            worker.await("ran");
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private long wal() {
        return target.number("select pg_current_wal_lsn() - '0/0'::pg_lsn");
    }
}
