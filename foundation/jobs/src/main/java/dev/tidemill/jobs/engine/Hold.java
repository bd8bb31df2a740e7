package dev.tidemill.jobs.engine;

import java.util.Set;

/** Attempts in somebody's hands, here or elsewhere, that the node can take away. Thread safe. */
interface Hold {
    /** The epoch is lost: whatever the handler still does counts for nothing. */
    void abandon();

    /** Somebody cancelled these jobs; those of them that are here and not through are interrupted and not tried again. */
    void cancel(Set<Long> cancelled);

    /** The node stops: what is not through runs again elsewhere. */
    void release();
}
