package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Kinds that fail too often, and when that is. */
final class AlarmPages {
    private static final String PATH = "/alarms";
    private static final int PAGE = 100;

    private final Tidemill mill;
    private final Supplier<Optional<Stats>> stats;
    private final Pages pages;

    AlarmPages(Tidemill mill, Supplier<Optional<Stats>> stats, Pages pages) {
        this.mill = mill;
        this.stats = stats;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list).on("POST", PATH, this::put);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "change");
        String after = call.query("after").orElse("");
        List<OfKind> found = mill.alarms().list(after, PAGE + 1);
        List<Stats.Alarm> raised = raised();
        AlarmForm typed = call.query("change")
                .map(kind -> AlarmForm.of(kind, present(kind, found, raised)))
                .orElseGet(AlarmForm::empty);
        return show(call, after, found, raised, typed, "");
    }

    private List<Stats.Alarm> raised() {
        return stats.get().map(Stats::alarms).orElse(List.of());
    }

    private static FailureAlarm present(String kind, List<OfKind> found, List<Stats.Alarm> raised) {
        return Stream.concat(found.stream(), raised.stream().map(alarm -> new OfKind(alarm.kind(), alarm.alarm())))
                .filter(each -> each.kind().equals(kind))
                .findFirst()
                .map(OfKind::alarm)
                .orElse(FailureAlarm.STANDARD);
    }

    private Reply show(
            Call call, String after, List<OfKind> found, List<Stats.Alarm> raised, AlarmForm typed, String wrong) {
        boolean more = found.size() > PAGE;
        List<OfKind> shown = more ? found.subList(0, PAGE) : found;
        return pages.show(
                call,
                Section.ALARMS,
                "Alarms",
                "alarms.jte",
                Map.of(
                        "raised",
                        raised,
                        "alarms",
                        shown,
                        "after",
                        after,
                        "next",
                        more ? PATH + "?after=" + Format.url(shown.getLast().kind()) : "",
                        "typed",
                        typed,
                        "wrong",
                        wrong));
    }

    private Reply put(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return Pages.orAgain(
                () -> {
                    String kind = form.required("kind");
                    FailureAlarm alarm = AlarmForm.alarm(form);
                    mill.alarms().put(kind, alarm, call.caller().name());
                    return pages.act(
                            call,
                            PATH,
                            () -> Flash.done("The alarm of kind " + kind + " is set: it is raised when "
                                    + AlarmForm.when(alarm) + " fail."));
                },
                wrong -> show(call, "", mill.alarms().list("", PAGE + 1), raised(), AlarmForm.of(form), wrong));
    }
}
