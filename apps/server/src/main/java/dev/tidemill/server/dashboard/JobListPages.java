package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.JobPage;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.LongPredicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Searching jobs, and doing something to those that are ticked. */
final class JobListPages {
    private static final String PATH = "/jobs";
    private static final int PAGE = 50;
    private static final int MOST_TICKED = 200;
    private static final int MOST_OFFERED = 500;

    private final Tidemill mill;
    private final Supplier<Optional<Stats>> stats;
    private final Pages pages;

    JobListPages(Tidemill mill, Supplier<Optional<Stats>> stats, Pages pages) {
        this.mill = mill;
        this.stats = stats;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list).on("POST", "/ticked-jobs", this::ticked);
    }

    private Reply list(Call call) {
        call.takesOnly("id", "state", "kind", "queue", "key", "tag", "code", "error", "from", "to", "cursor");
        String id = call.query("id").map(String::strip).orElse("");
        if (!id.isEmpty()) {
            return Reply.seeOther(PATH + "/" + Format.url(id.startsWith("#") ? id.substring(1) : id));
        }
        JobQuery query = JobQuery.of(name -> call.query(name).orElse(""));
        Map<String, Object> model = new HashMap<>();
        model.put("query", query);
        Optional<Stats> known = stats.get();
        model.put("kinds", known.map(JobListPages::kinds).orElseGet(TreeSet::new));
        model.put("queues", known.map(JobListPages::queues).orElseGet(TreeSet::new));
        model.put("now", Instant.now());
        model.put("wrong", "");
        int status = 200;
        JobPage page = new JobPage(List.of(), null, 0, null);
        try {
            page = mill.search(
                    query.filter(),
                    call.query("cursor").filter(text -> !text.isEmpty()).orElse(null),
                    PAGE);
        } catch (TidemillException refused) {
            Problem problem = Problem.of(refused);
            if (problem.status() >= 500) {
                throw refused;
            }
            model.put("wrong", problem.detail());
            status = problem.status();
        } catch (Problem malformed) {
            model.put("wrong", malformed.detail());
            status = malformed.status();
        }
        model.put("page", page);
        String same = query.query();
        model.put("same", same);
        model.put("first", call.query("cursor").isEmpty());
        String next = page.next();
        model.put(
                "next",
                next == null ? "" : PATH + "?" + same + (same.isEmpty() ? "" : "&") + "cursor=" + Format.url(next));
        return pages.show(call, Section.JOBS, "Jobs", "jobs.jte", model).status(status);
    }

    /** Kinds to choose from: those that are handled or wait for somebody who does. Others can be typed. */
    private static SortedSet<String> kinds(Stats known) {
        return Stream.concat(
                        known.nodes().stream().flatMap(node -> node.kinds().stream()),
                        known.unhandled().stream().map(Stats.Unhandled::kind))
                .sorted()
                .distinct()
                .limit(MOST_OFFERED)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static SortedSet<String> queues(Stats known) {
        return known.queues().stream()
                .map(QueueStats::queue)
                .limit(MOST_OFFERED)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Reply ticked(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        String by = call.caller().name();
        return pages.act(call, Pages.back(form, PATH), () -> {
            List<Long> ids = ids(form);
            return switch (form.required("action")) {
                case "cancel" -> each(ids, "cancelled", id -> cancelled(mill.cancel(id, by)));
                case "run-now" ->
                    each(ids, "ready now", id -> steered(mill.actions().runNow(id, by)));
                case "priority" -> {
                    Priority priority = Priority.parse(form.required("priority"));
                    yield each(
                            ids,
                            "of priority " + Format.words(priority) + " now",
                            id -> steered(mill.actions().prioritize(id, priority, by)));
                }
                case "replay" -> said(mill.replay(ids, by).size(), ids.size(), "ready again");
                case "discard" -> each(ids, "put aside", id -> mill.discard(id, by));
                default ->
                    throw Problem.of(
                            ProblemCode.FIELD_INVALID,
                            "The action is none of cancel, run-now, priority, replay and discard.");
            };
        });
    }

    private static List<Long> ids(Form form) {
        List<String> given = form.all("job");
        if (given.isEmpty() || given.size() > MOST_TICKED) {
            throw Problem.of(
                    ProblemCode.FIELD_INVALID,
                    given.size() + " jobs are ticked; tick 1 to " + MOST_TICKED + ", or act on all that fit.");
        }
        try {
            return given.stream().map(Long::valueOf).toList();
        } catch (NumberFormatException noNumber) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "One of the ticked jobs has no number.");
        }
    }

    private static Flash each(List<Long> ids, String done, LongPredicate action) {
        return said(ids.stream().filter(id -> action.test(id)).count(), ids.size(), done);
    }

    private static Flash said(long done, int of, String what) {
        String text = Format.exact(done) + " of " + of + (of == 1 ? " job is " : " jobs are ") + what + ".";
        return done == of ? Flash.done(text) : Flash.refused(text + " The rest was no longer where that can be done.");
    }

    private static boolean cancelled(Cancellation said) {
        return switch (said) {
            case CANCELLED, WILL_NOT_START, INTERRUPTED -> true;
            case NOT_FOUND, SUCCEEDED, DEAD -> false;
        };
    }

    private static boolean steered(Steered said) {
        return said == Steered.DONE || said == Steered.UNCHANGED;
    }
}
