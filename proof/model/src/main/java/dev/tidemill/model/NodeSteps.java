package dev.tidemill.model;

import static dev.tidemill.model.Protocol.name;

import dev.tidemill.model.World.At;
import dev.tidemill.model.World.Run;

/** What a node's sessions can do next, and that it may die. */
final class NodeSteps {
    private final Scope scope;
    private final Layout rows;
    private final ClaimSteps claiming;
    private final FinishSteps finishing;
    private final CompletionSteps completing;

    NodeSteps(Scope scope, Layout rows) {
        this.scope = scope;
        this.rows = rows;
        FenceSteps fence = new FenceSteps(scope, rows);
        this.claiming = new ClaimSteps(scope, rows, fence, new ReconcileSteps(scope, rows, fence));
        this.finishing = new FinishSteps(scope, rows, fence);
        this.completing = new CompletionSteps(scope, rows, fence);
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
        claiming.of(node, first, steps);
        finishing.of(node, first + 1, steps);
        completing.of(node, first + 2, steps);
    }

    private void kill(World next, int node) {
        next.kill(node);
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (rows.isMine(next, node, lease)) {
                next.run(lease, Run.GONE);
            }
        }
    }
}
