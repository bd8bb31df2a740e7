package dev.tidemill.server.access;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Slows down whoever guesses keys or the server's token in the headers of requests. After twenty wrong ones from an address
 * within a minute, no more of them are looked at until that minute is over, right or wrong: whoever is answered alike learns
 * nothing. Those that were right before are looked at all the same, so that guesses do not keep out the programs that share
 * the address; of one that is not right any more that is found out then.
 *
 * <p>In this process alone, and what was used last is kept of so many addresses: it bounds what guessing costs the database
 * and how soon a weak token is found, and the strength of keys does not depend on it. The counts of people's passwords, which
 * are weak, are in the database ({@link Logins}). Thread safe.
 */
final class BearerGuard {
    /** So many are looked at. */
    static final int FREE = 20;

    static final Duration WITHIN = Duration.ofMinutes(1);
    private static final int MAX_ADDRESSES = 10_000;
    private static final int MAX_RIGHT = 2_000;

    /** What was wrong from an address since its first one. */
    private record Wrong(int count, long endNanos) {}

    private final LongSupplier nanos;
    private final Object turn = new Object();
    private final Map<String, Wrong> wrong = latest(MAX_ADDRESSES);
    private final Set<ByteBuffer> right = Collections.newSetFromMap(latest(MAX_RIGHT));

    BearerGuard(LongSupplier nanos) {
        this.nanos = nanos;
    }

    private static <K, V> Map<K, V> latest(int most) {
        return new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > most;
            }
        };
    }

    /** How long a bearer from an address is not looked at yet; zero if it is. */
    Duration closedTo(byte[] digest, String place) {
        synchronized (turn) {
            Wrong there = wrong.get(place);
            long left = there == null ? 0 : there.endNanos - nanos.getAsLong();
            boolean closed = there != null && there.count >= FREE && left > 0;
            return closed && !right.contains(ByteBuffer.wrap(digest)) ? Duration.ofNanos(left) : Duration.ZERO;
        }
    }

    /** It was right. */
    void right(byte[] digest) {
        synchronized (turn) {
            right.add(ByteBuffer.wrap(digest));
        }
    }

    /** It was wrong; true if that closes the guard to its address. */
    boolean wrong(byte[] digest, String place) {
        synchronized (turn) {
            right.remove(ByteBuffer.wrap(digest));
            long now = nanos.getAsLong();
            Wrong before = wrong.get(place);
            Wrong after = before == null || before.endNanos - now <= 0
                    ? new Wrong(1, now + WITHIN.toNanos())
                    : new Wrong(before.count + 1, before.endNanos);
            wrong.put(place, after);
            return after.count == FREE;
        }
    }

    /** Of how many addresses and right bearers it knows. */
    int size() {
        synchronized (turn) {
            return Math.max(wrong.size(), right.size());
        }
    }
}
