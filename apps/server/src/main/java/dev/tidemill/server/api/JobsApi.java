package dev.tidemill.server.api;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.api.JobReader.Asked;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Jobs: enqueue one or many, look at one. */
public final class JobsApi {
    private static final String PATH = "/api/v1/jobs";
    private static final int MAX_PAGE = 1000;

    private final Tidemill mill;
    private final IdempotencyKeys keys;

    /** Creates it. */
    public JobsApi(Tidemill mill, IdempotencyKeys keys) {
        this.mill = mill;
        this.keys = keys;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on(Permission.ENQUEUE, "POST", PATH, this::enqueue)
                .on("GET", PATH + "/{id}", this::show)
                .on("GET", PATH + "/{id}/log", this::log);
    }

    private Reply enqueue(Call call) {
        call.takesOnly();
        Optional<String> key = IdempotencyKeys.of(call);
        byte[] body = call.json();
        Asked asked = JobReader.read(body, call.trace());
        if (key.isEmpty()) {
            return enqueued(asked, job -> mill.enqueueUnique(job, EnqueueOptions.NONE), jobs -> mill.enqueueAll(jobs));
        }
        return keys.once(
                call.caller().name(),
                key.get(),
                body,
                transaction -> enqueued(
                        asked,
                        job -> transaction.enqueueUnique(job, EnqueueOptions.NONE),
                        jobs -> transaction.enqueueAll(jobs, EnqueueOptions.NONE)));
    }

    /** In a transaction of its own, or in one that has more in it: by these. */
    private static Reply enqueued(
            Asked asked, Function<JobRequest, Enqueued> one, Function<List<JobRequest>, List<Long>> all) {
        if (asked.single()) {
            JobRequest job = asked.jobs().getFirst();
            Enqueued enqueued = enqueueOne(job, one);
            long id = enqueued.id();
            byte[] body = Json.write(json -> {
                json.writeStartObject().writeNumberProperty("id", id);
                if (job.options().unique() != null) {
                    json.writeBooleanProperty("created", enqueued.created())
                            .writeBooleanProperty("replaced", enqueued.how() == Enqueued.How.REPLACED);
                }
                json.writeEndObject();
            });
            return Reply.json(body).status(enqueued.created() ? 201 : 200).header("Location", PATH + "/" + id);
        }
        List<Long> ids = all.apply(asked.jobs());
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("ids");
                    ids.forEach(json::writeNumber);
                    json.writeEndArray().writeEndObject();
                }))
                .status(201);
    }

    private static Enqueued enqueueOne(JobRequest job, Function<JobRequest, Enqueued> enqueue) {
        try {
            return enqueue.apply(job);
        } catch (TidemillException refused) {
            Problem problem = Problem.of(refused);
            if (refused.code() == ErrorCode.PAYLOAD_TOO_LARGE || refused.code() == ErrorCode.PAYLOAD_INVALID) {
                throw problem.at("/payload");
            }
            // What is left to be refused so late is a time, which only the database's clock can judge.
            throw refused.code() == ErrorCode.INVALID_OPTION && job.options().at() != null
                    ? problem.at("/run_at")
                    : refused;
        }
    }

    private Reply show(Call call) {
        call.takesOnly();
        long id = call.id();
        JobView job = mill.job(id)
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.NOT_FOUND, "There is no job " + id + "; it never was, or is past retention."));
        return Reply.json(Json.write(json -> JobJson.job(json, job))).tagged();
    }

    private Reply log(Call call) {
        call.takesOnly("limit");
        List<LogLine> lines = mill.log(call.id(), (int) call.query("limit", MAX_PAGE, 1, MAX_PAGE));
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("lines");
            lines.forEach(line -> JobJson.line(json, line));
            json.writeEndArray().writeEndObject();
        }));
    }
}
