package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Schedules;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as a form has it: all values as text, as they were typed.
 *
 * @param way how it says when: {@code cron}, {@code every}, {@code after} or {@code at}
 * @param when an expression, a duration such as {@code PT5M}, or an instant
 * @param zone whose local times a cron expression means
 */
public record ScheduleForm(
        String name,
        String way,
        String when,
        String zone,
        String kind,
        String payload,
        String queue,
        String priority,
        String attempts,
        String timeout,
        String key,
        String catchUp,
        String overlap,
        Map<String, String> tags) {
    public ScheduleForm {
        tags = Map.copyOf(tags);
    }

    static ScheduleForm empty() {
        return new ScheduleForm(
                "", "cron", "0 3 * * *", "UTC", "", "{}", "", "MEDIUM", "", "", "", "LAST", "SKIP", Map.of());
    }

    static ScheduleForm of(ScheduleView view, String payload) {
        String way;
        String when;
        String zone = "UTC";
        switch (view.timing()) {
            case Timing.Cron cron -> {
                way = "cron";
                when = cron.expression();
                zone = cron.zone().getId();
            }
            case Timing.Rate rate -> {
                way = "every";
                when = rate.period() + (rate.startingAt() == null ? "" : " from " + rate.startingAt());
            }
            case Timing.Delay delay -> {
                way = "after";
                when = delay.pause().toString();
            }
            case Timing.Once once -> {
                way = "at";
                when = once.at().toString();
            }
        }
        return new ScheduleForm(
                view.name(),
                way,
                when,
                zone,
                view.kind(),
                payload,
                view.queue(),
                view.priority().name(),
                view.attempts() == null ? "" : view.attempts().toString(),
                view.timeout() == null ? "" : view.timeout().toString(),
                view.key() == null ? "" : view.key(),
                view.catchUp().toString(),
                view.overlap().name(),
                view.tags());
    }

    static ScheduleForm of(Form form, String name, Map<String, String> tags) {
        return new ScheduleForm(
                name,
                form.text("way"),
                form.text("when"),
                form.text("zone"),
                form.text("kind"),
                form.text("payload"),
                form.text("queue"),
                form.text("priority"),
                form.text("attempts"),
                form.text("timeout"),
                form.text("key"),
                form.text("catch_up"),
                form.text("overlap"),
                tags);
    }

    /** Puts what the form says. Tags, which it does not show, stay as they are. */
    void put(Schedules schedules, boolean add) {
        EnqueueOptions job = EnqueueOptions.NONE.withTags(own(tags));
        if (!priority.isEmpty()) {
            job = job.withPriority(Priority.parse(priority));
        }
        if (!queue.isEmpty()) {
            job = job.onQueue(queue);
        }
        if (!attempts.isEmpty()) {
            job = job.attempts(number(attempts));
        }
        @Nullable Duration limit = timeout.isEmpty() ? null : duration(timeout);
        if (limit != null) {
            job = job.timeout(limit);
        }
        if (!key.isEmpty()) {
            job = job.key(key);
        }
        ScheduleOptions options = ScheduleOptions.NONE
                .catchUp(CatchUp.parse(catchUp.isEmpty() ? "LAST" : catchUp))
                .overlap(Overlap.parse(overlap.isEmpty() ? "SKIP" : overlap))
                .job(job);
        JobRequest request = new JobRequest(kind, payload.isEmpty() ? "{}" : payload);
        if (add) {
            schedules.add(name, timing(), request, options);
        } else {
            schedules.put(name, timing(), request, options);
        }
    }

    private static Map<String, String> own(Map<String, String> tags) {
        Map<String, String> own = new HashMap<>(tags);
        own.remove(ScheduleOptions.SCHEDULE_TAG);
        own.remove(ScheduleOptions.FIRE_TAG);
        return own;
    }

    private Timing timing() {
        return switch (way) {
            case "cron" -> Timing.cron(when, zone);
            case "every" -> {
                String[] parts = when.split("\\s+from\\s+", 2);
                Timing.Rate rate = Timing.every(duration(parts[0]));
                yield parts.length == 2 ? rate.startingAt(instant(parts[1])) : rate;
            }
            case "after" -> Timing.afterEach(duration(when));
            case "at" -> Timing.once(instant(when));
            default ->
                throw Problem.of(
                        ProblemCode.FIELD_INVALID,
                        "'" + way + "' is no way to say when; it is cron, every, after or at.");
        };
    }

    private static Duration duration(String text) {
        try {
            return Duration.parse(text.strip());
        } catch (DateTimeException malformed) {
            throw Problem.of(
                    ProblemCode.FIELD_INVALID, "'" + text + "' is no duration; write it as PT30S, PT5M, PT1H or P1D.");
        }
    }

    private static Instant instant(String text) {
        return SingleJobPage.time(text.strip());
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException noNumber) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "Attempts is '" + text + "'; it must be a whole number.", noNumber);
        }
    }
}
