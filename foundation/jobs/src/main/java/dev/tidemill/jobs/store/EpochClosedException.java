package dev.tidemill.jobs.store;

/** The node's epoch is closed: nothing was written, and nothing more will be. */
public final class EpochClosedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public EpochClosedException(long epoch) {
        super("Epoch " + epoch + " is closed: the node was silent for too long or has left; it has to join again.");
    }
}
