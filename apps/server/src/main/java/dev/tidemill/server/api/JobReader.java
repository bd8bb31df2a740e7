package dev.tidemill.server.api;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the body of an enqueue: one job, an array of jobs, or an object with the array as {@code jobs}. */
public final class JobReader {
    static final int MAX_JOBS = 10_000;

    private final JsonParser parser;
    private final @Nullable String trace;
    private final List<JobRequest> jobs = new ArrayList<>();

    private JobReader(JsonParser parser, @Nullable String trace) {
        this.parser = parser;
        this.trace = trace;
    }

    /**
     * What a body asks for.
     *
     * @param jobs at least one
     * @param single whether the body was one job itself
     */
    public record Asked(List<JobRequest> jobs, boolean single) {
        public Asked {
            jobs = List.copyOf(jobs);
        }
    }

    /** Reads a body. */
    public static Asked read(byte[] body, Optional<String> trace) {
        try (JsonParser parser = Json.parser(body)) {
            return new JobReader(parser, trace.orElse(null)).document();
        } catch (JacksonException malformed) {
            throw malformed(malformed);
        }
    }

    static Problem malformed(JacksonException malformed) {
        return Json.tooLong(malformed).orElseGet(() -> {
            var place = malformed.getLocation();
            return Problem.of(
                    ProblemCode.BODY_INVALID,
                    "The body is not JSON"
                            + (place == null
                                    ? ""
                                    : " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")")
                            + ": " + malformed.getOriginalMessage().replaceFirst(" \\(start marker at .*", ""));
        });
    }

    private Asked document() {
        JsonToken first = parser.nextToken();
        boolean single = false;
        boolean array = first == JsonToken.START_ARRAY;
        if (array) {
            array("");
        } else if (first == JsonToken.START_OBJECT) {
            single = object();
        } else {
            throw Problem.of(
                    ProblemCode.BODY_INVALID,
                    "The body is " + (first == null ? "empty" : "neither an object nor an array")
                            + "; send one job, an array of jobs, or {\"jobs\": [..]}.");
        }
        if (parser.nextToken() != null) {
            throw Problem.of(ProblemCode.BODY_INVALID, "The body goes on after its JSON value; send one value.");
        }
        if (jobs.isEmpty()) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "No job was given; send at least one.")
                    .at(array ? "" : "/jobs");
        }
        return new Asked(jobs, single);
    }

    /** A job, or the envelope of many; true for a job. */
    private boolean object() {
        JobDraft draft = new JobDraft("", trace);
        boolean envelope = false;
        boolean job = false;
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            if (name.equals("jobs")) {
                if (parser.nextToken() != JsonToken.START_ARRAY) {
                    throw Problem.of(ProblemCode.FIELD_INVALID, "jobs must be an array of jobs.")
                            .at("/jobs");
                }
                envelope = true;
                array("/jobs");
            } else {
                job = true;
                draft.field(name, parser);
            }
            if (envelope && job) {
                throw Problem.of(ProblemCode.FIELD_UNKNOWN, "Beside 'jobs' no other field is taken; send either.")
                        .at("/jobs");
            }
        }
        if (!envelope) {
            jobs.add(draft.request());
        }
        return !envelope;
    }

    private void array(String pointer) {
        for (JsonToken token = parser.nextToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            if (jobs.size() == MAX_JOBS) {
                throw Problem.of(
                                ProblemCode.TOO_MANY_ITEMS,
                                "More than " + MAX_JOBS + " jobs were sent; send them in several requests.")
                        .at(pointer);
            }
            String at = pointer + "/" + jobs.size();
            if (token != JsonToken.START_OBJECT) {
                throw Problem.of(ProblemCode.FIELD_INVALID, "A job must be an object.")
                        .at(at);
            }
            JobDraft draft = new JobDraft(at, trace);
            for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                draft.field(name, parser);
            }
            jobs.add(draft.request());
        }
    }
}
