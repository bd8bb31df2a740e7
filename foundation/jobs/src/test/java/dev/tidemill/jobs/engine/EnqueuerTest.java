package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.ErrorRules;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JsonCodec;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Many callers that share commits. */
final class EnqueuerTest {
    private static final int CALLERS = 32;
    private static final int EACH = 500;

    /** Takes a moment for each write, remembers what it was given, and refuses what says so. */
    private static final class Ledger implements Intake {
        private final AtomicLong ids = new AtomicLong();
        private final AtomicInteger writes = new AtomicInteger();
        private final AtomicInteger inside = new AtomicInteger();
        private final Map<Long, String> written = new ConcurrentHashMap<>();
        private volatile boolean broken;
        private volatile CountDownLatch gate = new CountDownLatch(0);

        @Override
        public Added add(List<NewJob> jobs) {
            assertThat(inside.incrementAndGet()).as("one writes at a time").isEqualTo(1);
            try {
                writes.incrementAndGet();
                hold();
                if (broken) {
                    throw new AssertionError("out of order");
                }
                if (jobs.stream().anyMatch(job -> job.payload().contains("refuse"))) {
                    throw new StoreException(ErrorCode.DATABASE_ERROR, "refused", false, null);
                }
                List<Long> added = new ArrayList<>();
                for (NewJob job : jobs) {
                    long id = ids.incrementAndGet();
                    written.put(id, job.payload());
                    added.add(id);
                }
                return new Added(added, List.of());
            } finally {
                inside.decrementAndGet();
            }
        }

        /** Not by parking: these threads are unparked all the time. */
        private void hold() {
            long end = System.nanoTime() + 5_000;
            while (gate.getCount() > 0 || System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
        }

        @Override
        public Added add(Connection connection, List<NewJob> jobs) {
            return add(jobs);
        }
    }

    private final Ledger ledger = new Ledger();
    private final Enqueuer enqueuer = new Enqueuer(
            new Registry.Builder().build(new PlainText()),
            new Settings(
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
                    null),
            ledger,
            new Traces(null),
            new Observers(Priorities.standard()),
            hints -> {},
            jobs -> List.of());

    /** Takes every text as it is. */
    private static final class PlainText implements JsonCodec {
        @Override
        public String write(Object job) {
            return job.toString();
        }

        @Override
        public <T> T read(String json, Class<T> type) {
            return type.cast(json);
        }

        @Override
        public void check(String json) {}
    }

    private interface Caller {
        void call(int caller, int turn);
    }

    private static Map<String, Throwable> callTogether(Caller caller) throws InterruptedException {
        Map<String, Throwable> failures = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(CALLERS);
        for (int c = 0; c < CALLERS; c++) {
            int number = c;
            Thread.Builder builder =
                    c % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform().daemon();
            builder.start(() -> {
                for (int turn = 0; turn < EACH; turn++) {
                    try {
                        caller.call(number, turn);
                    } catch (Throwable failed) {
                        failures.put(number + "." + turn, failed);
                    }
                }
                done.countDown();
            });
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).as("nobody waits for ever").isTrue();
        return failures;
    }

    private long enqueue(String payload) {
        return enqueuer.enqueue(new JobRequest("k", payload), EnqueueOptions.NONE)
                .id();
    }

    @Test
    void everyCallerGetsTheIdOfItsOwnJob() throws Exception {
        Map<String, Throwable> failures = callTogether((caller, turn) -> {
            String payload = caller + "." + turn;
            assertThat(ledger.written).containsEntry(enqueue(payload), payload);
        });
        assertThat(failures).isEmpty();
        assertThat(ledger.written).hasSize(CALLERS * EACH);
    }

    @Test
    void thoseWhoComeDuringAWriteShareTheNext() throws Exception {
        ledger.gate = new CountDownLatch(1);
        List<Thread> callers = new ArrayList<>();
        for (int c = 0; c < CALLERS; c++) {
            callers.add(Thread.ofPlatform().daemon().start(() -> enqueue("x")));
        }
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (waiting(callers) < CALLERS - 1 && System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
        ledger.gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(Duration.ofSeconds(20))).isTrue();
        }
        assertThat(ledger.written).hasSize(CALLERS);
        assertThat(ledger.writes).as("the first by itself, the rest together").hasValue(2);
    }

    private static long waiting(List<Thread> threads) {
        return threads.stream()
                .filter(thread -> thread.getState() == Thread.State.WAITING)
                .count();
    }

    @Test
    void whoeverComesLastIsNotForgotten() throws Exception {
        for (int round = 0; round < 1_000; round++) {
            CountDownLatch done = new CountDownLatch(3);
            for (int i = 0; i < 3; i++) {
                Thread.ofVirtual().start(() -> {
                    enqueue("x");
                    done.countDown();
                });
            }
            assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void aRefusedJobFailsForItsCallerAlone() throws Exception {
        Map<String, Throwable> failures = callTogether(
                (caller, turn) -> enqueue(turn % 50 == 7 ? "refuse " + caller + "." + turn : caller + "." + turn));
        assertThat(failures).hasSize(CALLERS * EACH / 50).allSatisfy((call, failure) -> {
            assertThat(Integer.parseInt(call.substring(call.indexOf('.') + 1)) % 50)
                    .isEqualTo(7);
            assertThat(failure).isInstanceOf(StoreException.class);
        });
        assertThat(ledger.written).hasSize(CALLERS * EACH - CALLERS * EACH / 50);
    }

    @Test
    void anErrorIsTakenForSuccessByNobody() throws Exception {
        ledger.broken = true;
        assertThat(callTogether((caller, turn) -> enqueue(caller + "." + turn))).hasSize(CALLERS * EACH);
    }

    @Test
    void anInterruptedCallerStillLearnsItsIdAndStaysInterrupted() throws Exception {
        Map<String, Throwable> failures = callTogether((caller, turn) -> {
            if (turn % 10 == 0) {
                Thread.currentThread().interrupt();
            }
            assertThat(enqueue("x")).isPositive();
            assertThat(Thread.interrupted()).isEqualTo(turn % 10 == 0);
        });
        assertThat(failures).isEmpty();
    }
}
