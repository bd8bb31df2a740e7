package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What ails the database side, and mending what can be mended while everybody works. */
final class DoctorPage {
    private static final String PATH = "/doctor";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** However many look, the database is examined no more often than this. */
    private static final Duration MAX_AGE = Duration.ofSeconds(5);

    private final Tidemill mill;
    private final Pages pages;
    private final Latest<Diagnosis> diagnoses;

    DoctorPage(Tidemill mill, Function<Duration, Diagnosis> doctor, Pages pages) {
        this.mill = mill;
        this.pages = pages;
        this.diagnoses = new Latest<>(() -> doctor.apply(PATIENCE), MAX_AGE);
    }

    void mount(Router router) {
        router.on("GET", PATH, this::show).on("POST", PATH + "/repair", this::repair);
    }

    private Reply show(Call call) {
        call.takesOnly();
        return pages.show(call, Section.DOCTOR, "Doctor", "doctor.jte", Map.of("diagnosis", diagnoses.get()));
    }

    private Reply repair(Call call) {
        call.takesOnly();
        call.fields(Pages.FORM_BYTES);
        return pages.act(call, PATH, () -> {
            List<Diagnosis.Repair> done = mill.repair(PATIENCE, call.caller().name());
            diagnoses.forget();
            return Flash.done(
                    done.isEmpty()
                            ? "There was nothing to mend."
                            : done.stream().map(Diagnosis.Repair::done).collect(Collectors.joining(" ")));
        });
    }
}
