package dev.tidemill.jobs;

import java.util.List;

/**
 * When kinds fail too often: to look at, and to change while everybody works. Stored in the schema, for all its
 * processes; a process that starts with {@link HandlerOptions#alarm} changes them where it says something new. Which
 * kinds do fail too often is in {@link Stats#alarms}. Thread safe.
 */
public interface FailureAlarms {
    /**
     * The kinds that have an alarm of their own, by name; the others have {@link FailureAlarm#STANDARD}.
     *
     * @param after the kind that the page before ended with; empty for the first page
     * @param limit how many, 1 to 1,000
     */
    List<OfKind> list(String after, int limit);

    /**
     * Sets the alarm of a kind.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    void put(String kind, FailureAlarm alarm, String by);

    /** The alarm of a kind. */
    record OfKind(String kind, FailureAlarm alarm) {}
}
