package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** What a node's claiming session can do next: claim, or compare leases. */
final class ClaimSteps {
    /** The advisory lock of the limit; those of the rescues follow. */
    static final int LIMIT_LOCK = 0;

    private final Scope scope;
    private final Layout rows;
    private final FenceSteps fence;
    private final ReconcileSteps reconciling;

    ClaimSteps(Scope scope, Layout rows, FenceSteps fence, ReconcileSteps reconciling) {
        this.scope = scope;
        this.rows = rows;
        this.fence = fence;
        this.reconciling = reconciling;
    }

    void of(int node, int session, Steps steps) {
        World now = steps.from();
        String who = name(node) + "'s claim";
        switch (now.at(session)) {
            case IDLE -> {
                if (now.isAlive(node)) {
                    beginClaim(node, session, steps);
                    reconciling.begin(node, session, steps);
                }
            }
            case CLAIM_CLOSING -> fence.lookAtClosing(node, session, steps, who, At.CLAIM_FENCE, next -> {});
            case CLAIM_FENCE ->
                fence.holdFence(
                        node,
                        session,
                        steps,
                        who,
                        scope.lacks(Mutation.CLAIM_WITHOUT_FENCE),
                        scope.limit() > 0 && !scope.lacks(Mutation.LIMIT_WITHOUT_LOCK) ? At.CLAIM_LOCK : At.CLAIM_TAKE,
                        next -> {});
            case CLAIM_LOCK -> lockLimit(session, steps, who);
            case CLAIM_TAKE -> take(node, session, steps, who);
            case CLAIM_CANCELS -> dropCancelled(session, steps, who);
            case CLAIM_COMMIT -> commitClaim(node, session, steps, who);
            case RECONCILE_CLOSING, RECONCILE_FENCE, RECONCILE_RETURN, RECONCILE_COMMIT ->
                reconciling.of(node, session, steps);
            default -> throw new IllegalStateException(now.at(session).toString());
        }
    }

    private void beginClaim(int node, int session, Steps steps) {
        World now = steps.from();
        boolean some = false;
        for (int job = 0; job < scope.jobs(); job++) {
            for (int source = 0; source < rows.sources(); source++) {
                some |= now.database.committed(rows.ready(job, source)) != 0;
            }
        }
        if (some && now.usedLeases() < scope.leases() && now.database.committed(rows.fence(node)) != 0) {
            steps.can(name(node) + " claims", next -> {
                next.warn(session / 3, cancelled(next));
                next.go(session, At.CLAIM_CLOSING);
            });
        }
    }

    private int cancelled(World state) {
        int cancelled = 0;
        for (int job = 0; job < scope.jobs(); job++) {
            boolean asked = state.database.committed(rows.request(job)) != 0
                    || state.database.committed(rows.cancelled(job)) != 0;
            cancelled |= asked ? 1 << job : 0;
        }
        return cancelled;
    }

    /** In one statement with what follows, the snapshot is taken before the lock is waited for. */
    private void lockLimit(int session, Steps steps, String who) {
        World now = steps.from();
        boolean inOne = scope.lacks(Mutation.LIMIT_COUNTED_IN_THE_LOCKS_STATEMENT);
        if (inOne && now.about(session) == 0) {
            steps.can(who + " begins the statement that locks and counts", next -> {
                next.database.keepSnapshot(session);
                next.go(session, At.CLAIM_LOCK, 1);
            });
            return;
        }
        if (now.copy().database.lock(session, LIMIT_LOCK)) {
            steps.can(who + " has the limit's lock", next -> {
                next.database.lock(session, LIMIT_LOCK);
                next.go(session, At.CLAIM_TAKE, 0);
            });
        }
    }

    private void take(int node, int session, Steps steps, String who) {
        World now = steps.from();
        boolean full = scope.limit() > 0 && live(now, session) >= scope.limit();
        boolean some = false;
        for (int at = 0; at < scope.jobs() * rows.sources() && !full && now.usedLeases() < scope.leases(); at++) {
            int job = at / rows.sources();
            int ready = rows.ready(job, at % rows.sources());
            int tries = now.database.see(session, ready);
            // FOR UPDATE SKIP LOCKED: what another has taken is passed over, also where the snapshot still shows it.
            if (tries == 0 || !now.database.isFree(session, ready) || now.database.seeNow(session, ready) == 0) {
                continue;
            }
            some = true;
            steps.can(who + " takes job " + job + " and writes a lease", next -> {
                int lease = next.nextLease();
                int value = rows.leaseOf(node, job, tries);
                next.database.write(session, ready, 0);
                next.database.write(session, rows.lease(lease), value);
                next.leased(lease, value);
                // What follows is a statement of its own.
                next.database.freshSnapshot(session);
                next.go(
                        session,
                        scope.cancels() && !scope.lacks(Mutation.CLAIM_WITHOUT_LOOK_AT_CANCELS)
                                ? At.CLAIM_CANCELS
                                : At.CLAIM_COMMIT,
                        lease);
            });
        }
        if (!some) {
            steps.can(who + " finds nothing" + (full ? " that the limit leaves room for" : ""), next -> {
                next.database.abort(session);
                next.warn(session / 3, 0);
                next.go(session, At.IDLE);
            });
        }
    }

    /** Looks again, now that nobody else can take the job: whoever asked before this, it is dropped here. */
    private void dropCancelled(int session, Steps steps, String who) {
        World now = steps.from();
        int lease = now.about(session);
        int job = rows.job(now.leased(lease));
        if (now.database.see(session, rows.request(job)) == 0) {
            steps.can(who + " sees no request to cancel", next -> next.go(session, At.CLAIM_COMMIT, lease));
        } else if (now.database.isFree(session, rows.request(job))) {
            steps.can(who + " drops job " + job + ", which was cancelled", next -> {
                next.database.write(session, rows.lease(lease), 0);
                CancelSteps.carryOut(rows, next, session, job);
                next.go(session, At.CLAIM_COMMIT, lease);
            });
        }
    }

    private int live(World state, int session) {
        int live = 0;
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (state.database.see(session, rows.lease(lease)) != 0
                    && state.database.see(session, rows.attempt(lease)) == 0) {
                live++;
            }
        }
        return live;
    }

    private void commitClaim(int node, int session, Steps steps, String who) {
        World now = steps.from();
        int lease = now.about(session);
        if (now.isAlive(node)) {
            steps.can(who + " commits lease " + lease, next -> {
                commitLease(next, session, lease);
                next.run(lease, next.database.committed(rows.lease(lease)) == 0 ? Run.GONE : Run.RUNNING);
                next.go(session, At.IDLE);
            });
        }
        if (!now.isAlive(node) || now.lostReplies() < scope.lostReplies()) {
            steps.can(who + " commits lease " + lease + ", the answer is lost", next -> {
                commitLease(next, session, lease);
                if (next.isAlive(node)) {
                    next.loseReply();
                }
                next.go(session, At.IDLE);
            });
        }
    }

    private void commitLease(World next, int session, int lease) {
        next.database.commit(session);
        int job = rows.job(next.leased(lease));
        if (next.database.committed(rows.lease(lease)) != 0 && (next.warned(session / 3) & 1 << job) != 0) {
            next.disobey(job);
        }
        next.warn(session / 3, 0);
    }
}
