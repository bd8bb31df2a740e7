package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** What handlers can do next, and their completions in transactions of their own. */
final class CompletionSteps {
    private final Scope scope;
    private final Layout rows;
    private final FenceSteps fence;

    CompletionSteps(Scope scope, Layout rows, FenceSteps fence) {
        this.scope = scope;
        this.rows = rows;
        this.fence = fence;
    }

    void of(int node, int session, Steps steps) {
        World now = steps.from();
        int lease = now.about(session);
        String who = name(node) + "'s completion of lease " + lease;
        switch (now.at(session)) {
            case IDLE -> {
                for (int each = 0; each < scope.leases() && now.isAlive(node); each++) {
                    if (rows.isMine(now, node, each)) {
                        handle(node, session, each, steps);
                    }
                }
            }
            case COMPLETE_CLOSING ->
                fence.lookAtClosing(
                        node, session, steps, who, At.COMPLETE_FENCE, next -> refuseCompletion(next, lease));
            case COMPLETE_FENCE ->
                fence.holdFence(
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
}
