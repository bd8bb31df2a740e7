package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the jobs that may be what took their nodes down: those that were lost with them all but once as often as is
 * allowed. One at a time, beside what else runs here, and noted in the database before its first step, so that whoever
 * finds the node gone knows which job to blame; those that wait here for their turn, and the many that were lost with
 * the same node, are not convicted for it. Thread safe.
 */
final class Quarantine {
    private static final Logger LOG = LoggerFactory.getLogger(Quarantine.class);
    private static final long AGAIN_NANOS = 200_000_000L;

    private final QueueRunner runner = QueueRunner.oneByOne(
            "quarantine",
            work -> Thread.ofVirtual()
                    .name("suspect-" + work.claimed().getFirst().id())
                    .start(() -> run(work)));
    private final int losses;

    /** With this many losses, a job is a dead letter. */
    Quarantine(int losses) {
        this.losses = losses;
    }

    /** Takes the suspects among these jobs; returns the others. Nothing is asked about jobs that were never lost. */
    List<ClaimedJob> takeSuspects(List<ClaimedJob> jobs, EpochWork epoch, Workshop shop) {
        Set<Long> suspects = suspectsAmong(jobs, epoch);
        if (suspects.isEmpty()) {
            return jobs;
        }
        runner.offer(jobs.stream().filter(job -> suspects.contains(job.id())).toList(), epoch, shop);
        return jobs.stream().filter(job -> !suspects.contains(job.id())).toList();
    }

    /** Which of these jobs have been lost all but once as often as is allowed. */
    Set<Long> suspectsAmong(List<ClaimedJob> jobs, EpochWork epoch) {
        List<Long> asked = jobs.stream()
                .filter(job -> job.attempt() - 1 - job.failures() >= losses - 1)
                .map(ClaimedJob::id)
                .toList();
        return asked.isEmpty() ? Set.of() : suspects(asked, epoch);
    }

    /** Where nobody answers, all that were asked about: they have been claimed and have to go somewhere. */
    private Set<Long> suspects(List<Long> asked, EpochWork epoch) {
        try {
            return epoch.place().oftenLost(asked, losses - 1);
        } catch (RuntimeException unreachable) {
            LOG.debug("Asking how often jobs were lost failed; they run one by one.", unreachable);
            return Set.copyOf(asked);
        }
    }

    private static void run(Work work) {
        ClaimedJob job = work.claimed().getFirst();
        while (work.epoch().state() == EpochWork.State.WORKING && !noted(work.epoch(), job)) {
            LockSupport.parkNanos(AGAIN_NANOS);
        }
        // Under an epoch that works no more it does nothing.
        work.run();
    }

    private static boolean noted(EpochWork epoch, ClaimedJob job) {
        try {
            epoch.place().noteSuspect(job);
            LOG.warn(
                    "Job {} of kind {} was lost with its node before, and runs under observation: if this process is lost"
                            + " with it, it becomes a dead letter.",
                    job.id(),
                    job.kind());
            return true;
        } catch (EpochClosedException closed) {
            LOG.debug("The epoch of a suspect is closed; it runs elsewhere.", closed);
            return true;
        } catch (RuntimeException unreachable) {
            LOG.debug("Noting a suspect failed; trying again.", unreachable);
            return false;
        }
    }

    int running() {
        return runner.running();
    }

    List<ClaimedJob> empty() {
        return runner.empty();
    }
}
