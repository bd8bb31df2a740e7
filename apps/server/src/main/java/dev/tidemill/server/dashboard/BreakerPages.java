package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Circuit breakers: how they stand, opening and closing them by hand, and when they open. */
final class BreakerPages {
    private static final String PATH = "/breakers";

    private final Tidemill mill;
    private final Pages pages;

    BreakerPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH, this::put)
                .on("POST", PATH + "/open", this::open)
                .on("POST", PATH + "/close", this::close);
    }

    private Reply list(Call call) {
        call.takesOnly("change");
        Optional<String> change = call.query("change");
        List<BreakerView> breakers = mill.breakers().list();
        BreakerForm typed = breakers.stream()
                .map(BreakerView::breaker)
                .filter(breaker -> change.filter(breaker.name()::equals).isPresent())
                .findFirst()
                .map(BreakerForm::of)
                .orElseGet(BreakerForm::empty);
        return show(call, breakers, typed, "");
    }

    private Reply show(Call call, List<BreakerView> breakers, BreakerForm typed, String wrong) {
        return pages.show(
                call,
                Section.BREAKERS,
                "Breakers",
                "breakers.jte",
                Map.of("breakers", breakers, "typed", typed, "wrong", wrong, "now", Instant.now()));
    }

    private Reply put(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return Pages.orAgain(
                () -> {
                    Breaker breaker = BreakerForm.breaker(form);
                    mill.breakers().put(breaker, call.caller().name());
                    return pages.act(
                            call,
                            PATH,
                            () -> Flash.done("Breaker " + breaker.name() + " is set: it opens after "
                                    + BreakerForm.when(breaker) + "."));
                },
                wrong -> show(call, mill.breakers().list(), BreakerForm.of(form), wrong));
    }

    private Reply open(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String name = form.required("breaker");
            return mill.breakers().open(name, call.caller().name())
                    ? Flash.done("Breaker " + name + " is open until it is closed by hand; what depends on it waits.")
                    : Flash.refused("Breaker " + name + " was open by hand already.");
        });
    }

    private Reply close(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            String name = form.required("breaker");
            return mill.breakers().close(name, call.caller().name())
                    ? Flash.done("Breaker " + name + " is closed; what depends on it starts again.")
                    : Flash.refused("Breaker " + name + " was closed.");
        });
    }
}
