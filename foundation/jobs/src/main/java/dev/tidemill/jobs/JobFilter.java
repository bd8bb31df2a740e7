package dev.tidemill.jobs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs a search or an action over many is about: those for which all that is given holds. Immutable; start from {@link #ANY}
 * and chain.
 *
 * <pre>{@code
 * JobFilter.ANY.kind("SendMail").code("HANDLER_FAILED").enqueuedBefore(yesterday)
 * }</pre>
 *
 * @param state null for any, or for whatever the action can be done to; actions take {@link JobState#READY}, {@link
 *     JobState#SCHEDULED} and {@link JobState#DEAD}
 * @param kind null for any
 * @param queue null for any
 * @param key null for any
 * @param tagName null for any; else with {@code tagValue}
 * @param tagValue null for any
 * @param code of dead letters, why they are; null for any
 * @param enqueuedFrom enqueued then or later, by the database's clock; null for any time
 * @param enqueuedBefore enqueued earlier; null for any time
 * @param error a text in the error of the dead letter, or of a failed attempt, in whatever case; 1 to 200 characters;
 *     null for any. For searches only
 */
public record JobFilter(
        @Nullable JobState state,
        @Nullable String kind,
        @Nullable String queue,
        @Nullable String key,
        @Nullable String tagName,
        @Nullable String tagValue,
        @Nullable String code,
        @Nullable Instant enqueuedFrom,
        @Nullable Instant enqueuedBefore,
        @Nullable String error) {
    private static final int MAX_CODE = 100;
    private static final int MAX_ERROR = 200;
    private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59Z");

    /** Every job that waits, or every dead letter. */
    public static final JobFilter ANY = new JobFilter(null, null, null, null, null, null, null, null, null, null);

    public JobFilter {
        if (kind != null) {
            Names.kind(kind);
        }
        if (queue != null) {
            Names.queue(queue);
        }
        if (key != null) {
            Names.key(key);
        }
        if ((tagName == null) != (tagValue == null)) {
            throw refused("A tag has a name and a value; give both.");
        }
        if (tagName != null && tagValue != null) {
            Names.tag(tagName, tagValue);
        }
        if (code != null && (code.isEmpty() || code.length() > MAX_CODE || code.indexOf('\0') >= 0)) {
            throw refused("The code has " + code.length() + " characters; it needs 1 to " + MAX_CODE
                    + ", such as HANDLER_FAILED.");
        }
        if (code != null && state != null && state != JobState.DEAD && state != JobState.DISCARDED) {
            throw refused("Only dead letters have a code; leave the state out, or ask for DEAD or DISCARDED.");
        }
        if (outOfTime(enqueuedFrom) || outOfTime(enqueuedBefore)) {
            throw refused("The times are " + enqueuedFrom + " and " + enqueuedBefore
                    + "; they must be from the year 1970 to 9999.");
        }
        if (error != null && (error.isEmpty() || error.length() > MAX_ERROR || error.indexOf('\0') >= 0)) {
            throw refused("The text of the error has " + error.length() + " characters; it needs 1 to " + MAX_ERROR
                    + ", none of them NUL.");
        }
    }

    /** Those in this state. */
    public JobFilter state(JobState value) {
        return new JobFilter(value, kind, queue, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore, error);
    }

    /** Those of this kind. */
    public JobFilter kind(String value) {
        return new JobFilter(state, value, queue, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore, error);
    }

    /** Those on this queue. */
    public JobFilter queue(String value) {
        return new JobFilter(state, kind, value, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore, error);
    }

    /** Those with this key. */
    public JobFilter key(String value) {
        return new JobFilter(state, kind, queue, value, tagName, tagValue, code, enqueuedFrom, enqueuedBefore, error);
    }

    /** Those with this tag. */
    public JobFilter tag(String name, String value) {
        return new JobFilter(state, kind, queue, key, name, value, code, enqueuedFrom, enqueuedBefore, error);
    }

    /** Dead letters of this code. */
    public JobFilter code(String value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, value, enqueuedFrom, enqueuedBefore, error);
    }

    /** Those enqueued then or later. */
    public JobFilter enqueuedFrom(Instant value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, code, value, enqueuedBefore, error);
    }

    /** Those enqueued earlier than that. */
    public JobFilter enqueuedBefore(Instant value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, code, enqueuedFrom, value, error);
    }

    /** Those whose dead letter, or one of whose attempts, has this text in its error. */
    public JobFilter error(String value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore, value);
    }

    /** As the audit trail shows it: {@code DEAD kind=SendMail code=TIMED_OUT}; empty for all. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        add(parts, "", state);
        add(parts, "kind=", kind);
        add(parts, "queue=", queue);
        add(parts, "key=", key);
        if (tagName != null) {
            parts.add("tag=" + tagName + ":" + tagValue);
        }
        add(parts, "code=", code);
        add(parts, "enqueued_from=", enqueuedFrom);
        add(parts, "enqueued_before=", enqueuedBefore);
        add(parts, "error=", error);
        return String.join(" ", parts);
    }

    private static void add(List<String> parts, String name, @Nullable Object value) {
        if (value != null) {
            parts.add(name + value);
        }
    }

    private static boolean outOfTime(@Nullable Instant time) {
        return time != null && (time.isBefore(Instant.EPOCH) || time.isAfter(LATEST));
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
