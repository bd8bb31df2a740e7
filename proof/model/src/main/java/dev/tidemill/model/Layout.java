package dev.tidemill.model;

/** Which number each row of the tables has, and what a value means. */
final class Layout {
    /** Outcomes in attempt rows. */
    static final int SUCCEEDED = 1;

    static final int FAILED = 2;
    static final int LOST = 3;

    private final Scope scope;

    Layout(Scope scope) {
        this.scope = scope;
    }

    /** Rows of ready that one job can have: the first, and two for each lease, a retry and a return. */
    int sources() {
        return 1 + 2 * scope.leases();
    }

    /** A row of ready as a lease's failure puts it there. */
    int retry(int lease) {
        return 1 + lease;
    }

    /** A row of ready as it is put back, by a rescue or a reconciliation. */
    int putBack(int lease) {
        return 1 + scope.leases() + lease;
    }

    /** A job's row of ready from that source; its value is the failures so far and one. */
    int ready(int job, int source) {
        return 2 * scope.jobs() + job * sources() + source;
    }

    int dead(int job) {
        return job;
    }

    int effect(int job) {
        return scope.jobs() + job;
    }

    /** See {@link #leaseOf}. */
    int lease(int lease) {
        return ready(scope.jobs(), 0) + lease;
    }

    int attempt(int lease) {
        return lease(scope.leases()) + lease;
    }

    int fence(int node) {
        return attempt(scope.leases()) + node;
    }

    int closing(int node) {
        return fence(scope.nodes()) + node;
    }

    /** Somebody asked to cancel the job, and that is not carried out yet. */
    int request(int job) {
        return closing(scope.nodes()) + job;
    }

    int cancelled(int job) {
        return request(scope.jobs()) + job;
    }

    int rows() {
        return cancelled(scope.jobs());
    }

    /** An attempt row's value: of which job, and what came of it. */
    static int attemptOf(int job, int outcome) {
        return 1 + outcome + 4 * job;
    }

    /** A lease's value: whose it is, which job it holds, and that job's value in ready. */
    int leaseOf(int node, int job, int tries) {
        return 1 + node + scope.nodes() * (job + scope.jobs() * tries);
    }

    int node(int lease) {
        return (lease - 1) % scope.nodes();
    }

    int job(int lease) {
        return (lease - 1) / scope.nodes() % scope.jobs();
    }

    int tries(int lease) {
        return (lease - 1) / scope.nodes() / scope.jobs();
    }

    boolean isLeaseOf(int value, int node) {
        return value != 0 && node(value) == node;
    }

    /** Remembered: whatever the tables say, a lease's value stays what it was. */
    boolean isMine(World state, int node, int lease) {
        return state.run(lease) != World.Run.UNKNOWN && node(state.leased(lease)) == node;
    }
}
