package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;

/** How a session gets past the fence of its epoch, or is refused. */
final class FenceSteps {
    private final Scope scope;
    private final Layout rows;

    FenceSteps(Scope scope, Layout rows) {
        this.scope = scope;
        this.rows = rows;
    }

    @FunctionalInterface
    interface Refusal {
        void tell(World next);
    }

    /** Looks whether the epoch is closing; no look where the precaution is out. */
    void lookAtClosing(int node, int session, Steps steps, String who, At then, Refusal refused) {
        if (!scope.lacks(Mutation.ONE_STEP_CLOSE) && steps.from().database.committed(rows.closing(node)) != 0) {
            steps.can(who + " sees that " + name(node) + "'s epoch is closing", next -> refuse(next, session, refused));
        } else {
            steps.can(who + " looks at closing", next -> next.go(session, then, next.about(session)));
        }
    }

    void holdFence(int node, int session, Steps steps, String who, boolean without, At then, Refusal refused) {
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

    private static void refuse(World next, int session, Refusal refused) {
        refused.tell(next);
        next.warn(session / 3, session % 3 == 0 ? 0 : next.warned(session / 3));
        next.database.abort(session);
        next.go(session, At.IDLE);
    }
}
