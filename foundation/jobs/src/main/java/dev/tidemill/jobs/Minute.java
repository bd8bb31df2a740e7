package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;

/**
 * What finished in one minute. A node that is killed takes up to two seconds of its counts along; the attempts
 * themselves are never lost.
 *
 * @param at when the minute began, by the database's clock
 * @param succeeded attempts that succeeded
 * @param failed attempts that failed or timed out
 * @param met attempts that started in time
 * @param missed attempts that started late
 * @param tookTotal handler time of all these attempts together
 */
public record Minute(Instant at, long succeeded, long failed, long met, long missed, Duration tookTotal) {}
