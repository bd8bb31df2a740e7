package dev.tidemill.server;

import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/** A mill with something of everything that pages show: jobs in every state, schedules, limits, a breaker, a pause. */
final class BusyMill {
    private final CountDownLatch leave = new CountDownLatch(1);
    long succeeded;
    long dead;
    long running;
    long scheduled;
    long waiting;

    /** The handlers. */
    TidemillBuilder handlers(TidemillBuilder jobs) {
        return jobs.nodeName("web-1")
                .breaker(Breaker.of("mail-api").failures(3))
                .handleJson("SendWelcome", (json, run) -> {
                    run.log(LogLevel.INFO, "sent to ada@example.com");
                    run.result("accepted by mail-api");
                })
                .handleJson("ChargeCard", (json, run) -> {
                    throw new IllegalStateException("the bank says no: " + json + " " + "0123456789abcdef".repeat(40));
                })
                .handleJson("ImportCatalog", (json, run) -> {
                    run.progress(420, 1000, "reading products");
                    run.log(LogLevel.WARN, "product 17 has no price");
                    leave.await();
                })
                .handleJson("CallMail", (json, run) -> {}, options -> options.dependsOn("mail-api"));
    }

    /** Fills it. */
    void fill(Tidemill mill) {
        succeeded = mill.enqueue(new JobRequest(
                "SendWelcome",
                "{\"userId\": 4711, \"email\": \"ada@example.com\"}",
                EnqueueOptions.NONE.tag("userId", "4711")));
        IntStream.range(0, 20)
                .forEach(i -> mill.enqueue(
                        new JobRequest("SendWelcome", "{\"n\": " + i + "}", EnqueueOptions.priority(Priority.HIGH))));
        for (int i = 0; i < 4; i++) {
            dead = mill.enqueue(new JobRequest("ChargeCard", "{\"card\": " + i + "}", EnqueueOptions.NONE.attempts(1)));
        }
        running = mill.enqueue(new JobRequest("ImportCatalog", "{\"file\": \"catalog.csv\"}"));
        scheduled = mill.enqueue(
                new JobRequest("SendWelcome", "{\"later\": true}", EnqueueOptions.delay(Duration.ofHours(3))));
        waiting = mill.enqueue(new JobRequest("NobodyHandlesThis", "{\"a\": [1, 2, 3]}"));
        mill.schedules().put("nightly-report", Timing.cron("30 2 * * *", "Europe/Berlin"), report());
        mill.schedules().put("sync-prices", Timing.every(Duration.ofMinutes(45)), report(), ScheduleOptions.NONE);
        mill.schedules().put("heartbeat", Timing.every(Duration.ofSeconds(20)), report());
        mill.schedules().put("year-end", Timing.once(Instant.parse("2099-12-31T22:00:00Z")), report());
        mill.limits().put(Limit.ofKind("CallMail").concurrency(5));
        mill.limits().put(Limit.ofQueue("mail").rate(100, Duration.ofMinutes(1)).forEachKey());
        mill.limits().shareFairly("tenants");
        mill.alarms().put("CallMail", new FailureAlarm(0.1, 100, Duration.ofMinutes(5)), "ada");
        mill.pauses().pause(Pause.Scope.KIND, "CallMail", "ada", "the mail provider moves house");
        await().until(() -> state(mill, succeeded) == JobState.SUCCEEDED
                && state(mill, dead) == JobState.DEAD
                && mill.job(running).orElseThrow().progress() != null
                && mill.deadLetters(null, 10).size() >= 4
                && !mill.log(succeeded, 10).isEmpty());
    }

    static JobRequest report() {
        return new JobRequest("SendWelcome", "{\"scope\": \"all\"}");
    }

    static JobState state(Tidemill mill, long id) {
        return mill.job(id).orElseThrow().state();
    }

    /** Lets what runs end. */
    void leave() {
        leave.countDown();
    }
}
