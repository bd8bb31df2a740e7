package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Unique;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job to add; validated by the engine.
 *
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param payload JSON text
 * @param meta the engine's own notes (attempts, time limit, tags, trace) as JSON text; null for a plain job
 * @param key groups jobs for limits and fairness; null for none
 * @param tags to find it by
 * @param startWithinMicros its start deadline
 * @param delayMicros 0 for now
 * @param atMicros when it is due, instead of a delay; 0 for none
 * @param unique that there is one of its sort at a time; null for any number
 */
public record NewJob(
        String kind,
        String queue,
        Priority priority,
        String payload,
        @Nullable String meta,
        @Nullable String key,
        Map<String, String> tags,
        long startWithinMicros,
        long delayMicros,
        long atMicros,
        @Nullable Unique unique) {

    /** One of any number. */
    public NewJob(
            String kind,
            String queue,
            Priority priority,
            String payload,
            @Nullable String meta,
            @Nullable String key,
            Map<String, String> tags,
            long startWithinMicros,
            long delayMicros,
            long atMicros) {
        this(kind, queue, priority, payload, meta, key, tags, startWithinMicros, delayMicros, atMicros, null);
    }
}
