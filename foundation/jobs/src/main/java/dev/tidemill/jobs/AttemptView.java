package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One attempt as it was recorded.
 *
 * @param jobId the job
 * @param kind the job's kind; empty if its body is gone
 * @param queue the job's queue; empty if its body is gone
 * @param attempt which one, from 1
 * @param outcome what came of it
 * @param node the name of the node that ran it
 * @param startedAt by the database's clock; for a lost attempt when it was claimed
 * @param took how long the handler ran; zero for a lost attempt
 * @param late how late against the start deadline it started; negative if it was early
 * @param error null unless it failed; at most 8,000 characters
 * @param result what the handler kept with {@link Run#result}, JSON text; null for none, and in lists of attempts of
 *     many jobs
 */
public record AttemptView(
        long jobId,
        String kind,
        String queue,
        int attempt,
        AttemptOutcome outcome,
        String node,
        Instant startedAt,
        Duration took,
        Duration late,
        @Nullable String error,
        @Nullable String result) {}
