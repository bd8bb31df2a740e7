package dev.tidemill.testkit;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A job that was enqueued, as it stands now.
 *
 * @param job the job object, read back from its payload
 * @param view everything else about it
 */
public record EnqueuedJob<T>(T job, JobView view) {
    /** Its id. */
    public long id() {
        return view.id();
    }

    /** Its queue. */
    public String queue() {
        return view.queue();
    }

    /** Its priority. */
    public Priority priority() {
        return view.priority();
    }

    /** Its tags. */
    public Map<String, String> tags() {
        return view.tags();
    }

    /** Where it is. */
    public JobState state() {
        return view.state();
    }

    /** When it will be ready; null unless it waits for its time. */
    public @Nullable Instant dueAt() {
        return view.dueAt();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("job ")
                .append(id())
                .append(": ")
                .append(job)
                .append(", ")
                .append(priority())
                .append(" on ")
                .append(queue())
                .append(", ")
                .append(state());
        if (dueAt() != null) {
            text.append(" until ").append(dueAt());
        }
        if (!tags().isEmpty()) {
            text.append(", tags ").append(new TreeMap<>(tags()));
        }
        return text.toString();
    }
}
