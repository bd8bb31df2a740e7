package dev.tidemill.bench;

import dev.tidemill.jobs.Tidemill;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/** The engine's figures, one after the other, so that none disturbs another; workers are processes of their own. */
final class JobsBench {
    private static final int BULK = 10_000;
    private static final int PACED = 1_000;
    private static final int IN_FLIGHT = 1_000;
    private static final long SLOW_MILLIS = 5_000;
    private static final int STARTS = 5;

    private final Target target;
    private final int jobs;
    private final PrintStream progress;
    private final Figures figures = new Figures();
    private final String schema = "tidemill_bench_" + Long.toString(System.nanoTime(), 36);
    private long lost;
    private long twice;

    JobsBench(Target target, int jobs, PrintStream progress) {
        this.target = target;
        this.jobs = jobs;
        this.progress = progress;
    }

    Figures run() {
        try {
            single();
            long walBefore = wal();
            bulk();
            drain(walBefore);
            pickup();
            pickupRemote("pickup_remote_ms", "mill", "p99 < 10");
            pickupRemote("pickup_tx_ms", "tx", "within 200");
            rescue();
            firstJob();
            figures.put("lost", lost, "0");
            figures.put("finished_twice", twice, "0");
            conditions();
            return figures;
        } finally {
            target.execute("drop schema if exists " + schema + " cascade");
        }
    }

    private void single() {
        say("enqueueing one by one, 8 clients");
        int count = Math.min(100_000, jobs);
        try (Child sender = Child.start(target.url(), List.of(), "send", schema, "clients", Integer.toString(count))) {
            figures.put("single_enqueue_per_s", perSecond(count, Long.parseLong(sender.await("took"))), ">= 9,000");
        }
        freshSchema();
    }

    private void bulk() {
        say("enqueueing " + jobs + " in bulk");
        try (Tidemill mill = Tidemill.on(target.dataSource()).schema(schema).start()) {
            long start = System.nanoTime();
            List<Order> orders = new ArrayList<>(BULK);
            for (int i = 0; i < jobs; i++) {
                orders.add(Order.numbered(i));
                if (orders.size() == BULK || i == jobs - 1) {
                    mill.enqueueAll(orders);
                    orders.clear();
                }
            }
            figures.put("bulk_enqueue_per_s", perSecond(jobs, System.nanoTime() - start), ">= 100,000");
        }
    }

    private void drain(long walBefore) {
        say("draining them");
        try (Child worker = Child.start(target.url(), List.of(), "drain", schema, Integer.toString(jobs))) {
            worker.await("ready");
            worker.say("go");
            long took = Long.parseLong(worker.await("done"));
            figures.put("drain_per_s", perSecond(jobs, took), ">= 60,000");
            figures.put("wal_bytes_per_job", Math.round((wal() - walBefore) / (double) jobs), "<= 1,200");
            figures.put("rss_mb", (double) Math.round(worker.residentMb()), "< 200");
            worker.say("end");
        }
        audit(jobs);
        freshSchema();
    }

    private void pickup() {
        say("picking up when idle, enqueued in the worker's process");
        Micros waits = new Micros();
        try (Child worker = Child.start(target.url(), List.of(), "pickup", schema, Integer.toString(PACED))) {
            for (int i = 0; i < PACED; i++) {
                waits.add(Long.parseLong(worker.await("wait")));
            }
            worker.say("end");
        }
        figures.put("pickup_ms", waits.percentiles(), "p50 < 1, p99 < 5");
        audit(PACED + Worker.WARM_UP);
        freshSchema();
    }

    private void pickupRemote(String key, String how, String aim) {
        say("picking up when idle, enqueued " + (how.equals("tx") ? "on a bare connection" : "in another process"));
        Micros waits = new Micros();
        try (Child worker = Child.start(target.url(), List.of(), "pickup", schema, "0")) {
            worker.await("ready");
            try (Child sender = Child.start(target.url(), List.of(), "send", schema, how, Integer.toString(PACED))) {
                for (int i = 0; i < PACED; i++) {
                    waits.add(Long.parseLong(worker.await("wait")));
                }
                sender.say("end");
            }
            worker.say("end");
        }
        figures.put(key, waits.percentiles(), aim);
        audit(PACED + Worker.WARM_UP);
        freshSchema();
    }

    private void rescue() {
        say("killing a worker with " + IN_FLIGHT + " jobs of " + SLOW_MILLIS / 1_000 + " s in flight");
        try (Tidemill mill = Tidemill.on(target.dataSource()).schema(schema).start()) {
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
        audit(IN_FLIGHT);
        freshSchema();
    }

    /** With an AOT cache where this JDK can make one, which is how the launcher starts the server; and without. */
    private void firstJob() {
        say("starting a process until its first handler runs, " + STARTS + " times");
        try (Tidemill mill = Tidemill.on(target.dataSource()).schema(schema).start()) {
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

    /** Counts jobs without a success and jobs with more than one. */
    private void audit(long expected) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        String succeeded = "select count(distinct job) from " + schema + ".attempt where outcome = 0";
        while (target.number(succeeded) < expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(50_000_000);
        }
        lost += expected - target.number(succeeded);
        twice += target.number("select count(*) from (select job from " + schema
                + ".attempt where outcome = 0 group by job having count(*) > 1) t");
    }

    private void freshSchema() {
        target.execute("drop schema if exists " + schema + " cascade");
        target.execute("checkpoint");
    }

    private long wal() {
        return target.number("select pg_current_wal_lsn() - '0/0'::pg_lsn");
    }

    private static double perSecond(long count, long nanos) {
        return Math.round(count / (nanos / 1e9));
    }

    private void conditions() {
        figures.condition("jobs", jobs);
        figures.condition("worker_jvm_flags", String.join(" ", Child.JVM_FLAGS));
        Conditions.of(target).forEach(figures::condition);
    }

    private void say(String what) {
        progress.println("… " + what);
    }
}
