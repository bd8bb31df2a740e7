package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Drained;
import java.util.List;

/** Which nodes may claim. A change holds for every claim that begins once it is committed. Thread safe. */
public interface Roster {
    /** Drains the living nodes of a name, or the one of an epoch. */
    Answer drain(String node, String by, String reason);

    /** Calls them back; false if nothing was drained. */
    boolean undrain(String node, String by);

    /** What is drained. */
    List<Drained> drained();

    /** What came of it. */
    enum Answer {
        /** They are drained. */
        DONE,
        /** They were drained before. */
        WAS_SO,
        /** No living node is known by that. */
        NOT_FOUND
    }
}
