package dev.tidemill.postgres;

import dev.tidemill.jobs.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Questions of several callers, asked together. A few groups are under way at a time; whoever comes while they are waits, and
 * the next of those who wait asks for all of them. Alone nobody waits for company, and a thousand callers cost a few
 * statements at a time instead of a connection each: what the database is asked grows with how fast it answers, not with
 * how many ask. Every question is put after its caller came, so each sees what was committed before. Thread safe.
 */
final class Together<Q, A> {
    /** Asks for all of them, and answers in their order. */
    @FunctionalInterface
    interface Asking<Q, A> {
        List<A> answers(List<Q> questions);
    }

    private final int most;
    private final Asking<Q, A> asking;
    private final Semaphore askers;
    private final ConcurrentLinkedQueue<Waiting<Q, A>> waiting = new ConcurrentLinkedQueue<>();

    /**
     * Creates one.
     *
     * @param groups how many may be under way, each on a connection
     * @param most questions that go together
     */
    Together(int groups, int most, Asking<Q, A> asking) {
        this.askers = new Semaphore(groups);
        this.most = most;
        this.asking = asking;
    }

    /** The answer; throws what asking threw. */
    A ask(Q question) {
        Waiting<Q, A> mine = new Waiting<>(question);
        waiting.add(mine);
        boolean interrupted = false;
        while (!mine.done) {
            if (!mine.taken && askers.tryAcquire()) {
                // An interruption is this caller's own, and must not end what the others of its group asked.
                interrupted |= Thread.interrupted();
                try {
                    askGroup();
                } finally {
                    askers.release();
                    wakeNext();
                }
            } else {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return mine.answer();
    }

    private void wakeNext() {
        Waiting<Q, A> next = waiting.peek();
        if (next != null) {
            LockSupport.unpark(next.thread);
        }
    }

    private void askGroup() {
        List<Waiting<Q, A>> group = new ArrayList<>();
        Waiting<Q, A> next;
        while (group.size() < most && (next = waiting.poll()) != null) {
            next.taken = true;
            group.add(next);
        }
        if (group.isEmpty()) {
            return;
        }
        wakeNext();
        try {
            ask(group);
        } catch (RuntimeException failed) {
            boolean shared = group.size() == 1 || (failed instanceof StoreException store && store.connection());
            for (Waiting<Q, A> one : group) {
                if (shared) {
                    one.failure = failed;
                } else {
                    askAlone(one);
                }
            }
        } catch (Error failed) {
            group.forEach(one -> one.failure = new IllegalStateException("Asking broke off.", failed));
            throw failed;
        } finally {
            group.forEach(Waiting::release);
        }
    }

    private void ask(List<Waiting<Q, A>> group) {
        List<A> answers = asking.answers(group.stream().map(one -> one.question).toList());
        for (int i = 0; i < group.size(); i++) {
            group.get(i).answer = answers.get(i);
        }
    }

    /** What cannot be answered must not take the others of its group along. */
    private void askAlone(Waiting<Q, A> one) {
        try {
            ask(List.of(one));
        } catch (RuntimeException failed) {
            one.failure = failed;
        }
    }

    /** A caller and its question, until a thread, maybe its own, has asked it. */
    private static final class Waiting<Q, A> {
        private final Q question;
        private final Thread thread = Thread.currentThread();
        private @Nullable A answer;
        private @Nullable RuntimeException failure;
        private volatile boolean taken;
        private volatile boolean done;

        Waiting(Q question) {
            this.question = question;
        }

        A answer() {
            if (failure != null) {
                throw failure;
            }
            A known = answer;
            if (known == null) {
                throw new IllegalStateException("A question was not answered.");
            }
            return known;
        }

        void release() {
            done = true;
            // Whoever asked its own does not park for it: the permit would end the caller's next park at once.
            if (!thread.equals(Thread.currentThread())) {
                LockSupport.unpark(thread);
            }
        }
    }
}
