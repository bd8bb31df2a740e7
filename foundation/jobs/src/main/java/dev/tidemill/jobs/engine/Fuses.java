package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Breakers;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.BreakerBook;
import java.util.List;
import java.util.Optional;

/** The breakers as people see them: checked. */
record Fuses(BreakerBook book) implements Breakers {
    private static final int LONGEST_BY = 100;

    @Override
    public List<BreakerView> list() {
        return Engine.translated(book::list);
    }

    @Override
    public void put(Breaker breaker, String by) {
        Steering.checkText("The name of who changes it", by, 1, LONGEST_BY);
        Engine.run(() -> book.put(breaker, by));
    }

    @Override
    public boolean open(String name, String by) {
        Steering.checkText("The name of who opens", by, 1, LONGEST_BY);
        return known(name, Engine.translated(() -> book.open(name, by)));
    }

    @Override
    public boolean close(String name, String by) {
        Steering.checkText("The name of who closes", by, 1, LONGEST_BY);
        return known(name, Engine.translated(() -> book.close(name, by)));
    }

    private static boolean known(String name, Optional<Boolean> done) {
        return done.orElseThrow(() -> new TidemillException(
                ErrorCode.NOT_FOUND,
                "There is no breaker named '" + shortened(name)
                        + "'; those that kinds depend on, or that were given to the builder, are listed."));
    }

    private static String shortened(String name) {
        return name.length() <= 100 ? name : name.substring(0, 100) + "…";
    }
}
