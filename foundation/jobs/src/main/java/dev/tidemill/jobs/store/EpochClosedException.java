package dev.tidemill.jobs.store;

/** The node's epoch is closed: nothing was written, and nothing more will be. */
public final class EpochClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EpochClosedException(String detail) {
        super("The node was silent for too long or has left, and has to join again: " + detail);
    }
}
