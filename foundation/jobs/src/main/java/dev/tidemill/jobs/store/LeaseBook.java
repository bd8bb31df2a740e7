package dev.tidemill.jobs.store;

import dev.tidemill.jobs.LeaseView;
import dev.tidemill.jobs.Leases.Revoked;
import java.util.List;

/** What epochs hold. Thread safe. */
public interface LeaseBook {
    /** Who holds jobs of which kinds, oldest claims first, bounded. */
    List<LeaseView> list();

    /**
     * Takes the epochs of a node away, as {@link dev.tidemill.jobs.Leases#revoke} says, with a line in the audit trail
     * for each.
     *
     * @return what became of them; none if nothing is known by that
     */
    Done revoke(String node, String by, String reason);

    /**
     * What was done.
     *
     * @param epochs which
     * @param hints what became ready by it, a hint a lane
     */
    record Done(List<Revoked> epochs, List<Hint> hints) {
        public Done {
            epochs = List.copyOf(epochs);
            hints = List.copyOf(hints);
        }
    }
}
