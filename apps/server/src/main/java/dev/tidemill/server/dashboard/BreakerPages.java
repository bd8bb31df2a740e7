package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Instant;
import java.util.Map;

/** Circuit breakers: how they stand, and opening and closing them by hand. */
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
                .on("POST", PATH + "/open", this::open)
                .on("POST", PATH + "/close", this::close);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.BREAKERS,
                "Breakers",
                "breakers.jte",
                Map.of("breakers", mill.breakers().list(), "now", Instant.now()));
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
