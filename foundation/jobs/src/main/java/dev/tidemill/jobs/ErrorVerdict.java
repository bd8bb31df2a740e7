package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What follows a failure.
 *
 * @param category what kind of failure it was
 * @param after when to try again, from now; null for what the category and the backoff say
 * @param until when to try again, by the database's clock, instead of {@code after}; null for none
 * @param counted whether the attempt counts towards the limit; never for the categories that do not count
 * @param dependency who is down; null unless somebody is
 */
public record ErrorVerdict(
        ErrorCategory category,
        @Nullable Duration after,
        @Nullable Instant until,
        boolean counted,
        @Nullable String dependency) {

    /** Whether it says nothing of the single job, so that every job of a chunk has it. */
    public boolean holdsForAll() {
        return category == ErrorCategory.RATE_LIMITED || category == ErrorCategory.DEPENDENCY_DOWN;
    }
}
