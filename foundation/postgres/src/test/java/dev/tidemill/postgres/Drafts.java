package dev.tidemill.postgres;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.ScheduleDraft;
import java.util.Map;

/** Schedules to store. */
final class Drafts {
    private Drafts() {}

    static ScheduleDraft of(String name, Timing timing) {
        return of(name, timing, CatchUp.ALL, Overlap.ALLOW);
    }

    static ScheduleDraft of(String name, Timing timing, CatchUp catchUp, Overlap overlap) {
        return new ScheduleDraft(
                name, timing, "Fired", "{}", "default", Priority.MEDIUM, null, null, null, Map.of(), catchUp, overlap);
    }
}
