package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** What a node's sessions can do next. */
@SuppressWarnings("EnumOrdinal")
final class NodeSteps {
    /** The advisory lock of the limit; those of the rescues follow. */
    static final int LIMIT_LOCK = 0;

    private final Scope scope;
    private final Layout rows;

    NodeSteps(Scope scope, Layout rows) {
        this.scope = scope;
        this.rows = rows;
    }

    /** The node's sessions are numbered from the first on: claimer, finisher, handler. */
    void of(int node, int first, Steps steps) {
        World now = steps.from();
        if (now.isAlive(node) && node < scope.nodes() - 1 && now.deaths() < scope.deaths()) {
            steps.can(name(node) + " is killed", next -> kill(next, node));
        }
        for (int session = first; session < first + 3; session++) {
            int each = session;
            if (!now.isAlive(node) && now.at(session) != At.IDLE) {
                steps.can("the server ends a session of dead " + name(node), next -> {
                    next.database.abort(each);
                    next.go(each, At.IDLE);
                });
            }
        }
        claimer(node, first, steps);
        finisher(node, first + 1, steps);
        handler(node, first + 2, steps);
    }

    private void kill(World next, int node) {
        next.kill(node);
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (isMine(next, node, lease)) {
                next.run(lease, Run.GONE);
            }
        }
    }

    /** Remembered: whatever the tables say, a lease's value stays what it was. */
    private boolean isMine(World state, int node, int lease) {
        return state.run(lease) != Run.UNKNOWN && rows.node(state.leased(lease)) == node;
    }

    // --- the fence ---------------------------------------------------------------------------------------------

    /** Looks whether the epoch is closing; no look where the precaution is out. */
    private void lookAtClosing(int node, int session, Steps steps, String who, At then, Refusal refused) {
        if (!scope.lacks(Mutation.ONE_STEP_CLOSE) && steps.from().database.committed(rows.closing(node)) != 0) {
            steps.can(who + " sees that " + name(node) + "'s epoch is closing", next -> refuse(next, session, refused));
        } else {
            steps.can(who + " looks at closing", next -> next.go(session, then, next.about(session)));
        }
    }

    private void holdFence(int node, int session, Steps steps, String who, boolean without, At then, Refusal refused) {
        int fence = rows.fence(node);
        if (without) {
            steps.can(who + " holds no fence", next -> next.go(session, then, next.about(session)));
        } else if (!steps.from().database.isFree(session, fence) && !scope.lacks(Mutation.FENCE_CLOSED_BY_UPDATE)) {
            return;
        } else if (steps.from().database.committed(fence) == 0) {
            steps.can(who + " finds the fence gone", next -> refuse(next, session, refused));
        } else {
            steps.can(who + " holds the fence for key share", next -> {
                next.database.hold(session, fence);
                if (next.database.committed(rows.closing(node)) != 0) {
                    next.overtake();
                }
                next.go(session, then, next.about(session));
            });
        }
    }

    @FunctionalInterface
    private interface Refusal {
        void tell(World next);
    }

    private static void refuse(World next, int session, Refusal refused) {
        refused.tell(next);
        next.warn(session / 3, session % 3 == 0 ? 0 : next.warned(session / 3));
        next.database.abort(session);
        next.go(session, At.IDLE);
    }

    // --- claiming and reconciling ------------------------------------------------------------------------------

    private void claimer(int node, int session, Steps steps) {
        World now = steps.from();
        String who = name(node) + "'s claim";
        switch (now.at(session)) {
            case IDLE -> {
                if (now.isAlive(node)) {
                    beginClaim(node, session, steps);
                    beginReconciliation(node, session, steps);
                }
            }
            case CLAIM_CLOSING -> lookAtClosing(node, session, steps, who, At.CLAIM_FENCE, next -> {});
            case CLAIM_FENCE ->
                holdFence(
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
            case RECONCILE_CLOSING ->
                lookAtClosing(node, session, steps, name(node) + "'s reconciliation", At.RECONCILE_FENCE, next -> {});
            case RECONCILE_FENCE ->
                holdFence(
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
                carryOut(next, session, job);
                next.go(session, At.CLAIM_COMMIT, lease);
            });
        }
    }

    private void carryOut(World next, int session, int job) {
        if (next.database.seeNow(session, rows.request(job)) != 0) {
            next.database.write(session, rows.request(job), 0);
            next.database.write(session, rows.cancelled(job), 1);
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

    /** About: the leases known when it began, as a set. */
    private void beginReconciliation(int node, int session, Steps steps) {
        World now = steps.from();
        int known = 0;
        boolean unknown = false;
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (isKnown(now.run(lease))) {
                known |= 1 << lease;
            } else {
                unknown |= isLeaseOf(now.database.committed(rows.lease(lease)), node);
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

    private boolean isKnown(Run run) {
        return switch (run) {
            case UNKNOWN, GONE -> false;
            case RUNNING, COMPLETING, UNCERTAIN -> true;
            case SUCCEEDED, FAILED, WRITTEN -> !scope.lacks(Mutation.LEASE_FORGOTTEN_EARLY);
        };
    }

    private boolean isLeaseOf(int value, int node) {
        return value != 0 && rows.node(value) == node;
    }

    private void returnUnknown(int node, int session, Steps steps) {
        World now = steps.from();
        for (int lease = 0; lease < scope.leases(); lease++) {
            if ((now.about(session) & 1 << lease) == 0
                    && isLeaseOf(now.database.see(session, rows.lease(lease)), node)
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
                        && isLeaseOf(value, node)
                        && isLeaseOf(next.database.see(session, rows.lease(lease)), node)) {
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

    // --- handling and completing -------------------------------------------------------------------------------

    private void handler(int node, int session, Steps steps) {
        World now = steps.from();
        int lease = now.about(session);
        String who = name(node) + "'s completion of lease " + lease;
        switch (now.at(session)) {
            case IDLE -> {
                for (int each = 0; each < scope.leases() && now.isAlive(node); each++) {
                    if (isMine(now, node, each)) {
                        handle(node, session, each, steps);
                    }
                }
            }
            case COMPLETE_CLOSING ->
                lookAtClosing(node, session, steps, who, At.COMPLETE_FENCE, next -> refuseCompletion(next, lease));
            case COMPLETE_FENCE ->
                holdFence(
                        node,
                        session,
                        steps,
                        who,
                        scope.lacks(Mutation.COMPLETION_WITHOUT_FENCE),
                        At.COMPLETE_WRITE,
                        next -> refuseCompletion(next, lease));
            case COMPLETE_WRITE -> writeCompletion(session, lease, steps, who);
            case COMPLETE_COMMIT -> {
                if (now.isAlive(node)) {
                    steps.can(who + " commits with its effect", next -> {
                        next.database.add(rows.effect(rows.job(next.leased(lease))));
                        next.database.commit(session);
                        next.run(lease, Run.UNCERTAIN);
                        next.go(session, At.IDLE);
                    });
                    if (now.lostReplies() < scope.lostReplies()) {
                        steps.can(who + " loses its connection before it commits", next -> {
                            next.loseReply();
                            next.database.abort(session);
                            next.run(lease, Run.UNCERTAIN);
                            next.go(session, At.IDLE);
                        });
                    }
                }
            }
            default -> throw new IllegalStateException(now.at(session).toString());
        }
    }

    private void handle(int node, int session, int lease, Steps steps) {
        World now = steps.from();
        String who = name(node) + "'s handler of lease " + lease;
        if (now.run(lease) == Run.RUNNING) {
            steps.can(who + " returns", next -> next.run(lease, Run.SUCCEEDED));
            steps.can(who + " throws", next -> next.run(lease, Run.FAILED));
            if (scope.completions()) {
                steps.can(who + " calls completeIn", next -> {
                    next.run(lease, Run.COMPLETING);
                    next.go(session, At.COMPLETE_CLOSING, lease);
                });
            }
        } else if (now.run(lease) == Run.UNCERTAIN) {
            int written = now.database.committed(rows.attempt(lease));
            boolean succeeded = written == Layout.attemptOf(rows.job(now.leased(lease)), Layout.SUCCEEDED);
            steps.can(
                    who + " asks what became of its completion: " + (succeeded ? "there" : "not there"),
                    next -> next.run(lease, succeeded ? Run.WRITTEN : Run.FAILED));
        }
    }

    /** Throws, so that the caller rolls back; or does not, and the caller commits its effect. */
    private void refuseCompletion(World next, int lease) {
        if (scope.lacks(Mutation.COMPLETION_THAT_DOES_NOT_THROW)) {
            next.database.add(rows.effect(rows.job(next.leased(lease))));
        }
        next.run(lease, Run.UNCERTAIN);
    }

    private void writeCompletion(int session, int lease, Steps steps, String who) {
        World now = steps.from();
        int attempt = rows.attempt(lease);
        if (!now.database.isFree(session, attempt)) {
            return;
        }
        if (now.database.seeNow(session, attempt) != 0) {
            steps.can(who + " finds its attempt written", next -> {
                refuseCompletion(next, lease);
                next.database.abort(session);
                next.go(session, At.IDLE);
            });
        } else {
            steps.can(who + " writes its attempt", next -> {
                next.database.write(session, attempt, Layout.attemptOf(rows.job(next.leased(lease)), Layout.SUCCEEDED));
                next.go(session, At.COMPLETE_COMMIT, lease);
            });
        }
    }

    // --- finishing ---------------------------------------------------------------------------------------------

    private void finisher(int node, int session, Steps steps) {
        World now = steps.from();
        int lease = now.about(session) % scope.leases();
        String who = name(node) + "'s flush of lease " + lease;
        switch (now.at(session)) {
            case IDLE -> {
                for (int each = 0; each < scope.leases() && now.isAlive(node); each++) {
                    int flushed = each;
                    Run run = now.run(each);
                    if (isMine(now, node, each) && (run == Run.SUCCEEDED || run == Run.FAILED || run == Run.WRITTEN)) {
                        steps.can(
                                name(node) + " flushes lease " + each + ": " + run,
                                next -> next.go(session, At.FINISH_CLOSING, flushed + scope.leases() * run.ordinal()));
                    }
                }
            }
            case FINISH_CLOSING ->
                lookAtClosing(node, session, steps, who, At.FINISH_FENCE, next -> forget(next, lease));
            case FINISH_FENCE ->
                holdFence(node, session, steps, who, false, At.FINISH_WRITE, next -> forget(next, lease));
            case FINISH_WRITE -> writeOutcome(session, lease, steps, who);
            case FINISH_END -> endLease(node, session, lease, steps, who);
            case FINISH_COMMIT -> {
                steps.can(who + " commits", next -> {
                    next.database.commit(session);
                    next.run(lease, Run.GONE);
                    next.go(session, At.IDLE);
                });
                if (now.isAlive(node) && now.lostReplies() < scope.lostReplies()) {
                    steps.can(who + " commits, the answer is lost", next -> {
                        next.database.commit(session);
                        next.loseReply();
                        next.go(session, At.IDLE);
                    });
                }
            }
            default -> throw new IllegalStateException(now.at(session).toString());
        }
    }

    private static void forget(World next, int lease) {
        next.run(lease, Run.GONE);
    }

    private void writeOutcome(int session, int lease, Steps steps, String who) {
        World now = steps.from();
        // What is flushed was sent along, and stays what it is when the node is gone.
        Run run = Run.values()[now.about(session) / scope.leases()];
        int attempt = rows.attempt(lease);
        int value = now.leased(lease);
        int job = rows.job(value);
        if (run == Run.WRITTEN) {
            steps.can(who + " has nothing to write", next -> next.go(session, At.FINISH_END, next.about(session)));
            return;
        }
        if (!now.database.isFree(session, attempt)) {
            return;
        }
        boolean fresh = now.database.seeNow(session, attempt) == 0;
        boolean retries = run == Run.FAILED && rows.tries(value) < scope.failures();
        boolean looks = retries && (fresh || scope.lacks(Mutation.CANCEL_BY_A_REPEATED_FLUSH));
        boolean cancelled = looks && now.database.see(session, rows.request(job)) != 0;
        if (cancelled && !now.database.isFree(session, rows.request(job))) {
            return;
        }
        steps.can(
                who
                        + (fresh ? " writes the attempt" : " finds the attempt written")
                        + (cancelled ? " and carries out a cancel" : ""),
                next -> {
                    if (fresh) {
                        int outcome = run == Run.SUCCEEDED ? Layout.SUCCEEDED : Layout.FAILED;
                        next.database.write(session, attempt, Layout.attemptOf(job, outcome));
                    }
                    if (cancelled) {
                        carryOut(next, session, job);
                    } else if (run == Run.FAILED && (fresh || scope.lacks(Mutation.FINISH_WITHOUT_CONFLICT))) {
                        int row = !retries
                                ? rows.dead(job)
                                : rows.ready(job, fresh ? rows.retry(lease) : rows.putBack(lease));
                        next.database.write(session, row, retries ? rows.tries(value) + 1 : 1);
                    }
                    next.go(session, At.FINISH_END, next.about(session));
                });
    }

    private void endLease(int node, int session, int lease, Steps steps, String who) {
        if (!steps.from().database.isFree(session, rows.lease(lease))) {
            return;
        }
        steps.can(who + " ends the lease", next -> {
            if (isLeaseOf(next.database.seeNow(session, rows.lease(lease)), node)) {
                next.database.write(session, rows.lease(lease), 0);
            }
            next.go(session, At.FINISH_COMMIT, next.about(session));
        });
    }
}
