package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Several things at a time, and one batch after the other. */
final class ParallelTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final CountDownLatch never = new CountDownLatch(1);
    private final AtomicInteger interrupted = new AtomicInteger();

    private Callable<Integer> counted(int number) {
        return () -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            boolean counted = never.await(2, TimeUnit.MILLISECONDS);
            running.decrementAndGet();
            return counted ? -1 : number;
        };
    }

    private Callable<Integer> stuck(CountDownLatch started) {
        return () -> {
            started.countDown();
            try {
                never.await();
            } catch (InterruptedException told) {
                interrupted.incrementAndGet();
                throw told;
            }
            return 0;
        };
    }

    @Test
    void resultsComeInOrderAndNoMoreRunThanAskedFor() throws Exception {
        List<Callable<Integer>> tasks =
                IntStream.range(0, 200).mapToObj(this::counted).toList();
        assertThat(Parallel.parallel(tasks, 7))
                .isEqualTo(IntStream.range(0, 200).boxed().toList());
        assertThat(most.get()).isBetween(2, 7);
        assertThat(Parallel.parallel(List.<Callable<Integer>>of(), 7)).isEmpty();
    }

    @Test
    void theFirstFailureInterruptsTheOthersKeepsTheRestFromStartingAndIsThrown() {
        CountDownLatch started = new CountDownLatch(2);
        AtomicBoolean rest = new AtomicBoolean();
        List<Callable<Integer>> tasks = List.of(
                stuck(started),
                stuck(started),
                () -> {
                    started.await();
                    throw new IllegalStateException("this one");
                },
                () -> {
                    rest.set(true);
                    return 0;
                });
        assertThatThrownBy(() -> Parallel.parallel(tasks, 3, LONG))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .hasMessage("this one");
        assertThat(interrupted.get()).as("nobody is left running").isEqualTo(2);
        assertThat(rest).isFalse();
    }

    @Test
    void aTaskThatIgnoresItsInterruptIsWaitedForNoLongerThanItsGrace() {
        AtomicBoolean done = new AtomicBoolean();
        CountDownLatch started = new CountDownLatch(1);
        Callable<Integer> deaf = () -> {
            started.countDown();
            while (!done.get()) {
                Thread.onSpinWait();
                if (Thread.interrupted()) {
                    interrupted.incrementAndGet();
                }
            }
            return 0;
        };
        Callable<Integer> failing = () -> {
            started.await();
            throw new IllegalStateException("this one");
        };
        long began = System.nanoTime();
        try {
            assertThatThrownBy(() -> Parallel.parallel(List.of(deaf, failing), 2, LONG))
                    .isInstanceOf(ExecutionException.class);
        } finally {
            done.set(true);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began))
                .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(20));
        assertThat(interrupted.get()).isPositive();
    }

    @Test
    void collectingLetsEveryTaskRunAndTellsHowEachEnded() throws Exception {
        List<Callable<Integer>> tasks = List.of(
                () -> 1,
                () -> {
                    throw new IllegalStateException("second");
                },
                () -> 3,
                stuck(new CountDownLatch(1)));
        List<Parallel.Result<Integer>> results = Parallel.collect(tasks, 2, Duration.ofMillis(300));
        assertThat(results.get(0).value()).isEqualTo(1);
        assertThat(results.get(1).failure()).hasMessage("second");
        assertThat(results.get(2).succeeded()).isTrue();
        assertThat(results.get(3).failure()).isInstanceOf(CancellationException.class);
        assertThat(interrupted.get()).isEqualTo(1);
    }

    @Test
    void timeThatIsOverAndAnInterruptOfTheCallerInterruptTheTasks() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        assertThatThrownBy(() -> Parallel.parallel(List.of(stuck(started)), 1, Duration.ofMillis(100)))
                .isInstanceOf(TimeoutException.class);
        assertThat(interrupted.get()).isEqualTo(1);
        assertThat(interruptedWhile(again -> Parallel.parallel(List.of(stuck(again)), 1, LONG)))
                .isInstanceOf(InterruptedException.class);
        assertThat(interrupted.get()).isEqualTo(2);
    }

    /** What waits until somebody interrupts it. */
    @FunctionalInterface
    private interface Waiting {
        void run(CountDownLatch started) throws Exception;
    }

    private static Throwable interruptedWhile(Waiting what) throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        CountDownLatch started = new CountDownLatch(1);
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                what.run(started);
            } catch (Exception ended) {
                thrown.set(ended);
            }
        });
        started.await();
        caller.interrupt();
        assertThat(caller.join(LONG)).isTrue();
        return thrown.get();
    }

    @Test
    void batchesAreWholeInOrderAndStopAtTheFirstThatFails() throws Exception {
        List<List<Integer>> seen = new ArrayList<>();
        Parallel.inBatches(IntStream.range(0, 7).boxed().toList(), 3, seen::add);
        assertThat(seen).containsExactly(List.of(0, 1, 2), List.of(3, 4, 5), List.of(6));
        seen.clear();
        Parallel.inBatches(Arrays.asList(1, null), 2, seen::add);
        assertThat(seen).containsExactly(Arrays.asList(1, null));
        seen.clear();
        assertThatThrownBy(() -> Parallel.inBatches(List.of(1, 2, 3), 1, LONG, batch -> {
                    seen.add(batch);
                    if (batch.contains(2)) {
                        throw new IllegalStateException("second");
                    }
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("second");
        assertThat(seen).hasSize(2);
    }

    @Test
    void batchesRunInTheCallersThreadAndEndWithTheirTimeOrTheCallersInterrupt() throws Exception {
        Thread here = Thread.currentThread();
        AtomicReference<Thread> ran = new AtomicReference<>();
        Parallel.inBatches(List.of(1), 1, LONG, batch -> ran.set(Thread.currentThread()));
        assertThat(ran.get()).isSameAs(here);
        assertThatThrownBy(() -> Parallel.inBatches(List.of(1, 2), 1, Duration.ofMillis(50), batch -> never.await()))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("Only 0 items");
        assertThat(here.isInterrupted()).as("the limit's interrupt is used up").isFalse();
        AtomicInteger begun = new AtomicInteger();
        assertThatThrownBy(() -> Parallel.inBatches(List.of(1, 2), 1, Duration.ofMillis(50), batch -> {
                    begun.incrementAndGet();
                    try {
                        never.await();
                    } catch (InterruptedException swallowed) {
                        interrupted.incrementAndGet();
                    }
                }))
                .isInstanceOf(TimeoutException.class)
                .hasMessageContaining("Only 1 items");
        assertThat(begun.get()).isEqualTo(1);
        assertThat(interruptedWhile(started -> Parallel.inBatches(
                        List.of(1),
                        1,
                        batch -> assertThat(stuck(started).call()).isZero())))
                .isInstanceOf(InterruptedException.class);
    }

    @Test
    void boundsAreRefused() {
        for (int atOnce : new int[] {0, 10_001}) {
            assertThatThrownBy(() -> Parallel.parallel(List.<Callable<Integer>>of(), atOnce, LONG))
                    .hasMessageContaining("1 to 10000");
        }
        assertThatThrownBy(() -> Parallel.inBatches(List.of(1), 0, batch -> {})).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> Parallel.parallel(List.<Callable<Integer>>of(), 1, Duration.ZERO))
                .hasMessageContaining("more than 0");
    }
}
