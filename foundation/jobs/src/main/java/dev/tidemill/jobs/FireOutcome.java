package dev.tidemill.jobs;

/** What became of a fire of a schedule. */
public enum FireOutcome {
    /** Its job was enqueued. */
    ENQUEUED(0),
    /** It waits for an earlier job of the schedule to end. */
    WAITING(1),
    /** It was left out, because an earlier job was unfinished. */
    SKIPPED(2),
    /** It, and maybe others before it, fell into a time when no node was at work, and were not caught up. */
    MISSED(3);

    private final int code;

    FireOutcome(int code) {
        this.code = code;
    }

    /** The number that this has in storage. */
    public int code() {
        return code;
    }

    /**
     * The outcome of a storage code.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static FireOutcome ofCode(int code) {
        for (FireOutcome outcome : values()) {
            if (outcome.code == code) {
                return outcome;
            }
        }
        throw new IllegalArgumentException("No outcome of a fire has code " + code + ".");
    }
}
