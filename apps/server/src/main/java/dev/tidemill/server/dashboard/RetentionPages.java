package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Keep;
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
import java.util.Map;

/** How long history stays, and in which partitions it lies. */
final class RetentionPages {
    private static final String PATH = "/retention";
    private static final int LONGEST_HOURS = 3653 * 24;

    private final Tidemill mill;
    private final Pages pages;

    RetentionPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::show)
                .on(Permission.ADMIN, "POST", PATH, this::keep)
                .on(Permission.ADMIN, "POST", PATH + "/kind", this::keepKind);
    }

    private Reply show(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.RETENTION,
                "Retention",
                "retention.jte",
                Map.of("view", mill.retention().view()));
    }

    private Reply keep(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            Duration age = hours(form, "hours");
            mill.retention().keep(age, call.caller().name());
            return Flash.done("All history stays for " + Format.duration(age) + ", at least.");
        });
    }

    private Reply keepKind(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String kind = form.required("kind");
            Keep keep = new Keep(
                    form.whole("completed").orElse(0), form.whole("failed").orElse(0), hours(form, "hours"));
            mill.retention().keep(kind, keep, call.caller().name());
            return Flash.done("What is kept of " + kind + " is changed.");
        });
    }

    private static Duration hours(Form form, String name) {
        int hours = form.whole(name).orElse(0);
        if (hours < 0 || hours > LONGEST_HOURS) {
            throw Problem.of(
                    ProblemCode.FIELD_INVALID,
                    hours + " hours were given; it must be between 0 and " + LONGEST_HOURS + ".");
        }
        return Duration.ofHours(hours);
    }
}
