package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Whoever holds a connection does not ask for another: as many at once as the pool has connections would each wait for
 * one that the others hold.
 */
@ExtendWith(FreshSchema.class)
class OneConnectionAtATimeTest {
    private final TestDatabase database;
    /** A mill's own loops keep a connection each and borrow beside it, so only who asks is watched. */
    private final Set<Thread> watched = ConcurrentHashMap.newKeySet();

    private final ThreadLocal<AtomicInteger> held = ThreadLocal.withInitial(AtomicInteger::new);

    OneConnectionAtATimeTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void noQuestionAndNoActionTakesASecondOne() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        try (Tidemill mill = Tidemill.on(counting())
                .schema(database.schema())
                .handleJson("Fine", (json, run) -> {})
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .handleJson("Wait", (json, run) -> end.await())
                .start()) {
            try {
                Map<JobState, Long> jobs = oneInEachState(mill);
                jobs.forEach((state, id) -> {
                    aside("why a job is " + state, () -> mill.why(id));
                    aside("a job that is " + state, () -> mill.job(id));
                });
                aside("doctor", () -> mill.diagnose(Duration.ofSeconds(1)));
                aside("repair", () -> mill.repair(Duration.ofHours(1)));
                aside("search", () -> mill.search(JobFilter.ANY.error("use"), null, 10));
                aside("statistics", mill::stats);
                aside("history", () -> mill.history(null, 10));
                aside("attempts", () -> mill.latestAttempts(10));
                aside("dead letters", () -> mill.deadLetters(null, 10));
                aside("their groups", mill::deadLetterGroups);
                aside(
                        "schedule",
                        () -> mill.schedules()
                                .put("daily", Timing.cron("0 9 * * *", "UTC"), new JobRequest("Fine", "{}")));
                aside("schedules", () -> mill.schedules().list());
                aside("fires", () -> mill.schedules().history("daily", 10));
                aside("limit", () -> mill.limits().put(Limit.ofQueue("slow").concurrency(3)));
                aside("limits", () -> mill.limits().list());
                aside("pause", () -> mill.pauses().pause(Pause.Scope.QUEUE, "slow", "test", ""));
                aside("pauses", () -> mill.pauses().paused());
                aside("retention", () -> mill.retention().view());
                aside("breakers", () -> mill.breakers().list());
                aside("leases", () -> mill.leases().list());
                aside("drained", () -> mill.nodes().drained());
                aside("audit", () -> mill.audit(Long.MAX_VALUE, 10));
                long scheduled = jobs.getOrDefault(JobState.SCHEDULED, 0L);
                aside("prioritize", () -> mill.actions().prioritize(scheduled, Priority.LOW, "test"));
                aside("postpone", () -> mill.actions().postpone(scheduled, Duration.ofHours(1), "test"));
                aside(
                        "reschedule",
                        () -> mill.actions().reschedule(scheduled, Instant.now().plusSeconds(9_000), "test"));
                aside("replay", () -> mill.actions().replayEdited(jobs.getOrDefault(JobState.DEAD, 0L), "{}", "test"));
                aside(
                        "many",
                        () -> mill.actions()
                                .all(JobFilter.ANY.kind("Nobody"), new JobAction.Cancel(), 10, "test", n -> {}));
                aside("cancel", () -> mill.cancel(scheduled, "test"));
            } finally {
                end.countDown();
            }
        }
    }

    @Test
    void theWatchSeesASecondOne() {
        DataSource counting = counting();
        watched.add(Thread.currentThread());
        assertThatThrownBy(() -> {
                    try (Connection first = counting.getConnection();
                            Connection second = counting.getConnection()) {
                        assertThat(first).isNotSameAs(second);
                    }
                })
                .hasMessage("asked for a second connection");
    }

    private static Map<JobState, Long> oneInEachState(Tidemill mill) {
        Map<JobState, Long> jobs = new LinkedHashMap<>();
        jobs.put(JobState.SUCCEEDED, mill.enqueue(new JobRequest("Fine", "{}")));
        jobs.put(JobState.DEAD, mill.enqueue(new JobRequest("Fail", "{}")));
        jobs.put(JobState.RUNNING, mill.enqueue(new JobRequest("Wait", "{}")));
        jobs.put(JobState.READY, mill.enqueue(new JobRequest("Nobody", "{}")));
        jobs.put(
                JobState.SCHEDULED,
                mill.enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.delay(Duration.ofHours(2))));
        jobs.forEach((state, id) -> Jobs.in(mill, id, state));
        return jobs;
    }

    private void aside(String what, ThrowingCallable question) {
        assertThatCode(() -> Aside.run(() -> {
                            watched.add(Thread.currentThread());
                            try {
                                question.call();
                            } catch (Throwable failed) {
                                throw new IllegalStateException(failed);
                            }
                            return true;
                        })
                        .get())
                .as(what)
                .doesNotThrowAnyException();
    }

    private DataSource counting() {
        DataSource real = database.dataSource();
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (!method.getName().equals("getConnection")) {
                        return method.invoke(real, arguments);
                    }
                    AtomicInteger mine = held.get();
                    if (mine.get() > 0 && watched.contains(Thread.currentThread())) {
                        throw new SQLException("asked for a second connection");
                    }
                    mine.incrementAndGet();
                    return counted(real.getConnection(), mine);
                });
    }

    private Connection counted(Connection real, AtomicInteger mine) {
        return (Connection) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Connection.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close")) {
                        mine.decrementAndGet();
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException failed) {
                        throw failed.getCause();
                    }
                });
    }
}
