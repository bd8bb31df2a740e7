package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Retention;
import dev.tidemill.jobs.store.History;
import java.time.Duration;

/** Retention as the application sees it: checked. */
record HistoryKeeper(History history) implements Retention {
    @Override
    public View view() {
        return Engine.translated(history::view);
    }

    @Override
    public void keep(Duration age, String by) {
        Duration valid = Retention.validAge(age);
        Steering.checkText("The name of who changes it", by, 1, 100);
        Engine.run(() -> history.setAge(valid, by));
    }

    @Override
    public void keep(String kind, Keep keep, String by) {
        String valid = Limit.ofKind(kind).name();
        Steering.checkText("The name of who changes it", by, 1, 100);
        Engine.run(() -> history.setKind(valid, keep, by));
    }
}
