package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ChunkOptions;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The jobs of one kind in a queue's stock that wait to be handled together. Critical jobs make chunks of their own and
 * wait for nobody. Guarded by the queue runner's lock.
 */
final class Gathering {
    private record Held(ClaimedJob job, EpochWork epoch, long sinceNanos) {}

    private final Registry.Entry entry;
    private final ChunkSize size;
    private final Workshop shop;
    private final QueueRunner runner;
    private final ArrayDeque<Held> critical = new ArrayDeque<>();
    private final ArrayDeque<Held> others = new ArrayDeque<>();

    Gathering(Registry.Entry entry, ChunkSize size, Workshop shop, QueueRunner runner) {
        this.entry = entry;
        this.size = size;
        this.shop = shop;
        this.runner = runner;
    }

    void add(ClaimedJob job, EpochWork epoch) {
        Held held = new Held(job, epoch, System.nanoTime());
        if (job.priority() == Priority.CRITICAL) {
            critical.add(held);
        } else {
            others.add(held);
            if (others.size() == 1) {
                watchFirst();
            }
        }
    }

    /** Has the runner look again when the first of the others has waited long enough. */
    private void watchFirst() {
        shop.later(runner::chunkIsDue, Duration.ofNanos(Math.max(0, nanosUntilDue())));
    }

    boolean hasCritical() {
        return !critical.isEmpty();
    }

    /** Whether a chunk of other than critical jobs is full, or has waited long enough. */
    boolean isDue() {
        return !others.isEmpty() && (others.size() >= size.size() || nanosUntilDue() <= 0);
    }

    /** How long until the first job has waited long enough; negative if it has. There must be one. */
    private long nanosUntilDue() {
        return others.getFirst().sinceNanos + options().maxWait().toNanos() - System.nanoTime();
    }

    private ChunkOptions options() {
        return size.options();
    }

    /** When the first of the others should start at the latest. */
    long startByMicros() {
        return others.getFirst().job.startByMicros();
    }

    /** How many slots its critical jobs will take. */
    int criticalSlots() {
        return slots(critical);
    }

    /** How many slots the others will take. */
    int otherSlots() {
        return slots(others);
    }

    private int slots(Deque<Held> held) {
        int each = size.size();
        return (held.size() + each - 1) / each;
    }

    /** How many jobs would fill one chunk, and one for every free slot behind it, up to four. */
    int room(int freeSlots) {
        return Math.max(0, size.size() * (1 + Math.clamp(freeSlots, 0, 4)) - others.size());
    }

    RunningChunk<?> take(boolean ofCritical) {
        ArrayDeque<Held> from = ofCritical ? critical : others;
        EpochWork epoch = from.getFirst().epoch;
        List<ClaimedJob> jobs = new ArrayList<>();
        int most = size.size();
        Held next;
        while (jobs.size() < most && (next = from.peek()) != null && next.epoch == epoch) {
            from.poll();
            jobs.add(next.job);
        }
        if (!ofCritical && !others.isEmpty() && !isDue()) {
            watchFirst();
        }
        Registry.@Nullable ChunkTask<?> task = entry.chunks();
        if (task == null) {
            throw new IllegalStateException(entry.kind() + " is not handled in chunks");
        }
        return RunningChunk.of(task, entry, jobs, ofCritical, epoch, runner, shop);
    }

    /** Takes everything back. */
    void empty(List<ClaimedJob> into) {
        critical.forEach(held -> into.add(held.job));
        others.forEach(held -> into.add(held.job));
        critical.clear();
        others.clear();
    }
}
