package dev.tidemill.jobs;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A breaker as it stands. Times are by the database's clock.
 *
 * @param breaker its settings
 * @param state whether jobs that depend on it start
 * @param byHand whether a person opened it: then nothing but a person closes it
 * @param since since when it has been closed, or has not
 * @param nextProbe when the next job may find out whether it is back; null when it is closed, or open by hand
 * @param failuresInRow failures since the last success, as counted
 * @param opened how often in a row it opened; 0 when it is closed
 * @param lastError the first line of the last failure that was counted, up to 500 characters; null for none yet
 * @param kinds the kinds that depend on it, by name
 */
public record BreakerView(
        Breaker breaker,
        State state,
        boolean byHand,
        Instant since,
        @Nullable Instant nextProbe,
        int failuresInRow,
        int opened,
        @Nullable String lastError,
        List<String> kinds) {
    public BreakerView {
        kinds = List.copyOf(kinds);
    }

    /** Whether jobs start. */
    public enum State {
        /** They do. */
        CLOSED,
        /** They do not. */
        OPEN,
        /** One does, as a probe. */
        HALF_OPEN
    }
}
