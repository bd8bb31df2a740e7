package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** Finding jobs. */
final class JobListPages {
    private static final String PATH = "/jobs";
    private static final int PAGE = 50;

    private final Tidemill mill;
    private final Pages pages;

    JobListPages(Tidemill mill, Pages pages) {
        this.mill = mill;
        this.pages = pages;
    }

    void mount(Router router) {
        router.on("GET", PATH, this::list);
    }

    private Reply list(Call call) {
        String id = call.query("id").map(String::strip).orElse("");
        if (!id.isEmpty()) {
            return Reply.seeOther(PATH + "/" + Format.url(id));
        }
        String tag = call.query("tag").map(String::strip).orElse("");
        int colon = tag.indexOf(':');
        List<JobView> jobs = colon < 1
                ? List.of()
                : mill.tagged(tag.substring(0, colon), tag.substring(colon + 1), Long.MAX_VALUE, PAGE);
        return pages.show(
                call, Section.JOBS, "Jobs", "jobs.jte", Map.of("jobs", jobs, "tag", tag, "now", Instant.now()));
    }
}
