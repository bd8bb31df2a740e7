package dev.tidemill.rules;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A rule that is in the database and has its code here.
 *
 * @param <T> what rows are mapped to
 */
final class Installed<T> {
    private static final int FIRST = 64;
    private static final int LEAST = 8;

    /** A transaction takes up to 64 savepoints that wrote something before it slows other sessions down. */
    private static final int KEYS_A_TRANSACTION = 60;

    private static final int SLOW_KEYS = 1_000;
    private static final int FARTHEST = 50_000;

    private final int id;
    private final LocalRule<T> rule;
    private final RowReader reader;
    private final Meter meter;
    private final Map<String, String> tooSlow = new HashMap<>();
    private final Map<String, Integer> inTheWay = new HashMap<>();
    private int size;
    private int reach = 1;
    private long drainingTo;
    private boolean failing;
    private long restsUntil;

    Installed(int id, LocalRule<T> rule, RowReader reader, Meter meter) {
        this.id = id;
        this.rule = rule;
        this.reader = reader;
        this.meter = meter;
        this.size = Math.min(FIRST, rule.settings().batch());
    }

    int id() {
        return id;
    }

    LocalRule<T> rule() {
        return rule;
    }

    RowReader reader() {
        return reader;
    }

    Meter meter() {
        return meter;
    }

    /** How many changes to take. */
    int size() {
        return size;
    }

    /**
     * How many changes to look at: more where all that were looked at last are in the hands of jobs at work, so that a key
     * with many changes does not hide the others.
     */
    int reach() {
        return (int) Math.min(FARTHEST, (long) size * reach);
    }

    void reached(boolean something) {
        reach = something ? 1 : Math.min(reach * 8, FARTHEST);
    }

    /** How many keys a transaction may have. */
    int keys() {
        return rule.oneByOne() ? KEYS_A_TRANSACTION : Integer.MAX_VALUE;
    }

    /**
     * As a TCP sender's window: doubled while there is more and time left, halved when it took too long. What was broken off
     * may have made it smaller than the least; a slow turn then leaves it there.
     */
    void took(int changes, long nanos) {
        long target = rule.settings().target().toNanos();
        if (nanos > target) {
            size = Math.max(Math.min(size, LEAST), Math.min(size, changes) / 2);
        } else if (changes >= size && nanos < target / 2) {
            size = Math.min(rule.settings().batch(), size * 2);
        }
    }

    void shrinkTo(int changes) {
        size = Math.max(1, Math.min(size, changes));
    }

    void halve() {
        size = Math.max(1, size / 2);
    }

    /**
     * Whether it is time for what is there.
     *
     * @param last the highest number there is, asked for when a round of gathered changes begins
     */
    boolean isDue(long firstId, long ageMillis, LongSupplier last) {
        long wait = rule.gather().toMillis();
        if (wait == 0 || firstId <= drainingTo) {
            return true;
        }
        if (ageMillis < wait) {
            return false;
        }
        drainingTo = last.getAsLong();
        return true;
    }

    /** Leaves it alone for a while, since a turn failed; false if the one before did too. */
    boolean rest(Duration time) {
        boolean first = !failing;
        failing = true;
        restsUntil = System.nanoTime() + time.toNanos();
        return first;
    }

    boolean isResting() {
        return failing && System.nanoTime() < restsUntil;
    }

    /** A turn went well; true if the one before had not. */
    boolean works() {
        boolean again = failing;
        failing = false;
        return again;
    }

    /** A call for this key was broken off; what the job is to say, once. */
    @Nullable
    String tooSlow(String key) {
        return tooSlow.remove(key);
    }

    void wasTooSlow(String key, String error) {
        if (tooSlow.size() < SLOW_KEYS) {
            tooSlow.put(key, error);
        }
    }

    /** How often in a row others were in this key's way. */
    int inTheWay(String key) {
        if (inTheWay.size() > SLOW_KEYS) {
            inTheWay.clear();
        }
        return inTheWay.merge(key, 1, Integer::sum);
    }

    void through(String key) {
        inTheWay.remove(key);
    }
}
