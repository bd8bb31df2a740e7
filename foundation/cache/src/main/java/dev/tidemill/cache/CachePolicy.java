package dev.tidemill.cache;

import java.time.Duration;

/**
 * For how long values count, how the origin is asked, and how much is kept. Immutable; each method returns a policy with
 * one thing changed.
 *
 * @param times how long values count
 * @param origin how the origin is asked
 * @param bounds how much is kept
 */
public record CachePolicy(Times times, Origin origin, Bounds bounds) {
    /** 5 minutes. */
    public static final CachePolicy USER_PROFILES = of(Duration.ofMinutes(5));
    /** 1 minute. */
    public static final CachePolicy FEED = of(Duration.ofMinutes(1));
    /** 30 seconds. */
    public static final CachePolicy CHAT_LIST = of(Duration.ofSeconds(30));
    /** 10 minutes. */
    public static final CachePolicy ANALYTICS = of(Duration.ofMinutes(10));
    /** 1 hour. */
    public static final CachePolicy STATIC = of(Duration.ofHours(1));
    /** 5 minutes. */
    public static final CachePolicy COUNTS = of(Duration.ofMinutes(5));
    /** 5 minutes. */
    public static final CachePolicy API_RESPONSES = of(Duration.ofMinutes(5));
    /** 30 minutes. */
    public static final CachePolicy TECHNICIANS = of(Duration.ofMinutes(30));
    /** 10 minutes. */
    public static final CachePolicy PROPERTIES = of(Duration.ofMinutes(10));
    /** 2 minutes. */
    public static final CachePolicy MAINTENANCE_REQUESTS = of(Duration.ofMinutes(2));

    /**
     * How long values count, from when the origin was asked.
     *
     * @param fresh without question
     * @param usable may be served while it is renewed; at least {@code fresh}, which means never
     * @param onError may be served when the origin fails; at least {@code usable}, which means never
     * @param local at most so long in this process without asking the shared tier; at most {@code fresh}
     * @param absent that there is no value; zero not to remember that
     * @param jitter the part of {@code fresh} by which each entry is shortened at random, 0 to 0.5, so that what was
     *     loaded together is not renewed together
     */
    public record Times(
            Duration fresh, Duration usable, Duration onError, Duration local, Duration absent, double jitter) {
        public Times {
            if (fresh.compareTo(Duration.ofMillis(1)) < 0) {
                throw invalid("values are fresh for " + fresh + "; that must be at least a millisecond");
            }
            if (usable.compareTo(fresh) < 0 || onError.compareTo(usable) < 0) {
                throw invalid("values are fresh for " + fresh + ", usable for " + usable + " and kept for errors for "
                        + onError + "; none may be shorter than the one before");
            }
            if (local.compareTo(Duration.ofMillis(1)) < 0 || absent.isNegative()) {
                throw invalid("values stay in the process for " + local + ", and that there is none for " + absent
                        + "; the first must be at least a millisecond, the second not negative");
            }
            if (!(jitter >= 0 && jitter <= 0.5)) {
                throw invalid("the jitter is " + jitter + "; it must be between 0 and 0.5");
            }
        }
    }

