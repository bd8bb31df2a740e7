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
import java.time.Duration;
import java.util.function.Function;

/** What ails the database side, and why a job is not running. Looks only. */
public final class DoctorApi {
    private final Tidemill mill;
    private final Function<Duration, Diagnosis> doctor;

    /** Creates it, around whoever examines with a patience. */
    public DoctorApi(Tidemill mill, Function<Duration, Diagnosis> doctor) {
        this.mill = mill;
        this.doctor = doctor;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/doctor", this::diagnose).on("GET", "/api/v1/jobs/{id}/why", this::why);
    }

    private Reply diagnose(Call call) {
        call.takesOnly("patience_seconds");
        Duration patience = Duration.ofSeconds(call.query("patience_seconds", 30, 1, 86_400));
        return Reply.json(
                Json.write(json -> json.writePOJO(doctor.apply(patience).asMap())));
    }

    private Reply why(Call call) {
        call.takesOnly();
        long id = call.id();
        Why why = mill.why(id)
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no job " + id + "."));
        return Reply.json(Json.write(json -> json.writePOJO(why.asMap())));
    }
}
