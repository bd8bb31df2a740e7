package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobPage;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Looks for jobs, by whatever is known of them. */
public final class SearchApi {
    private static final int MAX_PAGE = 1000;
    private static final int PAGE = 50;

    private final Tidemill mill;

    /** Creates it. */
    public SearchApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/jobs", this::find);
    }

    private Reply find(Call call) {
        call.takesOnly(
                "state",
                "kind",
                "queue",
                "key",
                "tag",
                "code",
                "error",
                "from",
                "before_time",
                "limit",
                "cursor",
                "before");
        int limit = (int) call.query("limit", PAGE, 1, MAX_PAGE);
        if (call.query("before").isPresent()) {
            return tagged(call, limit);
        }
        JobPage page = search(filter(call), call.query("cursor"), limit);
        // What pages by tag have always ended with: the id to go on below.
        boolean byTag = call.query("tag").isPresent();
        long nextBefore = page.next() == null || page.jobs().isEmpty()
                ? 0
                : page.jobs().getLast().id();
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("jobs");
                    page.jobs().forEach(job -> JobJson.job(json, job));
                    json.writeEndArray();
                    JobJson.text(json, "next", page.next());
                    json.writeNumberProperty("examined", page.examined());
                    Instant searchedTo = page.searchedTo();
                    JobJson.text(json, "searched_to", searchedTo == null ? null : searchedTo.toString());
                    if (byTag) {
                        JobJson.next(json, "next_before", nextBefore);
                    }
                    json.writeEndObject();
                }))
                .tagged();
    }

    private JobPage search(JobFilter filter, Optional<String> cursor, int limit) {
        try {
            return mill.search(filter, cursor.orElse(null), limit);
        } catch (TidemillException refused) {
            throw refused.code() == ErrorCode.INVALID_OPTION && cursor.isPresent()
                    ? Problem.of(refused).parameter("cursor")
                    : refused;
        }
    }

    private Reply tagged(Call call, int limit) {
        call.takesOnly("tag", "limit", "before");
        Tag tag =
                tag(call).orElseThrow(() -> Call.parameter("before", "before goes with a tag; others have a cursor."));
        long before = call.query("before", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        List<JobView> jobs = checked("tag", () -> mill.tagged(tag.name(), tag.value(), before, limit));
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("jobs");
                    jobs.forEach(job -> JobJson.job(json, job));
                    json.writeEndArray();
                    JobJson.next(
                            json,
                            "next_before",
                            jobs.size() < limit ? 0 : jobs.getLast().id());
                    json.writeEndObject();
                }))
                .tagged();
    }

    private static JobFilter filter(Call call) {
        JobFilter filter = JobFilter.ANY;
        filter = with(filter, call, "state", (asked, value) -> asked.state(state(value)));
        filter = with(filter, call, "kind", JobFilter::kind);
        filter = with(filter, call, "queue", JobFilter::queue);
        filter = with(filter, call, "key", JobFilter::key);
        filter = with(filter, call, "code", JobFilter::code);
        filter = with(filter, call, "error", JobFilter::error);
        filter = with(filter, call, "from", (asked, value) -> asked.enqueuedFrom(instant("from", value)));
        filter = with(
                filter, call, "before_time", (asked, value) -> asked.enqueuedBefore(instant("before_time", value)));
        Optional<Tag> tag = tag(call);
        if (tag.isPresent()) {
            JobFilter untagged = filter;
            return checked("tag", () -> untagged.tag(tag.get().name(), tag.get().value()));
        }
        return filter;
    }

    /** Adds a condition. */
    @FunctionalInterface
    private interface Condition {
        JobFilter on(JobFilter filter, String value);
    }

    private static JobFilter with(JobFilter filter, Call call, String parameter, Condition condition) {
        Optional<String> given = call.query(parameter);
        return given.isEmpty() ? filter : checked(parameter, () -> condition.on(filter, given.get()));
    }

    private static <T> T checked(String parameter, Supplier<T> value) {
        try {
            return value.get();
        } catch (TidemillException refused) {
            throw switch (refused.code()) {
                case INVALID_KIND, INVALID_QUEUE, INVALID_TAG, INVALID_OPTION ->
                    Problem.of(refused).parameter(parameter);
                default -> refused;
            };
        }
    }

    private record Tag(String name, String value) {}

    private static Optional<Tag> tag(Call call) {
        return call.query("tag").map(given -> {
            int colon = given.indexOf(':');
            if (colon < 1) {
                throw Call.parameter("tag", "tag is '" + given + "'; write it as name:value.");
            }
            return new Tag(given.substring(0, colon), given.substring(colon + 1));
        });
    }

    private static JobState state(String given) {
        for (JobState state : JobState.values()) {
            if (state.name().equals(given.toUpperCase(Locale.ROOT))) {
                return state;
            }
        }
        String names = Arrays.stream(JobState.values()).map(Enum::name).collect(Collectors.joining(", "));
        throw Call.parameter("state", "state is '" + given + "'; it must be one of " + names + ".");
    }

    private static Instant instant(String parameter, String given) {
        try {
            return Instant.parse(given);
        } catch (DateTimeException malformed) {
            throw Call.parameter(
                    parameter,
                    parameter + " is '" + given + "'; it must be an ISO-8601 instant such as 2030-01-31T09:00:00Z.");
        }
    }
}
