package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** How a node finds leases that it does not know of, and returns them. */
final class ReconcileSteps {
    private final Scope scope;
    private final Layout rows;
    private final FenceSteps fence;

    ReconcileSteps(Scope scope, Layout rows, FenceSteps fence) {
        this.scope = scope;
        this.rows = rows;
        this.fence = fence;
    }

    /** About: the leases known when it began, as a set. */
    void begin(int node, int session, Steps steps) {
        World now = steps.from();
        int known = 0;
        boolean unknown = false;
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (isKnown(now.run(lease))) {
                known |= 1 << lease;
            } else {
                unknown |= rows.isLeaseOf(now.database.committed(rows.lease(lease)), node);
            }
        }
        int knows = known;
        if (unknown
                && !scope.lacks(Mutation.NO_RECONCILIATION)
                && now.database.committed(rows.fence(node)) != 0
                && now.database.committed(rows.closing(node)) == 0) {
            steps.can(
                    name(node) + " compares leases, knowing " + names(knows),
                    next -> next.go(session, At.RECONCILE_CLOSING, knows));
        }
    }

    void of(int node, int session, Steps steps) {
        World now = steps.from();
        switch (now.at(session)) {
            case RECONCILE_CLOSING ->
                fence.lookAtClosing(
                        node, session, steps, name(node) + "'s reconciliation", At.RECONCILE_FENCE, next -> {});
            case RECONCILE_FENCE ->
                fence.holdFence(
                        node, session, steps, name(node) + "'s reconciliation", false, At.RECONCILE_RETURN, next -> {});
            case RECONCILE_RETURN -> returnUnknown(node, session, steps);
            case RECONCILE_COMMIT -> {
                if (now.isAlive(node)) {
                    steps.can(name(node) + "'s reconciliation commits", next -> {
                        next.database.commit(session);
                        next.go(session, At.IDLE);
                    });
                }
            }
            default -> throw new IllegalStateException(now.at(session).toString());
        }
    }

    private boolean isKnown(Run run) {
        return switch (run) {
            case UNKNOWN, GONE -> false;
            case RUNNING, COMPLETING, UNCERTAIN -> true;
            case SUCCEEDED, FAILED, WRITTEN -> !scope.lacks(Mutation.LEASE_FORGOTTEN_EARLY);
        };
    }

    private void returnUnknown(int node, int session, Steps steps) {
        World now = steps.from();
        for (int lease = 0; lease < scope.leases(); lease++) {
            if ((now.about(session) & 1 << lease) == 0
                    && rows.isLeaseOf(now.database.see(session, rows.lease(lease)), node)
                    && !now.database.isFree(session, rows.lease(lease))) {
                // Waits for whoever ends it, with the snapshot it has.
                steps.can(name(node) + "'s reconciliation waits", next -> next.database.keepSnapshot(session));
                return;
            }
        }
        steps.can(name(node) + "'s reconciliation returns what no attempt covers", next -> {
            for (int lease = 0; lease < scope.leases(); lease++) {
                int value = next.database.seeNow(session, rows.lease(lease));
                if ((next.about(session) & 1 << lease) == 0
                        && rows.isLeaseOf(value, node)
                        && rows.isLeaseOf(next.database.see(session, rows.lease(lease)), node)) {
                    next.database.write(session, rows.lease(lease), 0);
                    if (next.database.see(session, rows.attempt(lease)) == 0) {
                        next.database.write(
                                session, rows.ready(rows.job(value), rows.putBack(lease)), rows.tries(value));
                    }
                }
            }
            next.database.freshSnapshot(session);
            next.go(session, At.RECONCILE_COMMIT, 0);
        });
    }

    private String names(int leases) {
        StringBuilder text = new StringBuilder();
        for (int lease = 0; lease < scope.leases(); lease++) {
            if ((leases & 1 << lease) != 0) {
                text.append(text.isEmpty() ? "" : ", ").append(lease);
            }
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
