package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Priority;

/**
 * That something may be claimed, or will be.
 *
 * @param queue where
 * @param priority where
 * @param startByMicros the smallest start deadline among it
 * @param dueMicros 0 if it is ready now, else when it becomes due
 */
public record Hint(String queue, Priority priority, long startByMicros, long dueMicros) {}
