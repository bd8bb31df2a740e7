package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Progress;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Jobs, attempts and dead letters as the commands show them: as JSON with the names they have over HTTP. */
final class JobTexts {
    private JobTexts() {}

    static Style style(JobState state) {
        return switch (state) {
            case READY, SCHEDULED -> Style.PLAIN;
            case RUNNING -> Style.WARN;
            case SUCCEEDED -> Style.GOOD;
            case DEAD -> Style.BAD;
            case DISCARDED, CANCELLED -> Style.FAINT;
        };
    }

    static Style style(AttemptOutcome outcome) {
        return switch (outcome) {
            case SUCCEEDED -> Style.GOOD;
            case FAILED, TIMED_OUT, LOST -> Style.BAD;
            case SNOOZED, RELEASED, CANCELLED -> Style.FAINT;
        };
    }

    /** The first line of an error, which is what fits a row; empty for none. */
    static String firstLine(@Nullable String error) {
        return error == null ? "" : error.lines().findFirst().orElse("");
    }

    static JsonObject job(JobView job) {
        Progress progress = job.progress();
        return new JsonObject()
                .with("id", job.id())
                .with("kind", job.kind())
                .with("queue", job.queue())
                .with("priority", job.priority())
                .with("state", job.state())
                .raw("payload", job.payload())
                .with("tags", new TreeMap<>(job.tags()))
                .withAny("unique_key", job.uniqueKey())
                .withAny("key", job.key())
                .with("created_at", job.createdAt())
                .with("due_at", job.dueAt())
                .with("attempts", job.attempts().stream().map(JobTexts::attempt).toList())
                .with(
                        "progress",
                        progress == null
                                ? null
                                : new JsonObject()
                                        .with("done", progress.done())
                                        .with("total", progress.total())
                                        .with("message", progress.message())
                                        .with("at", progress.at()));
    }

    static JsonObject attempt(AttemptView attempt) {
        return new JsonObject()
                .with("job_id", attempt.jobId())
                .with("kind", attempt.kind())
                .with("queue", attempt.queue())
                .with("attempt", attempt.attempt())
                .with("outcome", attempt.outcome())
                .with("node", attempt.node())
                .with("started_at", attempt.startedAt())
                .millis("took_ms", attempt.took())
                .millis("late_ms", attempt.late())
                .with("error", attempt.error())
                .raw("result", attempt.result());
    }

    static JsonObject deadLetter(DeadLetter letter) {
        return new JsonObject()
                .with("job_id", letter.jobId())
                .with("kind", letter.kind())
                .with("queue", letter.queue())
                .with("priority", letter.priority())
                .with("attempt", letter.attempt())
                .with("code", letter.code())
                .with("error", letter.error())
                .with("failed_at", letter.failedAt());
    }

    static JsonObject line(LogLine line) {
        return new JsonObject()
                .with("attempt", line.attempt())
                .with("at", line.at())
                .with("level", line.level())
                .with("text", line.text());
    }
}
