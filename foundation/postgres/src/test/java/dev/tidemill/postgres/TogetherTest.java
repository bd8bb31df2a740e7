package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Questions that are asked together. */
final class TogetherTest {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch open = new CountDownLatch(1);
    private final List<List<Integer>> groups = new CopyOnWriteArrayList<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();

    /** Answers with the double; the first group waits until it is let go, an odd number cannot be answered. */
    private List<Integer> answers(List<Integer> questions) {
        groups.add(questions);
        most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        try {
            if (questions.contains(0)) {
                entered.countDown();
                open.await();
            }
            if (questions.stream().anyMatch(one -> one % 2 == 1)) {
                throw new IllegalArgumentException("odd: " + questions);
            }
            return questions.stream().map(one -> one * 2).toList();
        } catch (InterruptedException interrupted) {
            throw new StoreException(ErrorCode.DATABASE_UNREACHABLE, "interrupted", true, interrupted);
        } finally {
            underWay.decrementAndGet();
        }
    }

    private static void awaitParked(Thread... threads) {
        for (Thread thread : threads) {
            Awaitility.await().atMost(Jobs.SOON).until(() -> thread.getState() == Thread.State.WAITING);
        }
    }

    @Test
    void whoComesMeanwhileIsAskedForTogether() throws Exception {
        Together<Integer, Integer> together = new Together<>(1, 100, this::answers);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> first = callers.submit(() -> together.ask(0));
            entered.await();
            List<Thread> threads = new CopyOnWriteArrayList<>();
            List<Future<Integer>> others = new ArrayList<>();
            for (int i = 1; i <= 50; i++) {
                int question = i * 2;
                others.add(callers.submit(() -> {
                    threads.add(Thread.currentThread());
                    return together.ask(question);
                }));
            }
            Awaitility.await().atMost(Jobs.SOON).until(() -> threads.size() == 50);
            awaitParked(threads.toArray(new Thread[0]));
            open.countDown();
            assertThat(first.get()).isZero();
            for (int i = 0; i < 50; i++) {
                assertThat(others.get(i).get()).isEqualTo((i + 1) * 4);
            }
        }
        assertThat(groups).hasSize(2);
        assertThat(most.get()).isEqualTo(1);
    }

    @Test
    void aSecondGroupDoesNotWaitForASlowFirstOne() throws Exception {
        Together<Integer, Integer> together = new Together<>(2, 100, this::answers);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> slow = callers.submit(() -> together.ask(0));
            entered.await();
            assertThat(callers.submit(() -> together.ask(4)).get()).isEqualTo(8);
            open.countDown();
            assertThat(slow.get()).isZero();
        }
    }

    @Test
    void whatCannotBeAnsweredTakesNobodyElseAlong() throws Exception {
        Together<Integer, Integer> together = new Together<>(1, 100, this::answers);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Integer> first = callers.submit(() -> together.ask(0));
            entered.await();
            List<Thread> threads = new CopyOnWriteArrayList<>();
            Future<Integer> odd = callers.submit(() -> {
                threads.add(Thread.currentThread());
                return together.ask(3);
            });
            Future<Integer> even = callers.submit(() -> {
                threads.add(Thread.currentThread());
                return together.ask(6);
            });
            Awaitility.await().atMost(Jobs.SOON).until(() -> threads.size() == 2);
            awaitParked(threads.toArray(new Thread[0]));
            open.countDown();
            assertThat(first.get()).isZero();
            assertThat(even.get()).isEqualTo(12);
            assertThatThrownBy(odd::get)
                    .isInstanceOf(ExecutionException.class)
                    .hasRootCauseInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void anInterruptedCallerAnswersTheOthersAndStaysInterrupted() throws Exception {
        Together<Integer, Integer> together = new Together<>(1, 100, this::answers);
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Boolean> caller = callers.submit(() -> {
                Thread.currentThread().interrupt();
                int answer = together.ask(8);
                return answer == 16 && Thread.interrupted();
            });
            assertThat(caller.get()).isTrue();
        }
    }
}
