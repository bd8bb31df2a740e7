package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Priority;
import org.jspecify.annotations.Nullable;

/**
 * A job in a node's hands.
 *
 * @param lease the lease that holds it
 * @param id the job
 * @param attempt the number of this attempt, from 1
 * @param failures counted failures so far
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param startByMicros its start deadline
 * @param payload JSON text; null if the body is gone
 * @param meta the engine's notes; null if none
 * @param limited whether it counts towards a limit until it is taken out of its lease
 * @param probe whether it was claimed to find out whether what it depends on is back
 */
public record ClaimedJob(
        long lease,
        long id,
        int attempt,
        int failures,
        String kind,
        String queue,
        Priority priority,
        long startByMicros,
        @Nullable String payload,
        @Nullable String meta,
        boolean limited,
        boolean probe) {
    /** One that is no probe. */
    public ClaimedJob(
            long lease,
            long id,
            int attempt,
            int failures,
            String kind,
            String queue,
            Priority priority,
            long startByMicros,
            @Nullable String payload,
            @Nullable String meta,
            boolean limited) {
        this(lease, id, attempt, failures, kind, queue, priority, startByMicros, payload, meta, limited, false);
    }

    /** The same once its payload is handed on. */
    public ClaimedJob withoutPayload() {
        return new ClaimedJob(
                lease, id, attempt, failures, kind, queue, priority, startByMicros, null, meta, limited, probe);
    }

    /** The same as a probe. */
    public ClaimedJob asProbe() {
        return new ClaimedJob(
                lease, id, attempt, failures, kind, queue, priority, startByMicros, payload, meta, limited, true);
    }
}
