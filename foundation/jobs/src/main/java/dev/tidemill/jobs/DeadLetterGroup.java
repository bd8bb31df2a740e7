package dev.tidemill.jobs;

import java.time.Instant;

/**
 * Dead letters that failed alike: of one kind, with one code, and by the same sort of error.
 *
 * @param kind their kind; empty if their bodies are gone
 * @param code why, as an {@link ErrorCode} name
 * @param error the sort of error: what its first line has before the first colon, an exception's class; at most 200
 *     characters
 * @param count how many
 * @param latest when the newest failed, by the database's clock
 * @param newestJob the newest
 * @param sample the first line of the newest one's error, at most 300 characters
 */
public record DeadLetterGroup(
        String kind, String code, String error, long count, Instant latest, long newestJob, String sample) {}
