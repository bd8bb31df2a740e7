package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Retention;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Lets go of what is old enough. Any node may, at any time; they do not get in each other's way. */
public interface History {
    /**
     * What the code of a process that starts says of how long history stays. Written where it is something else than
     * the last process said, with a line in the audit trail; otherwise what was set at run time since goes on.
     *
     * @param age from when on it may leave; null leaves that as it is
     * @param kinds what single kinds ask for beyond that
     */
    void define(@Nullable Duration age, Map<String, Keep> kinds, String by);

    /** What is kept, and in which parts it lies. */
    Retention.View view();

    /** Says how long history stays, with a line in the audit trail. */
    void setAge(Duration age, String by);

    /** Says what a kind asks for beyond that, with a line in the audit trail. */
    void setKind(String kind, Keep keep, String by);

    /**
     * Takes one bounded step. A process that dies in it, or between two of them, harms nothing.
     *
     * @return whether there is more to do right away
     */
    boolean advance();
}
