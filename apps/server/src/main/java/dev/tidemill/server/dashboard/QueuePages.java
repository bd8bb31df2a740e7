package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Pauses;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The queues with their depths and rates, one queue with its limits, and what is paused. */
final class QueuePages {
    private static final String PATH = "/queues";
    private static final int MINUTES = 60;
    private static final int PAGE = 100;

    /** What is counted grows with the queues there are, and depths are seconds old anyway: those who look share it. */
    private static final Duration STATS_MAX_AGE = Duration.ofSeconds(1);

    private final Tidemill mill;
    private final Pages pages;
    private final Latest<Stats> latest;

    QueuePages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
        this.latest = new Latest<>(mill::stats, STATS_MAX_AGE);
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("GET", PATH + "/{queue}", this::queue)
                .on("POST", "/pauses/add", this::pause)
                .on("POST", "/pauses/remove", this::resume);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "name");
        String name = call.query("name").map(String::strip).orElse("");
        String after = call.query("after").orElse("");
        Stats stats = latest.get();
        List<QueueStats> fitting = stats.queues().stream()
                .filter(queue -> queue.queue().contains(name))
                .toList();
        int from = (int) fitting.stream()
                .filter(queue -> queue.queue().compareTo(after) <= 0)
                .count();
        int to = Math.min(from + PAGE, fitting.size());
        return pages.show(
                call,
                Section.QUEUES,
                "Queues",
                "queues.jte",
                Map.of(
                        "stats",
                        stats,
                        "queues",
                        fitting.subList(from, to),
                        "count",
                        fitting.size(),
                        "name",
                        name,
                        "previous",
                        from == 0
                                ? ""
                                : page(
                                        name,
                                        from <= PAGE
                                                ? ""
                                                : fitting.get(from - PAGE - 1).queue()),
                        "next",
                        to == fitting.size()
                                ? ""
                                : page(name, fitting.get(to - 1).queue()),
                        "pauses",
                        mill.pauses().paused()));
    }

    private static String page(String name, String after) {
        String filter = name.isEmpty() ? "" : "name=" + Format.url(name);
        String place = after.isEmpty() ? "" : "after=" + Format.url(after);
        return PATH + "?" + filter + (filter.isEmpty() || place.isEmpty() ? "" : "&") + place;
    }

    private Reply queue(Call call) {
        call.takesOnly();
        String name = call.path("queue");
        Stats stats = latest.get();
        List<LimitView> limits = mill.limits().list().stream()
                .filter(view -> view.limit().scope() == Limit.Scope.QUEUE
                        && view.limit().name().equals(name))
                .toList();
        QueueStats queue = stats.queues().stream()
                .filter(one -> one.queue().equals(name))
                .findFirst()
                .orElseGet(() -> new QueueStats(name, 0, List.of()));
        return pages.show(
                call,
                Section.QUEUES,
                name,
                "queue.jte",
                Map.of(
                        "queue",
                        queue,
                        "at",
                        stats.at(),
                        "minutes",
                        mill.history(name, MINUTES),
                        "pauses",
                        mill.pauses().paused().stream()
                                .filter(pause -> pause.scope() == Pause.Scope.EVERYTHING
                                        || (pause.scope() == Pause.Scope.QUEUE
                                                && pause.name().equals(name)))
                                .toList(),
                        "limits",
                        limits,
                        "fair",
                        mill.limits().fairQueues().contains(name)));
    }

    private Reply pause(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH + "#pauses"), () -> {
            Pause.Scope scope = scope(form);
            String name = name(scope, form);
            return mill.pauses().pause(scope, name, call.caller().name(), form.text("reason"))
                    ? Flash.done(what(scope, name) + " is paused: what runs goes on, nothing more starts.")
                    : Flash.refused(what(scope, name) + " is paused already.");
        });
    }

    private Reply resume(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, Pages.back(form, PATH + "#pauses"), () -> {
            Pause.Scope scope = scope(form);
            String name = name(scope, form);
            return mill.pauses().resume(scope, name, call.caller().name())
                    ? Flash.done(what(scope, name) + " goes on.")
                    : Flash.refused(what(scope, name) + " is not paused.");
        });
    }

    private static Pause.Scope scope(Form form) {
        String given = form.required("scope").toUpperCase(Locale.ROOT);
        for (Pause.Scope scope : Pause.Scope.values()) {
            if (scope.name().equals(given)) {
                return scope;
            }
        }
        throw Problem.of(
                ProblemCode.FIELD_INVALID, "'" + given + "' cannot be paused; it is EVERYTHING, QUEUE, KIND or KEY.");
    }

    private static String name(Pause.Scope scope, Form form) {
        return scope == Pause.Scope.EVERYTHING ? Pause.ALL : Pauses.validName(scope, form.required("name"));
    }

    private static String what(Pause.Scope scope, String name) {
        return scope == Pause.Scope.EVERYTHING ? "Everything" : Format.capital(Format.words(scope)) + " " + name;
    }
}
