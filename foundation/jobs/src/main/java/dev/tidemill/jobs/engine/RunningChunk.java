package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Outcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Jobs of one kind that are handled together, from the thread's first step to the last outcome.
 *
 * <p>A chunk is one call of the handler after another: all jobs first and, where that fails, the halves of what is
 * left, depth first, until a job fails alone. Exactly one party settles each job, under the chunk's lock: the end of its
 * call, the time limit, or the node (which stops or has lost its epoch). A call that is completing is out of the others'
 * reach, as a single job's attempt is; see {@link ChunkCall}.
 */
final class RunningChunk<T> implements Work {
    private final Registry.ChunkTask<T> task;
    private final Registry.Entry entry;
    private final List<ClaimedJob> jobs;
    private final boolean critical;
    private final List<ChunkMember<T>> members;
    private final EpochWork epoch;
    private final QueueRunner runner;
    private final Workshop shop;
    private final Object lock = new Object();
    private @Nullable ChunkCall<T> current;
    private volatile @Nullable Thread thread;
    private volatile boolean abandoned;
    private long startedMicros;

    private RunningChunk(
            Registry.ChunkTask<T> task,
            Registry.Entry entry,
            List<ClaimedJob> jobs,
            boolean critical,
            EpochWork epoch,
            QueueRunner runner,
            Workshop shop) {
        this.task = task;
        this.entry = entry;
        this.jobs = List.copyOf(jobs);
        this.critical = critical;
        this.members =
                jobs.stream().map(job -> new ChunkMember<T>(job, epoch, shop)).toList();
        this.epoch = epoch;
        this.runner = runner;
        this.shop = shop;
    }

    static <T> RunningChunk<T> of(
            Registry.ChunkTask<T> task,
            Registry.Entry entry,
            List<ClaimedJob> jobs,
            boolean critical,
            EpochWork epoch,
            QueueRunner runner,
            Workshop shop) {
        return new RunningChunk<>(task, entry, jobs, critical, epoch, runner, shop);
    }

    @Override
    public List<ClaimedJob> claimed() {
        return jobs;
    }

    @Override
    public boolean critical() {
        return critical;
    }

    Registry.ChunkTask<T> task() {
        return task;
    }

    Registry.Entry entry() {
        return entry;
    }

    @Override
    public EpochWork epoch() {
        return epoch;
    }

    Workshop shop() {
        return shop;
    }

    Object lock() {
        return lock;
    }

    boolean abandoned() {
        return abandoned;
    }

    ChunkSize measure() {
        return shop.chunkSize(entry.kind());
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        startedMicros = shop.clock().nowMicros();
        // From here on others may settle its jobs.
        epoch.running().add(this);
        try {
            if (epoch.state() != EpochWork.State.WORKING) {
                abandon();
            }
            if (!abandoned) {
                MDC.put("kind", entry.kind());
                MDC.put("node", shop.nodeName());
                MDC.put("chunk", Integer.toString(jobs.size()));
                cancel(epoch.cancelled());
                work(read());
            }
        } finally {
            epoch.running().remove(this);
            MDC.clear();
            runner.ended(this);
        }
    }

    /** The jobs that can be read; what can not fails by itself and keeps nobody else from running. */
    private List<ChunkMember<T>> read() {
        List<ChunkMember<T>> readable = new ArrayList<>(members.size());
        for (ChunkMember<T> member : members) {
            if (member.settled()) {
                continue;
            }
            try {
                member.read(shop.registry().codec(), task);
                readable.add(member);
            } catch (Throwable unreadable) {
                settle(member, shop.policy().failed(member.job(), member.meta(), startedMicros, 0, unreadable));
            }
        }
        return readable;
    }

    private void work(List<ChunkMember<T>> readable) {
        ArrayDeque<List<ChunkMember<T>>> left = new ArrayDeque<>();
        left.push(readable);
        List<ChunkMember<T>> next;
        while ((next = left.poll()) != null) {
            ChunkCall<T> call = begin(next);
            if (call == null || !call.run()) {
                continue;
            }
            List<ChunkMember<T>> open = open(next);
            int half = (open.size() + 1) / 2;
            left.push(open.subList(half, open.size()));
            left.push(open.subList(0, half));
        }
    }

    private @Nullable ChunkCall<T> begin(List<ChunkMember<T>> wanted) {
        synchronized (lock) {
            List<ChunkMember<T>> open = open(wanted);
            if (abandoned || open.isEmpty()) {
                return null;
            }
            current = new ChunkCall<>(this, open);
            return current;
        }
    }

    private List<ChunkMember<T>> open(List<ChunkMember<T>> some) {
        synchronized (lock) {
            return some.stream().filter(member -> !member.settled()).toList();
        }
    }

    /** Settles a job unless that was done before. */
    void settle(ChunkMember<T> member, Outcome outcome) {
        synchronized (lock) {
            if (member.settle()) {
                shop.finisher().add(epoch, outcome, member.words().end());
            }
        }
    }

    /** The same for an outcome that a transaction of the handler's has written. */
    void settleWritten(ChunkMember<T> member, Outcome outcome) {
        synchronized (lock) {
            if (member.settle()) {
                shop.finisher().addWritten(epoch, outcome, member.words().end());
            }
        }
    }

    static Outcome success(ClaimedJob job, long startedMicros, long tookMicros) {
        return new Outcome(job, AttemptOutcome.SUCCEEDED, startedMicros, tookMicros, null, Outcome.NOTHING);
    }

    /** A call does not end: what it keeps from running runs again elsewhere, not counted as failed. */
    void giveUpTheRest(String why) {
        synchronized (lock) {
            abandoned = true;
            for (ChunkMember<T> member : members) {
                settle(member, shop.policy().released(member.job(), startedMicros, 0, why));
            }
        }
    }

    @Override
    public void abandon() {
        revoke(false);
    }

    @Override
    public void release() {
        revoke(true);
    }

    /** The call goes on for the others; one that is completing decides for all it has. */
    @Override
    public void cancel(Set<Long> cancelled) {
        synchronized (lock) {
            ChunkCall<T> call = current;
            for (ChunkMember<T> member : members) {
                if (cancelled.contains(member.job().id())
                        && !(call != null && call.inCompletion() && call.has(member))) {
                    settle(member, shop.policy().cancelled(member.job(), startedMicros, 0));
                }
            }
        }
    }

    private void revoke(boolean runAgain) {
        synchronized (lock) {
            abandoned = true;
            ChunkCall<T> call = current;
            boolean completing = call != null && call.revoke(runAgain);
            for (ChunkMember<T> member : members) {
                if (completing && call != null && call.has(member)) {
                    // Only the database knows how that ends; the call waits for it.
                    continue;
                }
                if (runAgain) {
                    settle(member, shop.policy().released(member.job(), startedMicros, 0, RetryPolicy.NODE_STOPPED));
                } else {
                    member.settle();
                }
            }
            interrupt();
        }
    }

    /** Under the lock, so that no interrupt meant for one call hits the next. */
    void interrupt() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}
