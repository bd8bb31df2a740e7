package dev.tidemill.jobs;

import java.time.Instant;
import java.util.List;

/**
 * Jobs of a kind that a node has claimed and that have no outcome yet: they run, or are about to.
 *
 * @param node the node's name
 * @param epoch its epoch
 * @param host where it runs
 * @param pid its process id there
 * @param heartbeatAt when it was last heard of, by the database's clock
 * @param state whether the epoch lives
 * @param kind the kind
 * @param jobs how many
 * @param claimedAt when the oldest of them was claimed
 * @param ids those claimed first, at most 20
 */
public record LeaseView(
        String node,
        long epoch,
        String host,
        long pid,
        Instant heartbeatAt,
        State state,
        String kind,
        long jobs,
        Instant claimedAt,
        List<Long> ids) {
    public LeaseView {
        ids = List.copyOf(ids);
    }

    /** How an epoch stands. */
    public enum State {
        /** It may write. */
        LIVING,
        /** It is being closed: it writes nothing any more, and what it holds is about to be ready again. */
        CLOSING,
        /** It has ended and still holds something: the doctor's ORPHANED_LEASES. */
        ENDED
    }
}
