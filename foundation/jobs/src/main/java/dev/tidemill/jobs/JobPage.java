package dev.tidemill.jobs;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A page of the jobs that a search found.
 *
 * @param jobs up to as many as were asked for; there may be more behind them, or behind none at all
 * @param next the cursor of the page after this one, for the same filter; null if all was looked at
 * @param examined how many rows were looked at for this page
 * @param searchedTo when the last job looked at was enqueued; null if all was looked at, or it is gone by now
 */
public record JobPage(
        List<JobView> jobs,
        @Nullable String next,
        int examined,
        @Nullable Instant searchedTo) {
    public JobPage {
        jobs = List.copyOf(jobs);
    }
}
