package dev.tidemill.jobs.store;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import java.util.List;
import java.util.Map;

/** When kinds fail too often; {@link Desk#stats} tells which do. Thread safe. */
public interface Alarms {
    /**
     * What the code of a process that starts says of these kinds. Written where it is something else than the last
     * process said, with a line in the audit trail; otherwise what was set at run time since goes on. Other kinds keep
     * theirs, or {@link FailureAlarm#STANDARD}.
     */
    void define(Map<String, FailureAlarm> byKind, String by);

    /** Sets the alarm of a kind, with a line in the audit trail. */
    void put(String kind, FailureAlarm alarm, String by);

    /** The alarms that were set, by kind. */
    List<OfKind> list(String after, int limit);
}
