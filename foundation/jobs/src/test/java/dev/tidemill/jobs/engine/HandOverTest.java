package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.ErrorRules;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.NewJob;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which jobs take the short way, and that nobody compares leases while one is on it. */
final class HandOverTest {
    private static final NewJob PLAIN = job("k", "q", Priority.HIGH, null, Map.of(), 0);

    private final List<Work> started = new ArrayList<>();
    private final CountDownLatch written = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final EpochWork epoch = new EpochWork(new Taking());
    private final HandOver handOver = new HandOver(Map.of("q", QueueRunner.oneByOne("q", started::add)), workshop());

    /** Writes each job into lease 7, and tells of it when it may. */
    private final class Taking extends IdleWorkplace {
        @Override
        public List<ClaimedJob> take(List<NewJob> jobs) {
            written.countDown();
            try {
                goOn.await();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
            return jobs.stream()
                    .map(job -> new ClaimedJob(
                            7, 1, 1, 0, job.kind(), job.queue(), job.priority(), 1, job.payload(), null, false))
                    .toList();
        }
    }

    private static NewJob job(
            String kind, String queue, Priority priority, @Nullable String key, Map<String, String> tags, long delay) {
        return new NewJob(kind, queue, priority, "{}", null, key, tags, 1, delay, 0);
    }

    private static Workshop workshop() {
        Registry.Builder kinds = new Registry.Builder();
        kinds.handleJson(
                "k", (payload, run) -> {}, HandlerOptions.STANDARD.kind("k").queue("q"));
        Registry registry = kinds.build(new QueueRunnerTest.NoCodec());
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
        Wires wires = new Wires(registry, () -> null);
        return new Workshop(
                registry,
                new RetryPolicy(registry, settings, wires),
                new DatabaseClock(),
                new Finisher(new Tallies(), hints -> {}),
                wires,
                "node",
                new Traces(null));
    }

    @Test
    void whileTheClaimerRestsAPlainJobStartsAtOnceAndItsLeaseIsKnown() {
        goOn.countDown();
        assertThat(handOver.take(epoch, List.of(PLAIN)))
                .as("it does not rest yet")
                .isEmpty();
        handOver.open(true);
        assertThat(handOver.take(epoch, List.of(PLAIN))).containsExactly(1L);
        assertThat(started).hasSize(1);
        assertThat(epoch.leases()).containsExactly(7L);
        assertThat(handOver.take(epoch, List.of(PLAIN))).as("the slot is taken").isEmpty();
    }

    @Test
    void whatIsSpecialGoesThroughTheQueue() {
        goOn.countDown();
        handOver.open(true);
        List<NewJob> special = List.of(
                job("k", "q", Priority.HIGH, "key", Map.of(), 0),
                job("k", "q", Priority.HIGH, null, Map.of("a", "b"), 0),
                job("k", "q", Priority.HIGH, null, Map.of(), 1),
                job("k", "q", Priority.OFF_PEAK, null, Map.of(), 0),
                job("other", "q", Priority.HIGH, null, Map.of(), 0),
                job("k", "other", Priority.HIGH, null, Map.of(), 0));
        assertThat(special)
                .allSatisfy(
                        job -> assertThat(handOver.take(epoch, List.of(job))).isEmpty());
        assertThat(handOver.take(epoch, List.of(PLAIN, special.getFirst())))
                .as("all of a group or none")
                .isEmpty();
        assertThat(handOver.take(epoch, List.of(PLAIN, PLAIN)))
                .as("room for one")
                .isEmpty();
    }

    @Test
    void aLeaseThatIsWrittenIsNotComparedBeforeItIsKnown() throws Exception {
        handOver.open(true);
        CompletableFuture<List<Long>> taking =
                CompletableFuture.supplyAsync(() -> handOver.take(epoch, List.of(PLAIN)));
        written.await();
        CompletableFuture<Set<Long>> known = new CompletableFuture<>();
        Thread comparing = Thread.ofPlatform().start(() -> known.complete(handOver.alone(epoch::leases)));
        while (comparing.getState() != Thread.State.WAITING && !known.isDone()) {
            Thread.onSpinWait();
        }
        assertThat(known).isNotDone();
        goOn.countDown();
        assertThat(taking.get()).containsExactly(1L);
        assertThat(known.get()).containsExactly(7L);
    }

    @Test
    void whoStopsTakesNothingMore() {
        goOn.countDown();
        handOver.open(true);
        handOver.close();
        assertThat(handOver.take(epoch, List.of(PLAIN))).isEmpty();
        HandOver other = new HandOver(Map.of("q", QueueRunner.oneByOne("q", started::add)), workshop());
        other.open(true);
        epoch.suspend();
        assertThat(other.take(epoch, List.of(PLAIN))).isEmpty();
    }
}
