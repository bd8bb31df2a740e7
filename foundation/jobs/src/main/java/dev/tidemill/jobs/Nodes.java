package dev.tidemill.jobs;

import java.util.List;

/**
 * Drains nodes, and calls them back. A drained node claims nothing from the moment this returns, gives back at once what
 * it has claimed and not started, and finishes what runs. It goes on with what is not work on jobs: it moves due jobs,
 * rescues, and fires schedules. By name, so a drain outlives an epoch, and the process: give nodes names of their own
 * ({@link TidemillBuilder#nodeName}), since the standard one holds the process's id. Thread safe.
 */
public interface Nodes {
    /**
     * Drains the living nodes of a name; false if they are drained already.
     *
     * @param node a node's name, or its epoch
     * @param by who, for the audit trail; 1 to 100 characters
     * @param reason why, up to 500 characters; may be empty
     * @throws TidemillException {@link ErrorCode#NOT_FOUND} if no living node has this name or epoch
     */
    boolean drain(String node, String by, String reason);

    /** Calls drained nodes back; false if there is nothing drained by this name. */
    boolean undrain(String node, String by);

    /** What is drained, by name; the first 1,000. */
    List<Drained> drained();
}
