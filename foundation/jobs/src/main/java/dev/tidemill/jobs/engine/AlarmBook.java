package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Alarms;
import java.util.List;

/** The alarms of kinds as people see them: checked. */
record AlarmBook(Alarms alarms) implements FailureAlarms {
    private static final int MOST = 1_000;

    @Override
    public List<OfKind> list(String after, int limit) {
        if (limit < 1 || limit > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, limit + " alarms were asked for; it must be 1 to " + MOST + ".");
        }
        Steering.checkText("The kind that the page before ended with", after, 0, 100);
        return Engine.translated(() -> alarms.list(after, limit));
    }

    @Override
    public void put(String kind, FailureAlarm alarm, String by) {
        String valid = Limit.ofKind(kind).name();
        Steering.checkText("The name of who changes it", by, 1, 100);
        Engine.run(() -> alarms.put(valid, alarm, by));
    }
}
