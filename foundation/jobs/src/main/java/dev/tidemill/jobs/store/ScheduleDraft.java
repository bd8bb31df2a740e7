package dev.tidemill.jobs.store;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Timing;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A schedule to store; validated by the engine.
 *
 * @param name its name
 * @param timing when it fires
 * @param kind the kind of its jobs
 * @param payload their payload, JSON text
 * @param queue their queue
 * @param priority their priority
 * @param attempts their counted attempts; null means the kind's
 * @param timeoutMillis their time limit; null means the kind's
 * @param key what limits and fairness tell its jobs apart by; null for none
 * @param tags their tags
 * @param catchUp what becomes of missed fires
 * @param overlap what becomes of fires that would overlap
 */
public record ScheduleDraft(
        String name,
        Timing timing,
        String kind,
        String payload,
        String queue,
        Priority priority,
        @Nullable Integer attempts,
        @Nullable Long timeoutMillis,
        @Nullable String key,
        Map<String, String> tags,
        CatchUp catchUp,
        Overlap overlap) {
    public ScheduleDraft {
        tags = Map.copyOf(tags);
    }
}
