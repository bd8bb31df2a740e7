package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Priority;

/**
 * Counts of what finished since the last heartbeat.
 *
 * @param queue where
 * @param priority where
 * @param kind what
 * @param succeeded attempts that succeeded
 * @param failed attempts that failed or timed out
 * @param met attempts that started in time
 * @param missed attempts that started late
 * @param tookMicros handler time of them all
 */
public record Tally(
        String queue,
        Priority priority,
        String kind,
        long succeeded,
        long failed,
        long met,
        long missed,
        long tookMicros) {}
