package dev.tidemill.bench;

import dev.tidemill.jobs.Tidemill;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongFunction;

/** What several benches do: a schema, jobs in it, workers in processes of their own, and the count of what came of it. */
final class Rig implements AutoCloseable {
    private static final int BULK = 10_000;

    private final Target target;
    private final PrintStream progress;
    private final String schema = "tidemill_bench_" + Long.toString(System.nanoTime(), 36);
    private long lost;
    private long twice;

    Rig(Target target, PrintStream progress) {
        this.target = target;
        this.progress = progress;
    }

    /** What a drain took. */
    record Drained(double perSecond, double residentMb) {}

    Target target() {
        return target;
    }

    String schema() {
        return schema;
    }

    void say(String what) {
        progress.println("… " + what);
    }

    /** A number as people read it. */
    static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** A program on the schema that only enqueues and asks. */
    Tidemill mill() {
        return Tidemill.on(target.dataSource()).schema(schema).start();
    }

    /** Enqueues so many orders in bulk; returns how many a second. */
    double bulk(int jobs) {
        return bulk(jobs, Order::numbered);
    }

    /** Enqueues so many of these in bulk; returns how many a second. */
    double bulk(int jobs, LongFunction<Object> job) {
        say("enqueueing " + grouped(jobs) + " in bulk");
        try (Tidemill mill = mill()) {
            long start = System.nanoTime();
            List<Object> bulk = new ArrayList<>(BULK);
            for (int i = 0; i < jobs; i++) {
                bulk.add(job.apply(i));
                if (bulk.size() == BULK || i == jobs - 1) {
                    mill.enqueueAll((Collection<?>) bulk);
                    bulk.clear();
                }
            }
            return perSecond(jobs, System.nanoTime() - start);
        }
    }

    /** Lets a worker handle so many waiting orders, on {@code default} and on further queues. */
    Drained drain(int jobs, String... moreQueues) {
        say("draining " + grouped(jobs));
        List<String> arguments = new ArrayList<>(List.of("drain", schema, Integer.toString(jobs)));
        arguments.addAll(List.of(moreQueues));
        try (Child worker = Child.start(target.url(), List.of(), arguments.toArray(String[]::new))) {
            worker.await("ready");
            worker.say("go");
            long took = Long.parseLong(worker.await("done"));
            Drained drained = new Drained(perSecond(jobs, took), Math.round(worker.residentMb()));
            worker.say("end");
            return drained;
        }
    }

    /** How long so many paced orders wait, enqueued in the idle worker's process. */
    Micros pickup(int paced) {
        try (Child worker = Child.start(target.url(), List.of(), "pickup", schema, Integer.toString(paced))) {
            Micros waits = waits(worker, paced);
            worker.say("end");
            return waits;
        }
    }

    /** The next so many waits that a worker tells. */
    static Micros waits(Child worker, int count) {
        Micros waits = new Micros();
        for (int i = 0; i < count; i++) {
            waits.add(Long.parseLong(worker.await("wait")));
        }
        return waits;
    }

    /** Counts jobs without a success and jobs with more than one, of all in the schema. */
    void audit(long expected) {
        audit(expected, 0);
    }

    /** The same for attempts under leases above one. */
    void audit(long expected, long aboveLease) {
        String of = " from " + schema + ".attempt where outcome = 0 and lease > " + aboveLease;
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (target.number("select count(distinct job)" + of) < expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(50_000_000);
        }
        lost += expected - target.number("select count(distinct job)" + of);
        twice += target.number("select count(*) from (select job" + of + " group by job having count(*) > 1) t");
    }

    /** Ends a bench's figures: what was lost and doubled, and the conditions. */
    void conclude(Figures figures) {
        figures.put("lost", lost, "0");
        figures.put("finished_twice", twice, "0");
        Conditions.of(target).forEach(figures::condition);
        figures.condition("worker_jvm_flags", String.join(" ", Child.JVM_FLAGS));
    }

    void freshSchema() {
        target.execute("drop schema if exists " + schema + " cascade");
        target.execute("checkpoint");
    }

    static double perSecond(long count, long nanos) {
        return Math.round(count / (nanos / 1e9));
    }

    @Override
    public void close() {
        target.execute("drop schema if exists " + schema + " cascade");
    }
}
