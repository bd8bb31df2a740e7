package dev.tidemill.model;

import dev.tidemill.model.World.At;

/** Somebody who cancels: a request is committed, and claims and failures that begin from then on see it. */
final class CancelSteps {
    private final Scope scope;
    private final Layout rows;

    CancelSteps(Scope scope, Layout rows) {
        this.scope = scope;
        this.rows = rows;
    }

    void of(int session, Steps steps) {
        World now = steps.from();
        if (now.at(session) == At.CANCEL_LOOK) {
            withdraw(session, now.about(session), steps);
            return;
        }
        for (int job = 0; job < scope.jobs(); job++) {
            int asked = job;
            if (now.database.committed(rows.request(job)) == 0
                    && now.database.committed(rows.cancelled(job)) == 0
                    && now.database.isFree(session, rows.request(job))
                    && !isOver(now, job)) {
                steps.can("somebody cancels job " + job, next -> {
                    next.database.write(session, rows.request(asked), 1);
                    next.database.commit(session);
                    next.go(session, At.CANCEL_LOOK, asked);
                });
            }
        }
    }

    /** A request that came too late is taken back, once the job has its outcome. */
    private void withdraw(int session, int job, Steps steps) {
        World now = steps.from();
        if (isOver(now, job) && now.database.isFree(session, rows.request(job))) {
            steps.can("the cancel of job " + job + " came too late", next -> {
                next.database.write(session, rows.request(job), 0);
                next.database.commit(session);
                next.go(session, At.IDLE);
            });
        }
    }

    private boolean isOver(World state, int job) {
        boolean over = state.database.committed(rows.dead(job)) != 0;
        for (int lease = 0; lease < scope.leases(); lease++) {
            over |= state.database.committed(rows.attempt(lease)) == Layout.attemptOf(job, Layout.SUCCEEDED);
        }
        return over;
    }

    static void carryOut(Layout rows, World next, int session, int job) {
        if (next.database.seeNow(session, rows.request(job)) != 0) {
            next.database.write(session, rows.request(job), 0);
            next.database.write(session, rows.cancelled(job), 1);
        }
    }
}
