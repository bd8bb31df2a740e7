package dev.tidemill.jobs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How many jobs of a queue or a kind may run at a time, or start in a time, over all nodes. With {@link #forEachKey} that
 * holds for each key by itself, and jobs without a key are free. Several limits may apply to a job; all of them hold.
 * Immutable.
 *
 * <pre>{@code
 * mill.limits().put(Limit.ofKind("CallPartner").concurrency(5));
 * mill.limits().put(Limit.ofQueue("mail").rate(100, Duration.ofMinutes(1)).forEachKey());
 * }</pre>
 *
 * <p>Concurrency counts jobs in the hands of living nodes, from claim to outcome: also those a node holds in stock. A
 * handler that ignores its time limit, or goes on in a process that was declared dead, no longer counts. A rate is a
 * token bucket: tokens are taken when a job is claimed and never given back.
 *
 * @param scope what {@code name} names
 * @param name a queue or a kind
 * @param perKey whether each key has the limit for itself
 * @param concurrency how many at a time, 1 to 1,000,000; null for any number
 * @param rate how many starts in {@code per}, 1 to 1,000,000; null for any number
 * @param per what the rate is for, 1 ms to 365 days; null without a rate
 * @param burst how many starts may be saved up, 1 to 1,000,000; null without a rate
 */
public record Limit(
        Scope scope,
        String name,
        boolean perKey,
        @Nullable Integer concurrency,
        @Nullable Integer rate,
        @Nullable Duration per,
        @Nullable Integer burst) {
    private static final int MOST = 1_000_000;

    /** What a limit is about. */
    public enum Scope {
        /** The jobs of a queue. */
        QUEUE,
        /** The jobs of a kind, in whatever queue. */
        KIND
    }

    public Limit {
        if (scope == Scope.QUEUE) {
            Names.queue(name);
        } else {
            Names.kind(name);
        }
        within("concurrency", concurrency);
        within("rate", rate);
        within("burst", burst);
        if ((rate == null) != (per == null) || (rate == null) != (burst == null)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "A rate needs a number, a period and a burst; give all of them or none.");
        }
        if (per != null && (per.compareTo(Duration.ofMillis(1)) < 0 || per.compareTo(Duration.ofDays(365)) > 0)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The rate's period is " + per + "; it must be between 1 ms and 365 days.");
        }
    }

    /** A limit on a queue; says nothing until given a concurrency or a rate. */
    public static Limit ofQueue(String queue) {
        return new Limit(Scope.QUEUE, queue, false, null, null, null, null);
    }

    /** A limit on a kind; says nothing until given a concurrency or a rate. */
    public static Limit ofKind(String kind) {
        return new Limit(Scope.KIND, kind, false, null, null, null, null);
    }

    /** For each key by itself. */
    public Limit forEachKey() {
        return new Limit(scope, name, true, concurrency, rate, per, burst);
    }

    /** So many at a time. */
    public Limit concurrency(int atOnce) {
        return new Limit(scope, name, perKey, atOnce, rate, per, burst);
    }

    /** So many starts in a period, and no more than as many at once. */
    public Limit rate(int starts, Duration period) {
        return new Limit(scope, name, perKey, concurrency, starts, period, starts);
    }

    /** With so many starts saved up at most; after {@link #rate}. */
    public Limit burst(int starts) {
        return new Limit(scope, name, perKey, concurrency, rate, per, starts);
    }

    private static void within(String what, @Nullable Integer value) {
        if (value != null && (value < 1 || value > MOST)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A limit's " + what + " is " + value + "; it must be between 1 and 1,000,000. To stop jobs"
                            + " altogether, pause them.");
        }
    }
}
