package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Who changed what. */
final class AuditPage {
    private static final int PAGE = 100;

    private final Tidemill mill;
    private final Pages pages;

    AuditPage(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", "/audit", this::list);
    }

    private Reply list(Call call) {
        call.takesOnly("before", "action", "target");
        long before = call.query("before", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        @Nullable String action = given(call, "action");
        @Nullable String target = given(call, "target");
        List<AuditLine> lines = mill.audit(before, PAGE + 1, action, target);
        boolean more = lines.size() > PAGE;
        List<AuditLine> shown = more ? lines.subList(0, PAGE) : lines;
        String same = (action == null ? "" : "&action=" + Format.url(action))
                + (target == null ? "" : "&target=" + Format.url(target));
        return pages.show(
                call,
                Section.AUDIT,
                "Audit",
                "audit.jte",
                Map.of(
                        "lines",
                        shown,
                        "action",
                        action == null ? "" : action,
                        "target",
                        target == null ? "" : target,
                        "next",
                        more ? "/audit?before=" + shown.getLast().id() + same : ""));
    }

    private static @Nullable String given(Call call, String name) {
        return call.query(name)
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .orElse(null);
    }
}
