package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.api.RulesApi;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Instant;
import java.util.Map;

/** Rules on data changes: how they are. */
final class RulePages {
    private static final String PATH = "/rules";

    private final Rules rules;
    private final Pages pages;

    RulePages(Tidemill mill, Pages pages) {
        this.rules = Rules.on(mill);
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list);
    }

    private Reply list(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.RULES,
                "Rules",
                "rules.jte",
                Map.of("rules", RulesApi.status(rules), "now", Instant.now()));
    }
}
