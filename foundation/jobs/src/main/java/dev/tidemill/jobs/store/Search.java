package dev.tidemill.jobs.store;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobView;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds jobs by what is known of them. Thread safe; every answer is bounded in what it looks at. */
public interface Search {
    /**
     * A page of the jobs that fit.
     *
     * @param from where the page before ended, for the same filter; null to begin
     * @param limit how many at most, 1 to 1000
     * @throws StoreException with INVALID_OPTION if the place is none where this filter is searched
     */
    Found find(JobFilter filter, @Nullable Place from, int limit);

    /**
     * How far a search is.
     *
     * @param walk which of the ways through the store
     * @param position where on it, as the store sees it
     */
    record Place(int walk, List<Long> position) {
        public Place {
            position = List.copyOf(position);
        }
    }

    /**
     * What was found.
     *
     * @param next where the page after this one begins; null if all was looked at
     * @param examined how many rows were looked at
     * @param searchedTo when the last job looked at was enqueued; null if all was looked at, or it is gone by now
     */
    record Found(
            List<JobView> jobs,
            @Nullable Place next,
            int examined,
            @Nullable Instant searchedTo) {
        public Found {
            jobs = List.copyOf(jobs);
        }
    }
}
