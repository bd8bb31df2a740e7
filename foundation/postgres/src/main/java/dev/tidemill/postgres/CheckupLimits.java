package dev.tidemill.postgres;

import java.time.Duration;

/**
 * From where on something is a finding.
 *
 * @param deadTuples dead rows of one table
 * @param bloatBytes size of one table with its indexes
 * @param unusedIndexBytes size of one index
 * @param retainedWalBytes what one replication slot keeps
 * @param notifyUsage share of the notification queue, 0 to 1
 * @param partitions of one table
 * @param clockSkew between this process and the database
 * @param deadLettersInAnHour new ones
 * @param hiddenXminAge transactions since a snapshot whose session's start cannot be seen
 */
record CheckupLimits(
        long deadTuples,
        long bloatBytes,
        long unusedIndexBytes,
        long retainedWalBytes,
        double notifyUsage,
        int partitions,
        Duration clockSkew,
        long deadLettersInAnHour,
        long hiddenXminAge) {
    static final CheckupLimits STANDARD =
            new CheckupLimits(100_000, 128L << 20, 64L << 20, 1L << 30, 0.1, 64, Duration.ofSeconds(2), 100, 1_000_000);
}
