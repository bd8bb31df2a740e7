package dev.tidemill.postgres;

import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Waits for jobs, and tells what became of them. */
final class Jobs {
    static final Duration SOON = Duration.ofSeconds(30);

    private Jobs() {}

    /** The job once it is in this state. */
    static JobView in(Tidemill mill, long id, JobState state) {
        return await().atMost(SOON)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> mill.job(id).orElseThrow(), job -> job.state() == state);
    }

    static List<AttemptOutcome> outcomes(JobView job) {
        return job.attempts().stream().map(AttemptView::outcome).toList();
    }

    static void await30(CountDownLatch latch) throws InterruptedException {
        if (!latch.await(SOON.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("waited for " + latch.getCount() + " more in vain");
        }
    }

    /** Waits whatever interrupts come, as a stubborn handler does; true if there was one. */
    static boolean awaitStubbornly(CountDownLatch latch) {
        boolean interrupted = false;
        long end = System.nanoTime() + SOON.toNanos();
        while (System.nanoTime() - end < 0) {
            try {
                if (latch.await(1, TimeUnit.SECONDS)) {
                    return interrupted;
                }
            } catch (InterruptedException ignored) {
                interrupted = true;
            }
        }
        throw new AssertionError("waited in vain");
    }
}
