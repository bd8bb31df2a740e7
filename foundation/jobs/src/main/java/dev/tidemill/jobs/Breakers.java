package dev.tidemill.jobs;

import java.util.List;

/** The circuit breakers of an instance. Changes hold for claims that begin after them, on every node. Thread safe. */
public interface Breakers {
    /** How many there may be. */
    int MOST = 1_000;

    /** The breakers by name, as they stand; at most {@link #MOST}. */
    List<BreakerView> list();

    /**
     * Makes a breaker, or changes the settings of one; whether it is open stays. Stored in the schema: a process that
     * starts with {@link TidemillBuilder#breaker} changes them where it says something new.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    void put(Breaker breaker, String by);

    /**
     * Opens a breaker until it is closed by hand: jobs that depend on it wait, and none probes.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     * @return false if it was open by hand already
     * @throws TidemillException if there is none by this name
     */
    boolean open(String name, String by);

    /**
     * Closes a breaker, whoever opened it.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     * @return false if it was closed
     * @throws TidemillException if there is none by this name
     */
    boolean close(String name, String by);
}
