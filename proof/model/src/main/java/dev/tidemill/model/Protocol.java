package dev.tidemill.model;

import dev.tidemill.model.Checker.Model;
import dev.tidemill.model.Checker.Step;
import java.util.List;
import java.util.Optional;

/**
 * The engine's protocol, statement by statement: every node with a claimer (which also reconciles), a finisher and a
 * handler, each on a session of its own, and the rescuers. A node may be killed at any step; what the server was doing
 * for it then goes on until it would need its client, or ends. A node that stands still is one that takes no step.
 *
 * <p>The invariants hold in every state, of what is committed in it:
 *
 * <ol>
 *   <li>A job is in exactly one place: ready, in a lease that no attempt covers, succeeded, dead, or cancelled.
 *   <li>An effect that commits with a completion is there at most once, and only where the job succeeded.
 *   <li>A closed epoch holds nothing: nobody would ever return it.
 *   <li>No more leases that no attempt covers than the limit.
 *   <li>No claim that begins after a job was cancelled runs it.
 *   <li>A rescue is overtaken only by sessions that had looked before it marked the epoch, each of them once.
 * </ol>
 *
 * <p>And where nothing can happen any more, every job has its outcome, unless the claims of the scope are used up.
 */
final class Protocol implements Model<World> {
    private static final int SESSIONS_OF_A_NODE = 3;

    private final Scope scope;
    private final Layout rows;
    private final NodeSteps nodes;
    private final RescueSteps rescues;
    private final CancelSteps cancels;

    Protocol(Scope scope) {
        this.scope = scope;
        this.rows = new Layout(scope);
        this.nodes = new NodeSteps(scope, rows);
        this.rescues = new RescueSteps(scope, rows);
        this.cancels = new CancelSteps(scope, rows);
    }

    @Override
    public World start() {
        int sessions = scope.nodes() * SESSIONS_OF_A_NODE + scope.rescuers() + (scope.cancels() ? 1 : 0);
        Database database = new Database(rows.rows(), sessions, 1 + scope.nodes());
        for (int job = 0; job < scope.jobs(); job++) {
            database.write(0, rows.ready(job, 0), 1);
        }
        for (int node = 0; node < scope.nodes(); node++) {
            database.write(0, rows.fence(node), 1);
        }
        database.commit(0);
        return new World(database, sessions, scope.leases(), scope.nodes());
    }

    @Override
    public List<Step<World>> steps(World state) {
        Steps steps = new Steps(state);
        for (int node = 0; node < scope.nodes(); node++) {
            nodes.of(node, node * SESSIONS_OF_A_NODE, steps);
        }
        for (int rescuer = 0; rescuer < scope.rescuers(); rescuer++) {
            rescues.of(scope.nodes() * SESSIONS_OF_A_NODE + rescuer, steps);
        }
        if (scope.cancels()) {
            cancels.of(scope.nodes() * SESSIONS_OF_A_NODE + scope.rescuers(), steps);
        }
        return steps.all();
    }

    @Override
    public Optional<String> broken(World state) {
        for (int job = 0; job < scope.jobs(); job++) {
            int places = places(state, job);
            if (places != 1) {
                return Optional.of("job " + job + " is in " + places + " places");
            }
            int effects = state.database.committed(rows.effect(job));
            if (effects > 1 || (effects == 1 && !succeeded(state, job))) {
                return Optional.of("job " + job + " has " + effects + " effects and "
                        + (succeeded(state, job) ? "succeeded" : "did not succeed"));
            }
        }
        if (state.disobeyed() != 0) {
            return Optional.of(
                    "job " + (state.disobeyed() - 1) + " runs, by a claim that began after it was cancelled");
        }
        if (state.overtaken() > SESSIONS_OF_A_NODE * (scope.nodes() - 1)) {
            return Optional.of("a rescue was overtaken by more than the sessions that had looked before it began");
        }
        int live = 0;
        for (int lease = 0; lease < scope.leases(); lease++) {
            int value = state.database.committed(rows.lease(lease));
            if (value == 0 || state.database.committed(rows.attempt(lease)) != 0) {
                continue;
            }
            live++;
            if (state.database.committed(rows.fence(rows.node(value))) == 0) {
                return Optional.of("the closed epoch of node " + name(rows.node(value)) + " holds job "
                        + rows.job(value) + ", which nobody will ever return");
            }
        }
        return scope.limit() > 0 && live > scope.limit()
                ? Optional.of(live + " jobs run under a limit of " + scope.limit())
                : Optional.empty();
    }

    private int places(World state, int job) {
        int places = state.database.committed(rows.dead(job)) != 0 ? 1 : 0;
        places += state.database.committed(rows.cancelled(job)) != 0 ? 1 : 0;
        for (int source = 0; source < rows.sources(); source++) {
            places += state.database.committed(rows.ready(job, source)) != 0 ? 1 : 0;
        }
        for (int lease = 0; lease < scope.leases(); lease++) {
            int value = state.database.committed(rows.lease(lease));
            int attempt = state.database.committed(rows.attempt(lease));
            if (value != 0 && attempt == 0 && rows.job(value) == job) {
                places++;
            }
        }
        return places + successes(state, job);
    }

    private int successes(World state, int job) {
        int successes = 0;
        for (int lease = 0; lease < scope.leases(); lease++) {
            if (state.database.committed(rows.attempt(lease)) == Layout.attemptOf(job, Layout.SUCCEEDED)) {
                successes++;
            }
        }
        return successes;
    }

    private boolean succeeded(World state, int job) {
        return successes(state, job) > 0;
    }

    @Override
    public Optional<String> stuck(World state) {
        if (state.usedLeases() == scope.leases()) {
            return Optional.empty();
        }
        for (int job = 0; job < scope.jobs(); job++) {
            if (!succeeded(state, job)
                    && state.database.committed(rows.dead(job)) == 0
                    && state.database.committed(rows.cancelled(job)) == 0) {
                return Optional.of("job " + job + " waits, and nothing will ever happen");
            }
        }
        return Optional.empty();
    }

    @Override
    public byte[] key(World state) {
        return state.key();
    }

    /** How a node is called in a way: A, B, C. */
    static String name(int node) {
        return String.valueOf((char) ('A' + node));
    }
}
