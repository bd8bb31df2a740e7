package dev.tidemill.jobs;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job as it stands.
 *
 * @param id its id
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param state where it is
 * @param payload its payload, JSON text
 * @param key what limits and fairness know it by; null if it has none
 * @param uniqueKey the key that no other job of its kind gets while this one has it; null if it has none, or no longer
 * @param tags its tags; empty if it has none
 * @param createdAt when it was enqueued, by the database's clock
 * @param dueAt when a scheduled job becomes ready; null in every other state
 * @param attempts what was tried, oldest first, at most the latest 100
 * @param progress how far a running job is; null if its handler does not say
 */
public record JobView(
        long id,
        String kind,
        String queue,
        Priority priority,
        JobState state,
        String payload,
        @Nullable String key,
        @Nullable String uniqueKey,
        Map<String, String> tags,
        Instant createdAt,
        @Nullable Instant dueAt,
        List<AttemptView> attempts,
        @Nullable Progress progress) {

    public JobView {
        tags = Map.copyOf(tags);
        attempts = List.copyOf(attempts);
    }
}
