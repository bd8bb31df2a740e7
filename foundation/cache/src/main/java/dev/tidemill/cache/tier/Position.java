package dev.tidemill.cache.tier;

/**
 * How far a log of invalidations was known at some moment: which of them had taken effect by then. It need not be a
 * number: of transactions that began earlier some commit later. Immutable.
 */
public interface Position {
    /**
     * Whether an invalidation had taken effect.
     *
     * @param stamp the invalidation's, in the same life of the same log
     */
    boolean sees(long stamp);

    /** Whether nothing that an older position did not see may have been forgotten, when all below a stamp was. */
    boolean isAtLeast(long forgottenBelow);

    /** Names one uninterrupted history of the log; positions of different lives say nothing about each other. */
    String life();

    /** To be kept beside a value and read back by the log; at most a few kilobytes. */
    String text();
}
