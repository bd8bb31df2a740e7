package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** What a node's finishing session can do next. */
@SuppressWarnings("EnumOrdinal")
final class FinishSteps {
    private final Scope scope;
    private final Layout rows;
    private final FenceSteps fence;

    FinishSteps(Scope scope, Layout rows, FenceSteps fence) {
        this.scope = scope;
        this.rows = rows;
        this.fence = fence;
    }

    void of(int node, int session, Steps steps) {
        World now = steps.from();
        int lease = now.about(session) % scope.leases();
        String who = name(node) + "'s flush of lease " + lease;
        switch (now.at(session)) {
            case IDLE -> {
                for (int each = 0; each < scope.leases() && now.isAlive(node); each++) {
                    int flushed = each;
                    Run run = now.run(each);
                    if (rows.isMine(now, node, each)
                            && (run == Run.SUCCEEDED || run == Run.FAILED || run == Run.WRITTEN)) {
                        steps.can(
                                name(node) + " flushes lease " + each + ": " + run,
                                next -> next.go(session, At.FINISH_CLOSING, flushed + scope.leases() * run.ordinal()));
                    }
                }
            }
            case FINISH_CLOSING ->
                fence.lookAtClosing(node, session, steps, who, At.FINISH_FENCE, next -> forget(next, lease));
            case FINISH_FENCE ->
                fence.holdFence(node, session, steps, who, false, At.FINISH_WRITE, next -> forget(next, lease));
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
                        CancelSteps.carryOut(rows, next, session, job);
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
            if (rows.isLeaseOf(next.database.seeNow(session, rows.lease(lease)), node)) {
                next.database.write(session, rows.lease(lease), 0);
            }
            next.go(session, At.FINISH_COMMIT, next.about(session));
        });
    }
}