    /**
     * How the origin is asked.
     *
     * @param timeout for one call
     * @param atOnce calls at a time in this process; others wait, for at most the timeout
     * @param failuresToOpen calls that fail one after the other until the origin is left alone; 0 for never
     * @param openFor how long it is left alone; then one call tries it
     */
    public record Origin(Duration timeout, int atOnce, int failuresToOpen, Duration openFor) {
        public Origin {
            if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(Duration.ofMinutes(10)) > 0) {
                throw invalid("the origin has " + timeout + " to answer; it must be 1 ms to 10 minutes");
            }
            if (atOnce < 1 || failuresToOpen < 0 || openFor.isNegative()) {
                throw invalid("the origin is asked " + atOnce + " times at once, left alone after " + failuresToOpen
                        + " failures for " + openFor + "; that must be at least 1, 0 and 0");
            }
        }
    }

    /**
     * How much is kept.
     *
     * @param localEntries entries in this process
     * @param localBytes instead of {@code localEntries}, the bytes of their encoded values and keys; 0 to go by entries
     * @param valueBytes the largest value that is shared, encoded and before compression
     * @param compressFrom bytes from which values are compressed for the shared tier
     */
    public record Bounds(int localEntries, long localBytes, int valueBytes, int compressFrom) {
        public Bounds {
            if (localEntries < 0 || localBytes < 0 || valueBytes < 1 || compressFrom < 0) {
                throw invalid("the process keeps " + localEntries + " entries or " + localBytes
                        + " bytes, values have up to " + valueBytes + " bytes and are compressed from " + compressFrom
                        + "; none may be negative, and values at least 1");
            }
        }
    }

    private static CacheException invalid(String what) {
        return new CacheException(CacheError.SETTINGS_INVALID, "A cache policy cannot be kept: " + what + ".");
    }

    /**
     * Values that are fresh for so long and then gone; absence is remembered for a tenth of it, at most 30 seconds; the
     * origin has 5 seconds, is asked 64 times at once and left alone for 5 seconds after 10 failures in a row; 1,000
     * entries in the process; values up to 1 MiB, compressed from 4 KiB.
     */
    public static CachePolicy of(Duration fresh) {
        Duration absent = fresh.dividedBy(10);
        Duration longest = Duration.ofSeconds(30);
        return new CachePolicy(
                new Times(fresh, fresh, fresh, fresh, absent.compareTo(longest) < 0 ? absent : longest, 0.1),
                new Origin(Duration.ofSeconds(5), 64, 10, Duration.ofSeconds(5)),
                new Bounds(1_000, 0, 1 << 20, 4 << 10));
    }

    /** Served for up to so long after loading while it is renewed in the background. */
    public CachePolicy staleWhileRevalidate(Duration usable) {
        Duration error = times.onError.compareTo(usable) < 0 ? usable : times.onError;
        return with(new Times(times.fresh, usable, error, times.local, times.absent, times.jitter));
    }

    /** Served for up to so long after loading when the origin fails, and never longer. */
    public CachePolicy staleIfError(Duration onError) {
        return with(new Times(times.fresh, times.usable, onError, times.local, times.absent, times.jitter));
    }

    /** At most so long in the process before the shared tier is asked again. */
    public CachePolicy local(Duration local) {
        return with(new Times(times.fresh, times.usable, times.onError, local, times.absent, times.jitter));
    }

    /** That there is no value is remembered for so long; zero for not at all. */
    public CachePolicy absent(Duration absent) {
        return with(new Times(times.fresh, times.usable, times.onError, times.local, absent, times.jitter));
    }

    /** The part of the fresh time that is taken off at random, 0 to 0.5. */
    public CachePolicy jitter(double jitter) {
        return with(new Times(times.fresh, times.usable, times.onError, times.local, times.absent, jitter));
    }

    /** How long a call of the origin may take, 1 ms to 10 minutes. */
    public CachePolicy timeout(Duration timeout) {
        return with(new Origin(timeout, origin.atOnce, origin.failuresToOpen, origin.openFor));
    }

    /** How many calls of the origin there are at once in this process, at least 1. */
    public CachePolicy atOnce(int calls) {
        return with(new Origin(origin.timeout, calls, origin.failuresToOpen, origin.openFor));
    }

    /** After how many failures in a row the origin is left alone (0: never), and for how long. */
    public CachePolicy breaker(int failures, Duration openFor) {
        return with(new Origin(origin.timeout, origin.atOnce, failures, openFor));
    }

    /** How many entries this process keeps. */
    public CachePolicy localEntries(int entries) {
        return with(new Bounds(entries, 0, bounds.valueBytes, bounds.compressFrom));
    }

    /** How many bytes of encoded values and keys this process keeps, instead of a number of entries. */
    public CachePolicy localBytes(long bytes) {
        return with(new Bounds(bounds.localEntries, bytes, bounds.valueBytes, bounds.compressFrom));
    }

    /** The largest value that is shared, in bytes before compression; larger ones stay in the process that loaded them. */
    public CachePolicy valueBytes(int bytes) {
        return with(new Bounds(bounds.localEntries, bounds.localBytes, bytes, bounds.compressFrom));
    }

    /** From how many bytes values are compressed. */
    public CachePolicy compressFrom(int bytes) {
        return with(new Bounds(bounds.localEntries, bounds.localBytes, bounds.valueBytes, bytes));
    }

    private CachePolicy with(Times others) {
        return new CachePolicy(others, origin, bounds);
    }

    private CachePolicy with(Origin other) {
        return new CachePolicy(times, other, bounds);
    }

    private CachePolicy with(Bounds others) {
        return new CachePolicy(times, origin, others);
    }
}
