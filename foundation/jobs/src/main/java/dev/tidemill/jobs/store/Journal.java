package dev.tidemill.jobs.store;

import dev.tidemill.jobs.LogLine;
import java.util.List;

/** What handlers reported, for people. Thread safe; every answer is bounded. */
public interface Journal {
    /** The lines of a job's latest attempts, oldest first, at most {@code limit} of the newest. */
    List<LogLine> lines(long job, int limit);
}
