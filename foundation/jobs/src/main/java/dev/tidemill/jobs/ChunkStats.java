package dev.tidemill.jobs;

import java.time.Duration;

/**
 * How a kind that is handled in chunks does in this process, since it started.
 *
 * @param kind which
 * @param size how many jobs the next chunk takes
 * @param maxJobs the most it may take
 * @param lastJobs how many jobs the last call took; 0 if there was none
 * @param lastTook how long that call took
 * @param calls how many calls there were
 * @param isolated how many of them failed and were split
 */
public record ChunkStats(
        String kind, int size, int maxJobs, int lastJobs, Duration lastTook, long calls, long isolated) {}
