package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.Calls;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Completions;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Reports;
import dev.tidemill.jobs.store.Tally;
import dev.tidemill.jobs.store.Workplace;
import java.sql.Connection;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** A place that has no work and takes every outcome. */
class IdleWorkplace implements Workplace {
    @Override
    public long epoch() {
        return 1;
    }

    @Override
    public List<ClaimedJob> claim(List<Demand> demands) {
        return List.of();
    }

    @Override
    public List<ClaimedJob> take(List<NewJob> jobs) {
        return List.of();
    }

    @Override
    public List<ClaimedJob> claim(Set<String> kinds, List<Demand> demands) {
        return List.of();
    }

    @Override
    public void offer(Set<String> kinds, Set<String> queues) {}

    @Override
    public long rules() {
        return 1;
    }

    @Override
    public void hint(Hint hint) {}

    @Override
    public List<Hint> finish(List<Outcome> outcomes, List<ClaimedJob> written, Collection<Long> endedLeases) {
        return List.of();
    }

    @Override
    public void giveBack(List<ClaimedJob> jobs) {}

    @Override
    public boolean complete(Connection connection, ClaimedJob job, long startedMicros) {
        return true;
    }

    @Override
    public Reports reports() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Calls calls() {
        return (counts, probes) -> List.of();
    }

    @Override
    public Completions completions() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Settled settle(Outcome ifNotCompleted) {
        return Settled.COMPLETED;
    }

    @Override
    public int reconcile(Set<Long> known) {
        return 0;
    }

    @Override
    public Set<Long> oftenLost(Collection<Long> jobs, int times) {
        return Set.of();
    }

    @Override
    public void noteSuspect(ClaimedJob job) {}

    @Override
    public Set<Long> cancelRequests() {
        return Set.of();
    }

    @Override
    public boolean drained() {
        return false;
    }

    @Override
    public long heartbeat(int nowRunning, List<Tally> tallies) {
        return 1;
    }

    @Override
    public void leave() {}

    @Override
    public void close() {}
}
