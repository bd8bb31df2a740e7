package dev.tidemill.server.page;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An answer that many want and that may be a moment old: asked for by one, shared by all. While it is asked for anew,
 * others get the former one, unless that is five times as old as it should be. A failure is shared too, so that a database
 * that is away is not waited for by everybody in turn. Thread safe.
 */
public final class Latest<T> {
    /** How many times its age a former answer may have. */
    private static final int USABLE = 5;

    private final Supplier<T> question;
    private final long maxAgeNanos;
    private final ReentrantLock asking = new ReentrantLock();
    private volatile @Nullable Known<T> known;
    private @Nullable RuntimeException failure;
    private long askedNanos;

    /** Creates one; the question is asked again when the answer is older than this. */
    public Latest(Supplier<T> question, Duration maxAge) {
        this.question = question;
        this.maxAgeNanos = maxAge.toNanos();
    }

    /** An answer, and when it was given. */
    private record Known<T>(T answer, long atNanos) {}

    /** The answer; throws what asking threw. */
    public T get() {
        Known<T> former = known;
        boolean usable = former != null && System.nanoTime() - former.atNanos() <= USABLE * maxAgeNanos;
        if (former != null && usable) {
            if (!asking.tryLock()) {
                return former.answer();
            }
        } else {
            asking.lock();
        }
        try {
            boolean stale = System.nanoTime() - askedNanos > maxAgeNanos;
            if (stale || (known == null && failure == null)) {
                ask();
            }
            if (failure != null) {
                throw failure;
            }
            return java.util.Objects.requireNonNull(known).answer();
        } finally {
            asking.unlock();
        }
    }

    /** Makes the next one who wants an answer ask anew. */
    public void forget() {
        asking.lock();
        try {
            known = null;
            failure = null;
        } finally {
            asking.unlock();
        }
    }

    private void ask() {
        try {
            known = new Known<>(question.get(), System.nanoTime());
            failure = null;
        } catch (RuntimeException failed) {
            failure = failed;
        }
        askedNanos = System.nanoTime();
    }
}
