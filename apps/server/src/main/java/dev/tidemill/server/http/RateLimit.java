package dev.tidemill.server.http;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * How many requests each caller may send, and each address: a token bucket for each, which holds what comes in ten
 * seconds. The buckets used last are kept, so that strangers cannot fill the heap; one that is dropped is full again,
 * which errs on the caller's side. In this process alone: a limit against mistakes and floods, not a quota. Thread
 * safe.
 */
public final class RateLimit {
    /** A burst may take what comes in this long. */
    static final int WINDOW_SECONDS = 10;

    private static final int MAX_BUCKETS = 10_000;
    private static final int MAX_PER_SECOND = 1_000_000;
    private static final double NANOS = 1e9;

    private final int perSecond;
    private final LongSupplier nanoClock;
    private final Object turn = new Object();
    private final Map<String, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
            return size() > MAX_BUCKETS;
        }
    };

    private static final class Bucket {
        private double tokens;
        private long atNanos;

        Bucket(double tokens, long atNanos) {
            this.tokens = tokens;
            this.atNanos = atNanos;
        }
    }

    /**
     * Creates one.
     *
     * @param perSecond requests a second in the long run, 1 to 1,000,000; 0 for no limit
     */
    public RateLimit(int perSecond, LongSupplier nanoClock) {
        if (perSecond < 0 || perSecond > MAX_PER_SECOND) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The rate limit is " + perSecond + " requests a second; it must be between 1 and " + MAX_PER_SECOND
                            + ", or 0 for none.");
        }
        this.perSecond = perSecond;
        this.nanoClock = nanoClock;
    }

    /**
     * What is left to whoever asks.
     *
     * @param allowed whether this request may go on
     * @param remaining how many more may follow at once
     * @param waitSeconds how long until one may, at least 1 where this one may not
     */
    record Left(boolean allowed, int remaining, int waitSeconds) {}

    /** Whether there is a limit at all. */
    boolean set() {
        return perSecond > 0;
    }

    /** Takes a token of somebody. */
    Left take(String who) {
        double most = (double) perSecond * WINDOW_SECONDS;
        synchronized (turn) {
            long now = nanoClock.getAsLong();
            Bucket bucket = buckets.computeIfAbsent(who, name -> new Bucket(most, now));
            bucket.tokens = Math.min(most, bucket.tokens + (now - bucket.atNanos) / NANOS * perSecond);
            bucket.atNanos = now;
            if (bucket.tokens < 1) {
                return new Left(false, 0, Math.max(1, (int) Math.ceil((1 - bucket.tokens) / perSecond)));
            }
            bucket.tokens -= 1;
            return new Left(true, (int) bucket.tokens, 0);
        }
    }

    /** Whose requests count together: an address, and of IPv6 the network of it, which is what a household is given. */
    static String neighbourhood(String address) {
        byte[] bytes = Addresses.literal(address).map(InetAddress::getAddress).orElse(new byte[0]);
        return bytes.length == 16 ? HexFormat.of().formatHex(bytes, 0, 8) : address;
    }

    /** How many buckets there are. */
    int buckets() {
        synchronized (turn) {
            return buckets.size();
        }
    }

    /** The {@code RateLimit} headers of an answer, as the draft of the HTTP API working group has them. */
    Map<String, String> headers(Left left) {
        return Map.of(
                "RateLimit-Policy", "\"default\";q=" + (long) perSecond * WINDOW_SECONDS + ";w=" + WINDOW_SECONDS,
                "RateLimit", "\"default\";r=" + left.remaining() + ";t=" + left.waitSeconds());
    }
}
