package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.EnqueueOptions;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The engine's notes on a job that is not plain, kept beside its payload as JSON. */
record Meta(
        @Nullable Integer attempts,
        @Nullable Long timeoutMillis,
        @Nullable Map<String, String> tags,
        @Nullable String trace,
        @Nullable String key) {

    static final Meta NONE = new Meta(null, null, null, null, null);

    /** Null when there is nothing to note. */
    static @Nullable Meta of(EnqueueOptions options, @Nullable String trace) {
        if (options.attempts() == null
                && options.timeout() == null
                && options.tags().isEmpty()
                && trace == null
                && options.key() == null) {
            return null;
        }
        return new Meta(
                options.attempts(),
                options.timeout() == null ? null : options.timeout().toMillis(),
                options.tags().isEmpty() ? null : options.tags(),
                trace,
                options.key());
    }
}
