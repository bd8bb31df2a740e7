package dev.tidemill.jobs;

import java.util.Locale;

/** What becomes of a fire while a job of the same schedule is unfinished: waiting, between two attempts, or running. */
public enum Overlap {
    /** The fire is left out, and recorded as skipped. The default. */
    SKIP(0),
    /**
     * The fire waits until the job has ended; one job at a time, in the order of their fires. At most
     * {@link #MOST_WAITING} wait, what comes beyond is skipped.
     */
    QUEUE(1),
    /** The fire is enqueued all the same. */
    ALLOW(2);

    /** How many fires of one schedule wait at most: 100. */
    public static final int MOST_WAITING = 100;

    private final int code;

    Overlap(int code) {
        this.code = code;
    }

    /** The number that this has in storage. */
    public int code() {
        return code;
    }

    /**
     * The policy of a storage code.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Overlap ofCode(int code) {
        for (Overlap overlap : values()) {
            if (overlap.code == code) {
                return overlap;
            }
        }
        throw new IllegalArgumentException("No overlap policy has code " + code + ".");
    }

    /**
     * Reads a name, in any case.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the name is unknown
     */
    public static Overlap parse(String name) {
        for (Overlap overlap : values()) {
            if (overlap.name().equals(name.toUpperCase(Locale.ROOT))) {
                return overlap;
            }
        }
        throw new TidemillException(
                ErrorCode.INVALID_OPTION, "Unknown overlap policy '" + name + "'. Use SKIP, QUEUE or ALLOW.");
    }
}
