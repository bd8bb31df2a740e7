package dev.tidemill.architecture.broken.cache;

/** Compares its machine's clock with another's. */
public class Late {
    public boolean isLate(long writtenMillis) {
        return System.currentTimeMillis() > writtenMillis;
    }
}
