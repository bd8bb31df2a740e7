package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Why;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import dev.tidemill.server.tables.ServerTables;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** One job: what it is, what was tried, why it waits, and what a person can do about it. */
final class SingleJobPage {
    private static final String PATH = "/jobs/{id}";
    private static final int LINES = 500;
    /** A payload of a megabyte, every byte of it encoded as three. */
    private static final int PAYLOAD_FORM_BYTES = 4 << 20;

    /** Reasons take a dozen questions; more pages than this at a time do without, and ask again two seconds later. */
    private static final int ASKING_WHY = 2;

    private final Tidemill mill;
    private final ServerTables tables;
    private final Pages pages;
    private final Semaphore askingWhy = new Semaphore(ASKING_WHY);

    SingleJobPage(Tidemill mill, ServerTables tables, Pages pages) {
        this.mill = mill;
        this.tables = tables;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::show)
                .on("POST", PATH + "/cancel", call -> act(call, this::cancel))
                .on("POST", PATH + "/run-now", call -> act(call, this::runNow))
                .on("POST", PATH + "/reschedule", this::reschedule)
                .on("POST", PATH + "/priority", this::prioritize)
                .on("POST", PATH + "/replay-edited", this::replayEdited)
                .on(Permission.ENQUEUE, "POST", PATH + "/again", this::again);
    }

    private Reply show(Call call) {
        call.takesOnly();
        long id = call.id();
        JobView job = mill.job(id)
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.NOT_FOUND, "There is no job " + id + ", or its history is gone."));
        boolean moves =
                job.state() == JobState.READY || job.state() == JobState.SCHEDULED || job.state() == JobState.RUNNING;
        Instant now = Instant.now();
        Map<String, Object> model = new HashMap<>();
        model.put("job", job);
        model.put("moves", moves);
        model.put("now", now);
        model.put("payload", Json.pretty(job.payload()));
        model.put("bars", JobTimeline.of(job, now));
        model.put("why", moves ? why(job) : Optional.empty());
        // A job that no handler has had yet has logged nothing.
        boolean begun = job.state() == JobState.RUNNING || !job.attempts().isEmpty();
        model.put("lines", begun ? mill.log(id, LINES) : List.of());
        return pages.show(call, Section.JOBS, job.kind() + " #" + id, "job.jte", model);
    }

    private Optional<Why> why(JobView job) {
        if (!askingWhy.tryAcquire()) {
            return Optional.empty();
        }
        try {
            return Optional.of(mill.why(job));
        } finally {
            askingWhy.release();
        }
    }

    @FunctionalInterface
    private interface Deed {
        Flash on(long id, String by);
    }

    private Reply act(Call call, Deed deed) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        long id = call.id();
        return pages.act(
                call,
                Pages.back(form, "/jobs/" + id),
                () -> deed.on(id, call.caller().name()));
    }

    private Flash cancel(long id, String by) {
        Cancellation said = mill.cancel(id, by);
        return switch (said) {
            case CANCELLED -> Flash.done("Job " + id + " is cancelled.");
            case WILL_NOT_START -> Flash.done("Job " + id + " does not start any more.");
            case INTERRUPTED -> Flash.done("Job " + id + " is being interrupted, and is not tried again.");
            case NOT_FOUND -> Flash.refused("There is no job " + id + ".");
            case SUCCEEDED -> Flash.refused("Too late: job " + id + " has succeeded.");
            case DEAD -> Flash.refused("Job " + id + " is a dead letter; discard it instead.");
        };
    }

    private Flash runNow(long id, String by) {
        return steered(mill.actions().runNow(id, by), id, "is ready now");
    }

    private static Flash steered(Steered said, long id, String done) {
        return switch (said) {
            case DONE -> Flash.done("Job " + id + " " + done + ".");
            case UNCHANGED -> Flash.done("Nothing to change: job " + id + " " + done + " already.");
            case NOT_FOUND -> Flash.refused("There is no job " + id + ".");
            case RUNNING -> Flash.refused("A node holds job " + id + "; it stays where it is.");
            case SUCCEEDED -> Flash.refused("Job " + id + " has succeeded.");
            case DEAD -> Flash.refused("Job " + id + " is a dead letter; replay it instead.");
            case CANCELLED -> Flash.refused("Job " + id + " is cancelled.");
            case MOVING -> Flash.refused("Job " + id + " was on its way; nothing was changed. Try again.");
        };
    }

    private Reply reschedule(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        long id = call.id();
        return pages.act(call, "/jobs/" + id, () -> {
            Instant at = time(form.required("at"));
            return steered(
                    mill.actions().reschedule(id, at, call.caller().name()),
                    id,
                    "waits until " + Format.dayTime(at) + " UTC");
        });
    }

    /** What a browser's field for a local time sends, taken for UTC. */
    static Instant time(String text) {
        try {
            return text.endsWith("Z")
                    ? Instant.parse(text)
                    : LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException malformed) {
            throw Problem.of(
                    ProblemCode.FIELD_INVALID, "'" + text + "' is no time; write it as 2030-01-31T09:00, in UTC.");
        }
    }

    private Reply prioritize(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        long id = call.id();
        return pages.act(call, "/jobs/" + id, () -> {
            Priority priority = Priority.parse(form.required("priority"));
            return steered(
                    mill.actions().prioritize(id, priority, call.caller().name()),
                    id,
                    "has priority " + Format.words(priority));
        });
    }

    private Reply replayEdited(Call call) {
        call.takesOnly();
        Form form = call.fields(PAYLOAD_FORM_BYTES);
        long id = call.id();
        return pages.act(
                call,
                "/jobs/" + id,
                () -> mill.actions()
                                .replayEdited(
                                        id,
                                        form.required("payload"),
                                        call.caller().name())
                        ? Flash.done("Job " + id + " is ready again with the payload as edited.")
                        : Flash.refused("Job " + id + " is no dead letter any more; nothing was changed."));
    }

    /** Without those that tell a schedule's fire: nobody's clock asked for the copy. */
    private static Map<String, String> tags(JobView job) {
        Map<String, String> tags = new HashMap<>(job.tags());
        tags.remove(ScheduleOptions.SCHEDULE_TAG);
        tags.remove(ScheduleOptions.FIRE_TAG);
        return tags;
    }

    private Reply again(Call call) {
        call.takesOnly();
        Form form = call.fields(PAYLOAD_FORM_BYTES);
        long id = call.id();
        JobView job = mill.job(id)
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no job " + id + "."));
        try {
            EnqueueOptions options =
                    EnqueueOptions.priority(job.priority()).onQueue(job.queue()).withTags(tags(job));
            if (job.key() != null) {
                options = options.key(job.key());
            }
            JobRequest copy = new JobRequest(job.kind(), form.required("payload"), options);
            String by = call.caller().name();
            long fresh = tables.transaction(connection -> {
                long made = mill.enqueue(connection, copy);
                tables.note(connection, by, "enqueue", "JOB " + made, "a copy of job " + id);
                return made;
            });
            return pages.act(
                    call, "/jobs/" + fresh, () -> Flash.done("Job " + fresh + " is enqueued, like job " + id + "."));
        } catch (TidemillException refused) {
            return pages.act(call, "/jobs/" + id, () -> {
                throw refused;
            });
        }
    }
}
