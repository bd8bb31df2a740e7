package dev.tidemill.jobs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A fire of a schedule as it was recorded.
 *
 * @param fireAt when it was due; for a manual one, when it was triggered
 * @param outcome what became of it
 * @param manual whether a person triggered it
 * @param recordedAt when it was seen to
 * @param jobId its job; null if none was enqueued
 * @param jobState where that job is; null without a job, and once its body is past retention
 * @param missedSince for a missed fire the first of the fires that it stands for; null for others
 */
public record FireView(
        Instant fireAt,
        FireOutcome outcome,
        boolean manual,
        Instant recordedAt,
        @Nullable Long jobId,
        @Nullable JobState jobState,
        @Nullable Instant missedSince) {}
