package dev.tidemill.server.http;

import io.helidon.webserver.CloseConnectionException;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How far a connection is with its request, since when, and how much of it is in memory. A limit for each read would not
 * do: who sends a byte now and then never meets it. So a whole head, a whole body and a whole answer have their time, and
 * {@link Connections} cuts off whoever takes longer. Thread safe; the steps are the connection's own thread's to take.
 */
final class Pace {
    private static final Logger LOG = LoggerFactory.getLogger(Pace.class);
    private static final int SMALL_BYTES = 32 << 10;
    private static final ThreadLocal<@Nullable Pace> CURRENT = new ThreadLocal<>();

    /** What a connection is at. */
    enum Step {
        /** Between requests, or before the first. */
        WAITING,
        /** Some of a request is here, and its head is not complete. */
        HEAD,
        /** A route reads the body. */
        BODY,
        /** Our turn: for as long as that takes. */
        ANSWERING,
        /** The answer is being taken. */
        SENDING
    }

    private static @Nullable Duration limit(Connections.Times times, Step step) {
        return switch (step) {
            case WAITING -> times.waiting();
            case HEAD -> times.head();
            case BODY -> times.body();
            case SENDING -> times.sending();
            case ANSWERING -> null;
        };
    }

    private record At(Step step, long sinceNanos) {}

    private final SocketChannel channel;
    private final Connections.Times times;
    private final AtomicLong inMemory;
    private final LongSupplier room;
    private volatile At at = new At(Step.WAITING, System.nanoTime());
    private volatile boolean late;
    private long heldBytes;
    private boolean over;

    /**
     * Of a connection that was just made.
     *
     * @param inMemory how many bytes of requests all connections hold
     * @param room how many they may hold just now
     */
    Pace(SocketChannel channel, Connections.Times times, AtomicLong inMemory, LongSupplier room) {
        this.channel = channel;
        this.times = times;
        this.inMemory = inMemory;
        this.room = room;
    }

    /** Of the connection that this thread serves; null if none is known. */
    static @Nullable Pace current() {
        return CURRENT.get();
    }

    /** The connection that this thread serves, if any, is at this from now on. */
    static void now(Step step) {
        Pace pace = CURRENT.get();
        if (pace != null) {
            pace.begin(step);
        }
    }

    /** The request that this thread served, if any, is answered, and out of memory. */
    static void done() {
        Pace pace = CURRENT.get();
        if (pace != null) {
            pace.forget(false);
            pace.begin(Step.WAITING);
        }
    }

    private void begin(Step step) {
        at = new At(step, System.nanoTime());
    }

    /** Takes this thread for the one that answers on the connection. */
    void here() {
        CURRENT.set(this);
    }

    /** So many bytes more were read. */
    void came(int bytes) {
        if (at.step() == Step.WAITING) {
            begin(Step.HEAD);
        }
        boolean fits;
        synchronized (this) {
            if (over) {
                throw new CloseConnectionException("The connection was cut off");
            }
            heldBytes += bytes;
            // What little a head is, is let in: there is always one that can be answered.
            fits = inMemory.addAndGet(bytes) <= room.getAsLong() || heldBytes <= SMALL_BYTES;
        }
        if (fits) {
            return;
        }
        if (at.step() == Step.BODY) {
            throw Problem.of(
                            ProblemCode.TOO_BUSY,
                            "The bodies of the requests that are being read, and the connections that are open, fill the"
                                    + " memory that there is for them. Send it again later, or in smaller parts.")
                    .header("Connection", "close");
        }
        throw new CloseConnectionException("What a client sends that no route reads does not fit into memory");
    }

    /** Whether a head has begun and is not complete. */
    boolean inHead() {
        return at.step() == Step.HEAD;
    }

    /** Whether the body took too long. */
    boolean late() {
        return late;
    }

    /** How long a body may take. */
    Duration bodyTime() {
        return times.body();
    }

    private synchronized void forget(boolean forGood) {
        inMemory.addAndGet(-heldBytes);
        heldBytes = 0;
        over |= forGood;
    }

    /** Cuts it off if it took too long; whether it is gone. */
    boolean check(long nanoTime) {
        if (!channel.isOpen()) {
            forget(true);
            return true;
        }
        At seen = at;
        Duration limit = limit(times, seen.step());
        if (limit == null || nanoTime - seen.sinceNanos() <= limit.toNanos()) {
            return false;
        }
        LOG.debug("A client took more than {} for {} and is cut off.", limit, seen.step());
        try {
            if (seen.step() == Step.BODY && !late) {
                // What waits for the rest is told that there is none, and answers.
                late = true;
                begin(Step.SENDING);
                channel.shutdownInput();
            } else {
                channel.close();
            }
        } catch (IOException gone) {
            LOG.trace("A connection was gone when it was to be cut off", gone);
        }
        return false;
    }
}
