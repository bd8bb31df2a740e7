package dev.tidemill.jobs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which jobs an action over many is about: those for which all that is given holds. Immutable; start from {@link #ANY}
 * and chain.
 *
 * <pre>{@code
 * JobFilter.ANY.kind("SendMail").code("HANDLER_FAILED").enqueuedBefore(yesterday)
 * }</pre>
 *
 * @param state {@link JobState#READY}, {@link JobState#SCHEDULED} or {@link JobState#DEAD}; null for whatever the action
 *     can be done to
 * @param kind null for any
 * @param queue null for any
 * @param key null for any
 * @param tagName null for any; else with {@code tagValue}
 * @param tagValue null for any
 * @param code of dead letters, why they are; null for any
 * @param enqueuedFrom enqueued then or later, by the database's clock; null for any time
 * @param enqueuedBefore enqueued earlier; null for any time
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
        @Nullable Instant enqueuedBefore) {
    private static final int MAX_CODE = 100;

    /** Every job that waits, or every dead letter. */
    public static final JobFilter ANY = new JobFilter(null, null, null, null, null, null, null, null, null);

    public JobFilter {
        if (state != null && state != JobState.READY && state != JobState.SCHEDULED && state != JobState.DEAD) {
            throw refused("The state is " + state + "; it must be READY, SCHEDULED or DEAD.");
        }
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
        if (code != null && state != null && state != JobState.DEAD) {
            throw refused("Only dead letters have a code; leave the state out, or ask for DEAD.");
        }
    }

    /** Those in this state: READY, SCHEDULED or DEAD. */
    public JobFilter state(JobState value) {
        return new JobFilter(value, kind, queue, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore);
    }

    /** Those of this kind. */
    public JobFilter kind(String value) {
        return new JobFilter(state, value, queue, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore);
    }

    /** Those on this queue. */
    public JobFilter queue(String value) {
        return new JobFilter(state, kind, value, key, tagName, tagValue, code, enqueuedFrom, enqueuedBefore);
    }

    /** Those with this key. */
    public JobFilter key(String value) {
        return new JobFilter(state, kind, queue, value, tagName, tagValue, code, enqueuedFrom, enqueuedBefore);
    }

    /** Those with this tag. */
    public JobFilter tag(String name, String value) {
        return new JobFilter(state, kind, queue, key, name, value, code, enqueuedFrom, enqueuedBefore);
    }

    /** Dead letters of this code. */
    public JobFilter code(String value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, value, enqueuedFrom, enqueuedBefore);
    }

    /** Those enqueued then or later. */
    public JobFilter enqueuedFrom(Instant value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, code, value, enqueuedBefore);
    }

    /** Those enqueued earlier than that. */
    public JobFilter enqueuedBefore(Instant value) {
        return new JobFilter(state, kind, queue, key, tagName, tagValue, code, enqueuedFrom, value);
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
        return String.join(" ", parts);
    }

    private static void add(List<String> parts, String name, @Nullable Object value) {
        if (value != null) {
            parts.add(name + value);
        }
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
