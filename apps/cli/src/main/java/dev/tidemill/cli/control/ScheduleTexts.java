package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Timing;
import java.util.TreeMap;

/** Schedules as JSON, with the names that they have over HTTP. */
final class ScheduleTexts {
    private ScheduleTexts() {}

    static JsonObject json(ScheduleView schedule) {
        JsonObject json = new JsonObject().with("name", schedule.name());
        switch (schedule.timing()) {
            case Timing.Cron cron -> json.with("cron", cron.expression()).with("zone", cron.zone());
            case Timing.Rate rate -> json.with("every", rate.period()).with("from", rate.startingAt());
            case Timing.Delay delay -> json.with("after", delay.pause());
            case Timing.Once once -> json.with("at", once.at());
        }
        return json.with("catch_up", schedule.catchUp())
                .with("overlap", schedule.overlap())
                .with("kind", schedule.kind())
                .raw("payload", schedule.payload())
                .with("queue", schedule.queue())
                .with("priority", schedule.priority())
                .with("attempts", schedule.attempts())
                .with("timeout", schedule.timeout())
                .with("key", schedule.key())
                .with("tags", new TreeMap<>(schedule.tags()))
                .with("in_code", schedule.inCode())
                .with("edited", schedule.edited())
                .with("paused", schedule.paused())
                .with("created_at", schedule.createdAt())
                .with("changed_at", schedule.changedAt())
                .with("next_fire_at", schedule.nextFireAt())
                .with("last_fire_at", schedule.lastFireAt())
                .with("unfinished", schedule.unfinished())
                .with("waiting", schedule.waiting())
                .with("error", schedule.error());
    }

    static JsonObject json(FireView fire) {
        return new JsonObject()
                .with("fire_at", fire.fireAt())
                .with("outcome", fire.outcome())
                .with("manual", fire.manual())
                .with("recorded_at", fire.recordedAt())
                .with("job_id", fire.jobId())
                .with("job_state", fire.jobState())
                .with("missed_since", fire.missedSince());
    }
}
