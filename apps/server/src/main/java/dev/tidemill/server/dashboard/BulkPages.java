package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions.Bulk;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Doing something to all jobs that fit: first how many they are, then, once a person has said yes, doing it. */
final class BulkPages {
    private static final String PATH = "/all-jobs";
    private static final int MOST = 10_000;
    private static final Duration COUNT_WITHIN = Duration.ofMillis(50);
    static final List<String> ACTIONS = List.of("cancel", "run-now", "priority", "replay", "discard");

    private final Tidemill mill;
    private final Pages pages;

    BulkPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on(Permission.OPERATE, "GET", PATH, this::ask).on("POST", PATH, this::act);
    }

    private Reply ask(Call call) {
        call.takesOnly("state", "kind", "queue", "key", "tag", "code", "error", "from", "to", "action", "priority");
        JobQuery query = JobQuery.of(name -> call.query(name).orElse(""));
        String name = call.query("action").orElse("");
        String priority = call.query("priority").orElse("MEDIUM");
        JobAction action = action(name, priority);
        Bulk bulk = mill.actions().count(filter(query), action, MOST, COUNT_WITHIN);
        return pages.show(
                call,
                Section.JOBS,
                Format.capital(words(name, priority)) + " all that fit",
                "bulk.jte",
                Map.of(
                        "query",
                        query,
                        "action",
                        name,
                        "words",
                        words(name, priority),
                        "priority",
                        priority,
                        "count",
                        bulk.count(),
                        "more",
                        bulk.more()));
    }

    private Reply act(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        JobQuery query = JobQuery.of(form::text);
        String same = query.query();
        return pages.act(call, "/jobs" + (same.isEmpty() ? "" : "?" + same), () -> {
            String name = form.text("action");
            String priority = form.value("priority").orElse("MEDIUM");
            JobAction action = action(name, priority);
            Bulk bulk = mill.actions()
                    .all(filter(query), action, MOST, call.caller().name());
            return Flash.done(Format.exact(bulk.count()) + (bulk.count() == 1 ? " job: " : " jobs: ")
                    + (action instanceof JobAction.Prioritize to
                            ? "set priority " + Format.words(to.priority())
                            : words(name, priority))
                    + " done."
                    + (bulk.more() ? " There are more that fit; do it again to go on." : ""));
        });
    }

    private static JobFilter filter(JobQuery query) {
        JobFilter filter = query.filter();
        if (filter.equals(JobFilter.ANY)) {
            throw Problem.of(
                    ProblemCode.FIELD_MISSING,
                    "Nothing says which jobs: search by something first, if only by a state.");
        }
        if (filter.error() != null) {
            throw Problem.of(
                    ProblemCode.FIELD_INVALID,
                    "Actions on all that fit do not look into errors: search by kind and code instead, or tick jobs.");
        }
        return filter;
    }

    private static String words(String action, String priority) {
        return switch (action) {
            case "run-now" -> "run now";
            case "priority" ->
                "give priority " + priority.toLowerCase(java.util.Locale.ROOT).replace('_', ' ') + " to";
            default -> action;
        };
    }

    private static JobAction action(String name, String priority) {
        return switch (name) {
            case "cancel" -> new JobAction.Cancel();
            case "run-now" -> new JobAction.Reschedule(null);
            case "priority" -> new JobAction.Prioritize(Priority.parse(priority));
            case "replay" -> new JobAction.Replay();
            case "discard" -> new JobAction.Discard();
            default ->
                throw Problem.of(
                        ProblemCode.FIELD_INVALID, "The action is '" + name + "'; it is one of " + ACTIONS + ".");
        };
    }
}
