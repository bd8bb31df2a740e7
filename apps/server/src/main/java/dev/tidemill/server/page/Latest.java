package dev.tidemill.server.page;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An answer that many want and that may be a moment old: asked for by one, shared by all. A failure is shared too, so
 * that a database that is away is not waited for by everybody in turn. Thread safe.
 */
public final class Latest<T> {
    private final Supplier<T> question;
    private final long maxAgeNanos;
    private final ReentrantLock asking = new ReentrantLock();
    private @Nullable T answer;
    private @Nullable RuntimeException failure;
    private long askedNanos;

    /** Creates one; the question is asked again when the answer is older than this. */
    public Latest(Supplier<T> question, Duration maxAge) {
        this.question = question;
        this.maxAgeNanos = maxAge.toNanos();
    }

    /** The answer; throws what asking threw. */
    public T get() {
        asking.lock();
        try {
            boolean stale = System.nanoTime() - askedNanos > maxAgeNanos;
            if (stale || (answer == null && failure == null)) {
                ask();
            }
            if (failure != null) {
                throw failure;
            }
            return java.util.Objects.requireNonNull(answer);
        } finally {
            asking.unlock();
        }
    }

    /** Makes the next one who wants an answer ask anew. */
    public void forget() {
        asking.lock();
        try {
            answer = null;
            failure = null;
        } finally {
            asking.unlock();
        }
    }

    private void ask() {
        try {
            answer = question.get();
            failure = null;
        } catch (RuntimeException failed) {
            failure = failed;
        }
        askedNanos = System.nanoTime();
    }
}
