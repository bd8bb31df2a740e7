package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.DeadLetterGroup;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Jobs that need a person: by error, and one by one. */
final class DeadLetterPages {
    private static final String PATH = "/dead-letters";
    private static final int PAGE = 50;
    /** Grouping reads ten thousand errors; those who look at the same time share it. */
    private static final Duration GROUPS_MAX_AGE = Duration.ofSeconds(1);

    private final Tidemill mill;
    private final Pages pages;
    private final Latest<List<DeadLetterGroup>> groups;

    DeadLetterPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
        this.groups = new Latest<>(mill::deadLetterGroups, GROUPS_MAX_AGE);
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", "/dead-letter-groups/replay", this::replayAlike)
                .on("POST", "/dead-letter-groups/discard", this::discardAlike)
                .on("POST", PATH + "/{id}/replay", this::replay)
                .on("POST", PATH + "/{id}/discard", this::discard);
    }

    private Reply list(Call call) {
        call.takesOnly("after");
        String after = call.query("after").orElse(null);
        List<DeadLetter> letters = mill.deadLetters(after, PAGE + 1);
        boolean more = letters.size() > PAGE;
        List<DeadLetter> shown = more ? letters.subList(0, PAGE) : letters;
        return pages.show(
                call,
                Section.DEAD_LETTERS,
                "Dead letters",
                "deadLetters.jte",
                Map.of(
                        "letters",
                        shown,
                        "groups",
                        after == null ? groups.get() : List.of(),
                        "first",
                        after == null,
                        "next",
                        more ? shown.getLast().cursor() : "",
                        "now",
                        Instant.now()));
    }

    private Reply replayAlike(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return act(call, PATH, () -> {
            int done = mill.replay(alike(form), call.caller().name()).size();
            return Flash.done(counted(done) + " ready again, with fresh attempts.");
        });
    }

    private Reply discardAlike(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return act(call, PATH, () -> {
            int done = mill.discard(alike(form), call.caller().name()).size();
            return Flash.done(counted(done) + " put aside.");
        });
    }

    /** What was done shows at once. */
    private Reply act(Call call, String backTo, Supplier<Flash> action) {
        return pages.act(call, backTo, () -> {
            Flash said = action.get();
            groups.forget();
            return said;
        });
    }

    private List<Long> alike(Form form) {
        return mill.deadLettersAlike(form.text("kind"), form.required("code"), form.text("error"));
    }

    private static String counted(int jobs) {
        return Format.exact(jobs) + (jobs == 1 ? " job is" : " jobs are");
    }

    private Reply replay(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        long id = call.id();
        return act(
                call,
                Pages.back(form, PATH),
                () -> mill.replay(List.of(id), call.caller().name()).isEmpty()
                        ? Flash.refused("Job " + id + " is no dead letter any more; nothing was changed.")
                        : Flash.done("Job " + id + " is ready again, with fresh attempts."));
    }

    private Reply discard(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        long id = call.id();
        return act(
                call,
                Pages.back(form, PATH),
                () -> mill.discard(id, call.caller().name())
                        ? Flash.done("Job " + id + " is put aside.")
                        : Flash.refused("Job " + id + " is no dead letter any more; nothing was changed."));
    }
}
