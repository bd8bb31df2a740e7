package dev.tidemill.cache;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A value and how it was come by.
 *
 * @param value null if there is none
 * @param source which tier had it
 * @param stale whether it is past its time, and served while it is renewed or because the origin fails
 * @param age since it was loaded from the origin
 * @param freshFor until it is renewed; zero when stale
 * @param miss why this process did not have it; null if it had
 * @param <V> values
 */
public record Answer<V>(
        @Nullable V value,
        Source source,
        boolean stale,
        Duration age,
        Duration freshFor,
        @Nullable Miss miss) {}
