package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which breakers there are, and what people do to them. Thread safe. */
public interface BreakerBook {
    /**
     * What the code of a process that starts says: settings, and what kinds depend on, in place of what was said of them
     * before. Settings are written where they are others than the last process said, with a line in the audit trail;
     * otherwise what was set at run time since goes on. The state stays.
     *
     * @param breakers with settings of their own; those only named by a kind have the standard ones, unless they are there
     * @param dependsOn for each kind of this process the dependencies; none is what most have
     * @throws dev.tidemill.jobs.TidemillException if there would be more than {@link dev.tidemill.jobs.Breakers#MOST}
     */
    void define(Collection<Breaker> breakers, Map<String, Set<String>> dependsOn, String by);

    /**
     * Makes one, or changes its settings, with a line in the audit trail. The state stays.
     *
     * @throws dev.tidemill.jobs.TidemillException if there would be more than {@link dev.tidemill.jobs.Breakers#MOST}
     */
    void put(Breaker breaker, String by);

    /** As they stand. */
    List<BreakerView> list();

    /** Opens one until it is closed by hand; empty if there is none, else whether that was news. */
    Optional<Boolean> open(String name, String by);

    /** Closes one; empty if there is none, else whether that was news. */
    Optional<Boolean> close(String name, String by);
}
