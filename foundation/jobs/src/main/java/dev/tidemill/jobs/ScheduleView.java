package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as it stands.
 *
 * @param name its name
 * @param timing when it fires
 * @param kind the kind of its jobs
 * @param payload their payload, JSON text
 * @param queue their queue
 * @param priority their priority
 * @param attempts how many counted attempts they get; null means the kind's
 * @param timeout how long one attempt may take; null means the kind's
 * @param key what limits and fairness tell them apart by; null for none
 * @param tags their tags, beside the two that every schedule adds
 * @param catchUp what becomes of missed fires
 * @param overlap what becomes of fires that would overlap
 * @param inCode whether an application defines it at its start
 * @param edited whether it was put at run time since, so that it may differ from the code
 * @param paused whether it is paused
 * @param createdAt when it was first put
 * @param changedAt when it was last put or defined anew
 * @param nextFireAt when it fires next; null while paused, once it is through, and while a job is awaited whose end
 *     decides
 * @param lastFireAt the last fire that was due, whatever became of it; null before the first
 * @param unfinished jobs of it that have not ended yet, as last seen
 * @param waiting fires that wait for a job to end, see {@link Overlap#QUEUE}
 * @param error why it could not fire; null if it could
 */
public record ScheduleView(
        String name,
        Timing timing,
        String kind,
        String payload,
        String queue,
        Priority priority,
        @Nullable Integer attempts,
        @Nullable Duration timeout,
        @Nullable String key,
        Map<String, String> tags,
        CatchUp catchUp,
        Overlap overlap,
        boolean inCode,
        boolean edited,
        boolean paused,
        Instant createdAt,
        Instant changedAt,
        @Nullable Instant nextFireAt,
        @Nullable Instant lastFireAt,
        int unfinished,
        int waiting,
        @Nullable String error) {
    public ScheduleView {
        tags = Map.copyOf(tags);
    }
}
