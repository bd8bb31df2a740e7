package dev.tidemill.jobs;

/** What became of the wish to cancel a job. */
public enum Cancellation {
    /** There is no such job. */
    NOT_FOUND(0),
    /** It was waiting, or was cancelled before; it does not run any more. */
    CANCELLED(1),
    /**
     * It waits to be claimed, and the claim that finds it drops it. Only a claim under way at this very moment may
     * still start it; then it is interrupted as a running one is.
     */
    WILL_NOT_START(2),
    /** It runs: its node interrupts it, and it is not retried. A handler that is through before counts as done. */
    INTERRUPTED(3),
    /** Too late: it has succeeded. */
    SUCCEEDED(4),
    /** It is a dead letter, which is discarded rather than cancelled. */
    DEAD(5);

    private final int code;

    Cancellation(int code) {
        this.code = code;
    }

    /** What a number in the store's answer means. */
    public static Cancellation ofCode(int code) {
        for (Cancellation one : values()) {
            if (one.code == code) {
                return one;
            }
        }
        throw new IllegalArgumentException("no cancellation has the number " + code);
    }
}
