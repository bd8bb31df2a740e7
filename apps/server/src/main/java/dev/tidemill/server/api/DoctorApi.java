package dev.tidemill.server.api;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Why;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Latest;
import java.time.Duration;
import java.util.function.Function;

/** What ails the database side, and why a job is not running. Looks only. */
public final class DoctorApi {
    private final Tidemill mill;
    private static final int USUAL_PATIENCE_SECONDS = 30;
    /** An examination asks some twenty questions; those who ask at the same time share one. */
    private static final Duration MAX_AGE = Duration.ofSeconds(1);

    private final Function<Duration, Diagnosis> doctor;
    private final Latest<Diagnosis> usual;

    /** Creates it, around whoever examines with a patience. */
    public DoctorApi(Tidemill mill, Function<Duration, Diagnosis> doctor) {
        this.mill = mill;
        this.doctor = doctor;
        this.usual = new Latest<>(() -> doctor.apply(Duration.ofSeconds(USUAL_PATIENCE_SECONDS)), MAX_AGE);
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/doctor", this::diagnose).on("GET", "/api/v1/jobs/{id}/why", this::why);
    }

    private Reply diagnose(Call call) {
        call.takesOnly("patience_seconds");
        long seconds = call.query("patience_seconds", USUAL_PATIENCE_SECONDS, 1, 86_400);
        Diagnosis diagnosis =
                seconds == USUAL_PATIENCE_SECONDS ? usual.get() : doctor.apply(Duration.ofSeconds(seconds));
        return Reply.json(Json.write(json -> json.writePOJO(diagnosis.asMap())));
    }

    private Reply why(Call call) {
        call.takesOnly();
        long id = call.id();
        Why why = mill.why(id)
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no job " + id + "."));
        return Reply.json(Json.write(json -> json.writePOJO(why.asMap())));
    }
}
