package dev.tidemill.jobs;

import java.util.List;

/**
 * What nodes hold, and a way to take it from a node that is stuck. Thread safe.
 *
 * <p>A node that is dead is found out within seconds, and nobody has to do anything. One that lives and hangs (its
 * handlers do not end, and heed no interrupt) keeps its jobs for as long as its heartbeat goes on: that takes a person.
 */
public interface Leases {
    /** Who holds jobs of which kinds, oldest claims first; the first 1,000 lines. */
    List<LeaseView> list();

    /**
     * Takes a node's epoch away, and with it all that it holds: the jobs are ready again at once, not counted as failed,
     * each with a RELEASED attempt. By the rescue that dead nodes get, so the fence holds: whatever the node still
     * writes of those jobs is refused, in the handlers' own transactions too. What its handlers do elsewhere goes on
     * until they end, so for that while a job may run twice. A node that lives notices at its next heartbeat, interrupts
     * its handlers and goes on under a new epoch; {@link Nodes#drain drain} it as well to keep it from claiming more.
     *
     * @param node a node's name, or its epoch; of several living nodes of a name all are meant
     * @param by who, for the audit trail; 1 to 100 characters
     * @param reason why, up to 500 characters; may be empty
     * @throws TidemillException {@link ErrorCode#NOT_FOUND} if no node of this name or epoch lives or holds anything
     */
    List<Revoked> revoke(String node, String by, String reason);

    /**
     * What became of an epoch that was taken away.
     *
     * @param node the node's name
     * @param epoch the epoch
     * @param jobs how many jobs are ready again
     * @param done false if another process is closing this epoch at the moment
     */
    record Revoked(String node, long epoch, long jobs, boolean done) {}
}
