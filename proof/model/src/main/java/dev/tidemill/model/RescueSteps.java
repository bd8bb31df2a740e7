package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/**
 * What a rescuer can do next. Whom it takes for dead, and when, is anybody's guess: a node that lives, stands still or
 * works is as good as a dead one. It may break off at any step; another one, or itself, begins anew.
 */
final class RescueSteps {
    private static final int SESSIONS_OF_A_NODE = 3;

    private final Scope scope;
    private final Layout rows;

    RescueSteps(Scope scope, Layout rows) {
        this.scope = scope;
        this.rows = rows;
    }

    void of(int session, Steps steps) {
        World now = steps.from();
        int node = now.about(session);
        String who = "the rescue of " + name(node);
        if (now.at(session) != At.IDLE && now.at(session) != At.RESCUE_MARK) {
            steps.can(who + " breaks off", next -> {
                next.database.abort(session);
                next.go(session, At.IDLE);
            });
        }
        switch (now.at(session)) {
            case IDLE -> {
                for (int each = 0; each < scope.nodes() - 1; each++) {
                    int suspected = each;
                    if (now.database.committed(rows.fence(each)) != 0) {
                        steps.can(
                                "a rescuer takes " + name(each) + " for dead",
                                next -> next.go(session, At.RESCUE_MARK, suspected));
                    }
                }
            }
            case RESCUE_MARK -> {
                if (now.database.isFree(session, rows.closing(node))) {
                    steps.can(who + " marks the epoch as closing, and commits", next -> {
                        next.database.write(session, rows.closing(node), 1);
                        next.database.commit(session);
                        next.go(session, At.RESCUE_LOCK, node);
                    });
                }
            }
            case RESCUE_LOCK -> {
                if (now.copy().database.lock(session, 1 + node)) {
                    steps.can(who + " has the rescue's lock", next -> {
                        next.database.lock(session, 1 + node);
                        if (scope.lacks(Mutation.RESCUE_WITH_OLD_SNAPSHOT)) {
                            next.database.keepSnapshot(session);
                        }
                        next.go(session, At.RESCUE_FENCE, node);
                    });
                }
            }
            case RESCUE_FENCE -> deleteFence(session, node, steps, who);
            case RESCUE_RETURN -> returnLeases(session, node, steps, who);
            case RESCUE_COMMIT ->
                steps.can(who + " commits", next -> {
                    next.database.commit(session);
                    next.go(session, At.IDLE);
                });
            default -> throw new IllegalStateException(now.at(session).toString());
        }
    }

    private void deleteFence(int session, int node, Steps steps, String who) {
        World now = steps.from();
        int fence = rows.fence(node);
        if (now.database.isHeldByOthers(session, fence) && !scope.lacks(Mutation.FENCE_CLOSED_BY_UPDATE)) {
            for (int holder = node * SESSIONS_OF_A_NODE; holder < (node + 1) * SESSIONS_OF_A_NODE; holder++) {
                int ended = holder;
                if (now.database.holds(holder, fence)) {
                    steps.can(
                            who + " ends a session of " + name(node) + " that holds the fence",
                            next -> end(next, ended));
                }
            }
            return;
        }
        if (now.database.isFree(session, fence)) {
            steps.can(who + " deletes the fence", next -> {
                next.database.write(session, fence, 0);
                next.go(session, At.RESCUE_RETURN, node);
            });
        }
    }

    /** The node hears of it as of a broken connection: a flush is repeated, a completion asked for, a claim forgotten. */
    private void end(World next, int session) {
        if (next.at(session) == At.COMPLETE_COMMIT || next.at(session) == At.COMPLETE_WRITE) {
            next.run(next.about(session), Run.UNCERTAIN);
        }
        if (session % SESSIONS_OF_A_NODE == 0) {
            next.warn(session / SESSIONS_OF_A_NODE, 0);
        }
        next.database.abort(session);
        next.go(session, At.IDLE);
    }

    private void returnLeases(int session, int node, Steps steps, String who) {
        World now = steps.from();
        for (int lease = 0; lease < scope.leases(); lease++) {
            int value = now.database.see(session, rows.lease(lease));
            if (value != 0
                    && rows.node(value) == node
                    && (!now.database.isFree(session, rows.lease(lease))
                            || !now.database.isFree(session, rows.attempt(lease)))) {
                steps.can(who + " waits for a row", next -> next.database.keepSnapshot(session));
                return;
            }
        }
        steps.can(who + " records what the leases held as lost and makes it ready", next -> {
            for (int lease = 0; lease < scope.leases(); lease++) {
                int value = next.database.see(session, rows.lease(lease));
                if (value == 0
                        || rows.node(value) != node
                        || next.database.seeNow(session, rows.lease(lease)) != value) {
                    continue;
                }
                next.database.write(session, rows.lease(lease), 0);
                if (next.database.seeNow(session, rows.attempt(lease)) == 0) {
                    next.database.write(session, rows.attempt(lease), Layout.attemptOf(rows.job(value), Layout.LOST));
                    next.database.write(session, rows.ready(rows.job(value), rows.putBack(lease)), rows.tries(value));
                }
            }
            next.database.freshSnapshot(session);
            next.go(session, At.RESCUE_COMMIT, node);
        });
    }
}
