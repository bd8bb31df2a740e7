package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Schedules;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The schedules on one time line, and one with its history; to run, pause, change and remove. */
final class SchedulePages {
    private static final String PATH = "/schedules";
    private static final String ONE = PATH + "/{name}";
    private static final int PAGE = 100;
    private static final int NEXT = 10;
    private static final int HISTORY = 100;
    private static final int FORM_BYTES = 4 << 20;
    private static final Map<String, Duration> STRETCHES =
            Map.of("hour", Duration.ofHours(1), "day", Duration.ofDays(1), "week", Duration.ofDays(7));

    private final Tidemill mill;
    private final Pages pages;

    SchedulePages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("GET", "/new-schedule", this::blank)
                .on("POST", "/new-schedule", this::add)
                .on("GET", ONE, this::show)
                .on("GET", ONE + "/edit", this::edit)
                .on("POST", ONE + "/edit", this::change)
                .on("POST", ONE + "/trigger", this::trigger)
                .on(
                        "POST",
                        ONE + "/pause",
                        call -> act(call, (all, name) -> {
                            all.pause(name);
                            return Flash.done("Schedule " + name + " is paused.");
                        }))
                .on(
                        "POST",
                        ONE + "/resume",
                        call -> act(call, (all, name) -> {
                            all.resume(name);
                            return Flash.done("Schedule " + name + " goes on.");
                        }))
                .on("POST", ONE + "/remove", this::remove);
    }

    private interface Deed {
        Flash on(Schedules schedules, String name);
    }

    private Reply act(Call call, Deed deed) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        String name = call.path("name");
        return pages.act(
                call,
                Pages.back(form, to(name)),
                () -> deed.on(mill.schedules().by(call.caller().name()), name));
    }

    private static String to(String name) {
        return PATH + "/" + Format.url(name);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "stretch");
        String after = call.query("after").orElse("");
        String stretch = call.query("stretch").filter(STRETCHES::containsKey).orElse("day");
        Duration time = STRETCHES.getOrDefault(stretch, Duration.ofDays(1));
        List<ScheduleView> found = mill.schedules().list(after, PAGE + 1);
        boolean more = found.size() > PAGE;
        List<ScheduleView> shown = more ? found.subList(0, PAGE) : found;
        Instant now = Instant.now();
        Map<String, Object> model = new HashMap<>();
        model.put(
                "lines",
                shown.stream().map(view -> FireClock.line(view, now, time)).toList());
        model.put("axis", FireClock.axis(now, time));
        model.put("stretch", stretch);
        model.put("now", now);
        model.put(
                "next",
                more
                        ? PATH + "?stretch=" + stretch + "&after="
                                + Format.url(shown.getLast().name())
                        : "");
        return pages.show(call, Section.SCHEDULES, "Schedules", "schedules.jte", model);
    }

    private Reply show(Call call) {
        call.takesOnly();
        String name = call.path("name");
        ScheduleView view = mill.schedules().get(name);
        return pages.show(
                call,
                Section.SCHEDULES,
                name,
                "schedule.jte",
                Map.of(
                        "schedule",
                        view,
                        "payload",
                        Json.pretty(view.payload()),
                        "next",
                        mill.schedules().next(name, NEXT),
                        "history",
                        mill.schedules().history(name, HISTORY),
                        "now",
                        Instant.now()));
    }

    private Reply trigger(Call call) {
        return act(call, (all, name) -> {
            long id = all.trigger(name);
            return Flash.done("Job " + id + " of schedule " + name + " is enqueued.");
        });
    }

    private Reply remove(Call call) {
        call.takesOnly();
        call.fields(Pages.FORM_BYTES);
        String name = call.path("name");
        return pages.act(
                call,
                PATH,
                () -> mill.schedules().by(call.caller().name()).remove(name)
                        ? Flash.done("Schedule " + name + " is removed; its jobs stay.")
                        : Flash.refused("There is no schedule " + name + "."));
    }

    private Reply blank(Call call) {
        call.takesOnly();
        return form(call, ScheduleForm.empty(), true, "");
    }

    private Reply edit(Call call) {
        call.takesOnly();
        ScheduleView view = mill.schedules().get(call.path("name"));
        return form(call, ScheduleForm.of(view, Json.pretty(view.payload())), false, "");
    }

    private Reply add(Call call) {
        call.takesOnly();
        Form fields = call.fields(FORM_BYTES);
        return save(call, ScheduleForm.of(fields, fields.text("name"), Map.of()), true);
    }

    private Reply change(Call call) {
        call.takesOnly();
        ScheduleView view = mill.schedules().get(call.path("name"));
        return save(call, ScheduleForm.of(call.fields(FORM_BYTES), view.name(), view.tags()), false);
    }

    /** Saves it, or shows what was typed once more, with what is wrong about it. */
    private Reply save(Call call, ScheduleForm typed, boolean fresh) {
        return Pages.orAgain(
                () -> {
                    typed.put(mill.schedules().by(call.caller().name()), fresh);
                    return pages.act(
                            call, to(typed.name()), () -> Flash.done("Schedule " + typed.name() + " is saved."));
                },
                wrong -> form(call, typed, fresh, wrong));
    }

    private Reply form(Call call, ScheduleForm typed, boolean fresh, String wrong) {
        return pages.show(
                call,
                Section.SCHEDULES,
                fresh ? "New schedule" : "Change " + typed.name(),
                "scheduleForm.jte",
                Map.of("typed", typed, "fresh", fresh, "wrong", wrong));
    }
}
