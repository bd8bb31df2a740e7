package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.ErrorRules;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.QueueOptions;
import dev.tidemill.jobs.Tracing;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the builder was told; validated there. */
public record Settings(
        String schema,
        @Nullable String nodeName,
        boolean migrate,
        int payloadLimitBytes,
        Priorities priorities,
        Map<String, QueueOptions> queues,
        ErrorRules errors,
        Duration heartbeat,
        Duration deadAfter,
        int poisonAfter,
        @Nullable Duration history,
        double holdHeapFrom,
        Map<String, Breaker> breakers,
        @Nullable Tracing tracing) {
    public Settings {
        queues = Map.copyOf(queues);
        breakers = Map.copyOf(breakers);
    }

    /** By what name a process asks for something where nobody else's is given. */
    String self() {
        return nodeName == null ? "application" : nodeName;
    }
}
