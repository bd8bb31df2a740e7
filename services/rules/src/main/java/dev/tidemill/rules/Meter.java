package dev.tidemill.rules;

import java.util.Arrays;
import java.util.List;

/**
 * Counts what a rule does in this process until it is written. Lags are counted in classes of which each is 1.3 times the
 * former, from half a millisecond on. Thread safe.
 */
final class Meter {
    static final int CLASSES = 64;
    private static final double LEAST_MICROS = 500;
    private static final double FACTOR = 1.3;

    private Counts counts = new Counts();
    private volatile boolean busy;

    /** What was counted. Sums, but for the slowest. */
    static final class Counts {
        long changes;
        long effects;
        long coalesced;
        long skipped;
        long failures;
        long reactionMicros;
        long slowestMicros;
        final Long[] lag = new Long[CLASSES];

        Counts() {
            Arrays.fill(lag, 0L);
        }

        boolean isEmpty() {
            return changes == 0 && failures == 0 && reactionMicros == 0;
        }
    }

    /** What one transaction came to. */
    record Told(int changes, int effects, int coalesced, int skipped, int failures, List<Long> lagsMicros) {}

    synchronized void add(Told told) {
        counts.changes += told.changes;
        counts.effects += told.effects;
        counts.coalesced += told.coalesced;
        counts.skipped += told.skipped;
        counts.failures += told.failures;
        told.lagsMicros.forEach(lag -> counts.lag[classOf(lag)]++);
    }

    synchronized void failed() {
        counts.failures++;
    }

    synchronized void reacted(long micros) {
        counts.reactionMicros += micros;
        counts.slowestMicros = Math.max(counts.slowestMicros, micros);
    }

    /** What was counted since the last call. */
    synchronized Counts take() {
        Counts taken = counts;
        counts = new Counts();
        return taken;
    }

    /** Takes back what could not be written, to be written with what comes. */
    synchronized void giveBack(Counts taken) {
        counts.changes += taken.changes;
        counts.effects += taken.effects;
        counts.coalesced += taken.coalesced;
        counts.skipped += taken.skipped;
        counts.failures += taken.failures;
        counts.reactionMicros += taken.reactionMicros;
        counts.slowestMicros = Math.max(counts.slowestMicros, taken.slowestMicros);
        for (int i = 0; i < CLASSES; i++) {
            counts.lag[i] += taken.lag[i];
        }
    }

    /** Whether there was more to do than was taken the last time. */
    boolean isBusy() {
        return busy;
    }

    void busy(boolean value) {
        busy = value;
    }

    static int classOf(long micros) {
        if (micros <= LEAST_MICROS) {
            return 0;
        }
        return Math.min(CLASSES - 1, (int) Math.ceil(Math.log(micros / LEAST_MICROS) / Math.log(FACTOR)));
    }

    /** The upper end of a class. */
    static long microsOf(int lagClass) {
        return Math.round(LEAST_MICROS * Math.pow(FACTOR, lagClass));
    }
}
