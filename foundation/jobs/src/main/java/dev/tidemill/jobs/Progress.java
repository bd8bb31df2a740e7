package dev.tidemill.jobs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How far a running job is, as its handler last said with {@link Run#progress}.
 *
 * @param done how much is done, 0 or more
 * @param total of how much; 0 if that is not known
 * @param message what it is doing; null if it did not say, at most 500 characters
 * @param at when this was written, by the database's clock
 */
public record Progress(long done, long total, @Nullable String message, Instant at) {}
