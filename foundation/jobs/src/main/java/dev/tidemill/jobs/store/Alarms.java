package dev.tidemill.jobs.store;

import dev.tidemill.jobs.FailureAlarm;
import java.util.Map;

/** When kinds fail too often; {@link Desk#stats} tells which do. Thread safe. */
public interface Alarms {
    /** Sets the alarms of these kinds; others keep theirs, or {@link FailureAlarm#STANDARD}. */
    void set(Map<String, FailureAlarm> byKind);
}
