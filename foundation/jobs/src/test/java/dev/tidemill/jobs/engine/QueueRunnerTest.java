package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.ErrorRules;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JsonCodec;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueueOptions;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The slots of a queue, while jobs end and come on many threads. */
final class QueueRunnerTest {
    private static final int JOBS = 40_000;
    private static final int SLOTS = 16;
    private static final int RESERVED = 4;

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger runningOthers = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger mostOthers = new AtomicInteger();
    private final Map<Long, Integer> runs = new ConcurrentHashMap<>();
    private final Map<Long, CountDownLatch> gates = new ConcurrentHashMap<>();
    private final Semaphore wakeUps = new Semaphore(0);

    private void handle(long id, boolean critical) throws InterruptedException {
        most.accumulateAndGet(running.incrementAndGet(), Math::max);
        if (!critical) {
            mostOthers.accumulateAndGet(runningOthers.incrementAndGet(), Math::max);
        }
        runs.merge(id, 1, Integer::sum);
        CountDownLatch gate = gates.get(id);
        if (gate == null) {
            LockSupport.parkNanos(1_000);
        } else {
            gate.await();
        }
        if (!critical) {
            runningOthers.decrementAndGet();
        }
        running.decrementAndGet();
    }

    private Workshop workshop() {
        Registry.Builder kinds = new Registry.Builder();
        Handler<String> handler = (payload, run) -> handle(run.jobId(), run.priority() == Priority.CRITICAL);
        kinds.handleJson("k", handler, HandlerOptions.STANDARD.kind("k").queue("q"));
        Registry registry = kinds.build(new NoCodec());
        Settings settings = new Settings(
                "s",
                null,
                false,
                1_000,
                Priorities.standard(),
                Map.of(),
                ErrorRules.NONE,
                Duration.ofSeconds(1),
                Duration.ofSeconds(4),
                3,
                null,
                1,
                Map.of(),
                null);
        Finisher finisher = new Finisher(new Tallies(), hints -> {});
        finisher.start();
        Wires wires = new Wires(registry, () -> null);
        return new Workshop(
                registry,
                new RetryPolicy(registry, settings, wires),
                new DatabaseClock(),
                finisher,
                wires,
                "node",
                new Traces(null));
    }

    @Test
    void slotsAreNeverExceededAndNoneIsLost() throws Exception {
        QueueRunner runner = new QueueRunner(
                "q", new QueueOptions(SLOTS, RESERVED, 3, Backoff.fixed(Duration.ZERO), false), wakeUps::release);
        Workshop shop = workshop();
        EpochWork epoch = new EpochWork(new IdleWorkplace());
        long next = 1;
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (next <= JOBS && System.nanoTime() - end < 0) {
            Workplace.Demand demand = runner.demand(true);
            if (demand == null) {
                assertThat(wakeUps.tryAcquire(20, TimeUnit.SECONDS))
                        .as("a full queue wakes the claimer when a slot is free")
                        .isTrue();
                continue;
            }
            List<ClaimedJob> claimed = new ArrayList<>();
            int critical = demand.criticalSlots() - demand.slots();
            for (int i = 0; i < demand.criticalSlots() && next <= JOBS; i++, next++) {
                claimed.add(job(next, i < critical ? Priority.CRITICAL : Priority.LOW));
            }
            epoch.claimed(claimed);
            runner.offer(claimed, epoch, shop);
        }
        while (runs.size() < JOBS && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        assertThat(runs).hasSize(JOBS);
        assertThat(runs.values()).containsOnly(1);
        assertThat(most.get()).isLessThanOrEqualTo(SLOTS);
        assertThat(mostOthers.get()).isBetween(1, SLOTS - RESERVED);
        while (runner.running() > 0 && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        assertThat(runner.running()).as("every slot came back").isZero();
        assertThat(runner.empty()).isEmpty();
        shop.finisher().drain(Duration.ofSeconds(20));
        assertThat(epoch.leases()).as("every lease was ended").isEmpty();
        shop.finisher().stop();
        shop.close();
    }

    @Test
    void aSlotFreedOnAFullQueueWakesTheClaimerForCriticalJobs() throws Exception {
        QueueRunner runner =
                new QueueRunner("q", new QueueOptions(2, 1, 3, Backoff.fixed(Duration.ZERO), false), wakeUps::release);
        Workshop shop = workshop();
        EpochWork epoch = new EpochWork(new IdleWorkplace());
        List<ClaimedJob> both = List.of(job(100, Priority.LOW), job(101, Priority.CRITICAL));
        gates.put(100L, new CountDownLatch(1));
        gates.put(101L, new CountDownLatch(1));
        epoch.claimed(both);
        runner.offer(both, epoch, shop);
        assertThat(runner.running()).isEqualTo(2);
        assertThat(runner.demand(true)).as("no room at all").isNull();
        gates.get(101L).countDown();
        assertThat(wakeUps.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
        assertThat(runner.demand(true)).isEqualTo(new Workplace.Demand("q", 0, 1, false, true));
        gates.get(100L).countDown();
        shop.finisher().stop();
        shop.close();
    }

    private static ClaimedJob job(long id, Priority priority) {
        return new ClaimedJob(id / 100, id, 1, 0, "k", "q", priority, Long.MAX_VALUE / 2, "{}", null, false);
    }

    static final class NoCodec implements JsonCodec {
        @Override
        public String write(Object job) {
            return "";
        }

        @Override
        public <T> T read(String json, Class<T> type) {
            return type.cast(json);
        }

        @Override
        public void check(String json) {}
    }
}
