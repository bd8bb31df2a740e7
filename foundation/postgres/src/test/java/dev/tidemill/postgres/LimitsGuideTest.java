package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/limits.md, compiled and run, and what two real engines make of limits, pauses and cancelling. */
@ExtendWith(FreshSchema.class)
final class LimitsGuideTest {
    record SendMail(String to) {}

    record CallPartner(int number) {}

    private final TestDatabase database;

    LimitsGuideTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void theGuideRuns() throws IOException {
        DocumentedCode.isIn(LimitsGuideTest.class, DocumentedCode.text("docs/limits.md"), 6);
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            mill.limits().put(Limit.ofKind("CallPartner").concurrency(5));
            mill.limits()
                    .put(Limit.ofQueue("mail").rate(100, Duration.ofMinutes(1)).forEachKey());
            mill.enqueue(
                    new SendMail("a@example.org"), EnqueueOptions.queue("mail").key("tenant-17"));

            mill.limits().shareFairly("reports");
            mill.limits().weigh("reports", "big customer", 4);

            mill.pauses().pause(Pause.Scope.KIND, "CallPartner", "ada", "their maintenance window");
            mill.pauses().resume(Pause.Scope.KIND, "CallPartner", "ada");

            long id = mill.enqueue(new CallPartner(1));
            Cancellation done = mill.cancel(id);

            assertThat(done).isEqualTo(Cancellation.WILL_NOT_START);
            assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.CANCELLED);
            assertThat(mill.limits().list()).hasSize(2);
            mill.limits()
                    .list()
                    .forEach(view ->
                            assertThat(mill.limits().remove(view.limit())).isTrue());
        }
    }

    @Test
    void twoEnginesNeverRunMoreOfAKeyThanItsLimit() throws InterruptedException {
        int jobs = 400;
        Map<Integer, AtomicInteger> running = new ConcurrentHashMap<>();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch left = new CountDownLatch(jobs);
        try (Tidemill one = counting(running, most, left);
                Tidemill other = counting(running, most, left)) {
            one.limits().put(Limit.ofQueue("partner").concurrency(2).forEachKey());
            for (int key = 0; key < 10; key++) {
                int number = key;
                (key % 2 == 0 ? one : other)
                        .enqueueAll(
                                IntStream.range(0, jobs / 10)
                                        .mapToObj(i -> new CallPartner(number))
                                        .toList(),
                                EnqueueOptions.queue("partner").key("key-" + key));
            }
            Jobs.await30(left);
            assertThat(most.get()).isBetween(1, 2);
            one.limits().remove(Limit.ofQueue("partner").forEachKey());
        }
    }

    /** A busy key comes to its limit while others have room, so claims of either sort meet. */
    @Test
    void aKeyAtItsLimitBesideKeysWithRoomIsHeldToIt() throws InterruptedException {
        int jobs = 4_000;
        int limit = 40;
        Map<Integer, AtomicInteger> running = new ConcurrentHashMap<>();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch left = new CountDownLatch(jobs);
        CountDownLatch full = new CountDownLatch(limit);
        Handler<CallPartner> handler = (job, run) -> {
            AtomicInteger now = running.computeIfAbsent(job.number(), key -> new AtomicInteger());
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            if (job.number() == 0) {
                // As many as may, run at once; nobody goes on before.
                full.countDown();
                Jobs.await30(full);
            }
            now.decrementAndGet();
            left.countDown();
        };
        try (Tidemill one = busy(handler);
                Tidemill other = busy(handler)) {
            one.limits().put(Limit.ofQueue("busy").concurrency(limit).forEachKey());
            for (int part = 0; part < 40; part++) {
                for (int key : List.of(0, 1 + part)) {
                    (part % 2 == 0 ? one : other)
                            .enqueueAll(
                                    IntStream.range(0, jobs / 80)
                                            .mapToObj(i -> new CallPartner(key))
                                            .toList(),
                                    EnqueueOptions.queue("busy").key("key-" + key));
                }
            }
            Jobs.await30(left);
            assertThat(most.get()).isEqualTo(limit);
            one.limits().remove(Limit.ofQueue("busy").forEachKey());
        }
    }

    private Tidemill busy(Handler<CallPartner> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("busy", queue -> queue.concurrency(100))
                .handle(CallPartner.class, handler, options -> options.queue("busy"))
                .start();
    }

    private Tidemill counting(Map<Integer, AtomicInteger> running, AtomicInteger most, CountDownLatch left) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(
                        CallPartner.class,
                        (job, run) -> {
                            AtomicInteger now = running.computeIfAbsent(job.number(), key -> new AtomicInteger());
                            most.accumulateAndGet(now.incrementAndGet(), Math::max);
                            now.decrementAndGet();
                            left.countDown();
                        },
                        options -> options.queue("partner"))
                .start();
    }

    @Test
    void aRunningJobIsInterruptedByTheProcessThatHasIt() throws InterruptedException {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch interrupted = new CountDownLatch(1);
        try (Tidemill working = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .handle(SendMail.class, (job, run) -> {
                            started.countDown();
                            try {
                                new CountDownLatch(1).await();
                            } catch (InterruptedException stopped) {
                                interrupted.countDown();
                                throw stopped;
                            }
                        })
                        .start();
                Tidemill asking = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .start()) {
            long id = asking.enqueue(new SendMail("x"));
            Jobs.await30(started);
            assertThat(asking.cancel(id)).isEqualTo(Cancellation.INTERRUPTED);
            Jobs.await30(interrupted);
            await().atMost(Jobs.SOON).until(() -> working.job(id).orElseThrow().state() == JobState.CANCELLED);
            assertThat(asking.cancel(id)).isEqualTo(Cancellation.CANCELLED);
        }
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            for (Runnable wrong : List.<Runnable>of(
                    () -> mill.limits().put(Limit.ofKind("K")),
                    () -> Limit.ofKind("K").concurrency(0),
                    () -> Limit.ofKind("K").rate(1, Duration.ZERO),
                    () -> Limit.ofKind("K").burst(3),
                    () -> EnqueueOptions.NONE.key(""),
                    () -> mill.limits().weigh("q", "k", 17),
                    () -> mill.pauses().pause(Pause.Scope.KIND, "K", "", ""))) {
                Assertions.assertThatExceptionOfType(TidemillException.class)
                        .isThrownBy(wrong::run)
                        .matches(refused -> refused.code() == ErrorCode.INVALID_OPTION);
            }
        }
    }
}
