package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.NewJob;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * The short way of a job that this process enqueues and can run at once. It goes into a lease of this node in the
 * enqueue's own transaction, instead of into the queue, so that no claim with a commit of its own has to follow. Open
 * only while the claimer rests: its last claim found nothing on any queue, and there was room everywhere, so nothing that
 * is known to wait should go first. What is special about a job, or has a rule, goes the long way through the queue.
 *
 * <p>The database has such a lease a moment before this process knows of it, and a lease that it does not know is
 * otherwise one whose answer was lost, and given back. So whoever compares the two does it {@link #alone}. Thread safe.
 */
final class HandOver {
    private final Map<String, QueueRunner> runners;
    private final Workshop shop;
    private final ReentrantReadWriteLock underWay = new ReentrantReadWriteLock();
    private volatile boolean open;
    private volatile boolean closed;

    HandOver(Map<String, QueueRunner> runners, Workshop shop) {
        this.runners = runners;
        this.shop = shop;
    }

    /** Whether the claimer rests. */
    void open(boolean resting) {
        open = resting;
    }

    /** Does something while no job is on the short way. */
    <T> T alone(Supplier<T> work) {
        underWay.writeLock().lock();
        try {
            return work.get();
        } finally {
            underWay.writeLock().unlock();
        }
    }

    /** Lets no job take the short way any more; none is on it when this returns. */
    void close() {
        alone(() -> closed = true);
    }

    /**
     * Enqueues these jobs and starts them. Returns their ids in the order given; none if they have to go the long way, and
     * then nothing was written.
     */
    List<Long> take(EpochWork epoch, List<NewJob> jobs) {
        if (!open || !fits(jobs) || !underWay.readLock().tryLock()) {
            return List.of();
        }
        try {
            if (closed || epoch.state() != EpochWork.State.WORKING) {
                return List.of();
            }
            List<ClaimedJob> taken = epoch.place().take(jobs);
            if (!taken.isEmpty()) {
                epoch.claimed(taken);
                offer(epoch, taken);
            }
            return taken.stream().map(ClaimedJob::id).toList();
        } catch (EpochClosedException lost) {
            return List.of();
        } finally {
            underWay.readLock().unlock();
        }
    }

    private void offer(EpochWork epoch, List<ClaimedJob> taken) {
        Map<String, List<ClaimedJob>> byQueue = new HashMap<>();
        taken.forEach(job ->
                byQueue.computeIfAbsent(job.queue(), queue -> new ArrayList<>()).add(job));
        runners.forEach((queue, runner) -> {
            List<ClaimedJob> its = byQueue.get(queue);
            if (its != null) {
                runner.offer(its, epoch, shop);
            }
        });
    }

    private boolean fits(List<NewJob> jobs) {
        Map<String, Integer> byQueue = new HashMap<>();
        for (NewJob job : jobs) {
            if (!isPlain(job)) {
                return false;
            }
            byQueue.merge(job.queue(), 1, Integer::sum);
        }
        return byQueue.entrySet().stream().allMatch(entry -> {
            QueueRunner runner = runners.get(entry.getKey());
            return runner != null && runner.hasRoomFor(entry.getValue());
        });
    }

    private boolean isPlain(NewJob job) {
        return job.key() == null
                && job.unique() == null
                && job.tags().isEmpty()
                && job.delayMicros() == 0
                && job.atMicros() == 0
                && job.priority() != Priority.OFF_PEAK
                && shop.registry().handlesOneByOne(job.kind());
    }
}
