package dev.tidemill.postgres;

import dev.tidemill.jobs.store.Hint;

/** A choice of kinds that claims are for, and how far they got. For the claiming thread alone, but for {@link #hint}. */
final class Reach {
    private static final long REST_NANOS = 20_000_000L;
    private static final long PROBE_NANOS = 200_000_000L;

    final int[] kindIds;
    final Lanes plain;
    final Lanes limitedQueues;
    final Lanes limitedKinds;
    final Rest queuesRest = new Rest();
    final Rest kindsRest = new Rest();
    boolean plainFlow;
    boolean kindsFirst;
    long probedNanos = System.nanoTime() - PROBE_NANOS;

    /** Of these kinds; nothing is known of what has an earlier deadline than this. */
    Reach(int[] kindIds, long startByMicros) {
        this.kindIds = kindIds;
        this.plain = new Lanes(startByMicros);
        this.limitedQueues = new Lanes(startByMicros);
        this.limitedKinds = new Lanes(startByMicros);
    }

    void hint(Hint hint) {
        queuesRest.end();
        kindsRest.end();
        plain.hint(hint);
        limitedQueues.hint(hint);
        limitedKinds.hint(hint);
    }

    void lookEverywhere() {
        plain.lookEverywhere();
        limitedQueues.lookEverywhere();
        limitedKinds.lookEverywhere();
    }

    boolean probeIsDue() {
        return System.nanoTime() - probedNanos >= PROBE_NANOS;
    }

    /**
     * Keeps a claim that found nothing from being sent again with each claim of plain jobs, of which there may be a
     * hundred a second: those should not pay for limits.
     */
    static final class Rest {
        private volatile long untilNanos = System.nanoTime();

        boolean over() {
            return System.nanoTime() - untilNanos >= 0;
        }

        void end() {
            untilNanos = System.nanoTime();
        }

        void begin() {
            untilNanos = System.nanoTime() + REST_NANOS;
        }
    }
}
