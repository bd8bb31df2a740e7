package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.page.Format;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is searched for, as it was typed; empty texts for what was left open.
 *
 * @param fields by the names that the page's address has
 */
public record JobQuery(Map<String, String> fields) {
    static final String[] NAMES = {"state", "kind", "queue", "key", "tag", "code", "error", "from", "to"};

    public JobQuery {
        fields = Map.copyOf(fields);
    }

    static JobQuery of(Function<String, String> given) {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String name : NAMES) {
            fields.put(name, given.apply(name).strip());
        }
        return new JobQuery(fields);
    }

    /** What was typed into a field. */
    public String text(String name) {
        return fields.getOrDefault(name, "");
    }

    /** Whether nothing was typed. */
    public boolean isEmpty() {
        return fields.values().stream().allMatch(String::isEmpty);
    }

    /** The query of an address that asks the same; empty if there is nothing to ask. */
    public String query() {
        StringBuilder query = new StringBuilder();
        for (String name : NAMES) {
            if (!text(name).isEmpty()) {
                query.append(query.isEmpty() ? "" : "&")
                        .append(name)
                        .append('=')
                        .append(Format.url(text(name)));
            }
        }
        return query.toString();
    }

    /** The same as the engine understands it. */
    JobFilter filter() {
        String tag = text("tag");
        int colon = tag.indexOf(':');
        if (!tag.isEmpty() && colon < 1) {
            throw Problem.of(ProblemCode.PARAMETER_INVALID, "The tag is '" + tag + "'; write it as name:value.");
        }
        return new JobFilter(
                state(),
                orNull("kind"),
                orNull("queue"),
                orNull("key"),
                tag.isEmpty() ? null : tag.substring(0, colon),
                tag.isEmpty() ? null : tag.substring(colon + 1),
                orNull("code"),
                time("from"),
                time("to"),
                orNull("error"));
    }

    private @Nullable JobState state() {
        String given = text("state").toUpperCase(Locale.ROOT);
        if (given.isEmpty()) {
            return null;
        }
        for (JobState state : JobState.values()) {
            if (state.name().equals(given)) {
                return state;
            }
        }
        throw Problem.of(ProblemCode.PARAMETER_INVALID, "There is no state '" + given + "'.");
    }

    private @Nullable String orNull(String name) {
        return text(name).isEmpty() ? null : text(name);
    }

    private @Nullable Instant time(String name) {
        return text(name).isEmpty() ? null : SingleJobPage.time(text(name));
    }
}
