package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What this process does under one epoch: the jobs it runs, and how much is left of each lease. Thread safe. */
final class EpochWork {
    /** Whether the epoch takes new work. */
    enum State {
        /** Claims and finishes. */
        WORKING,
        /** Missed its heartbeat: claims nothing, and may finish what it has if the epoch turns out to live. */
        SUSPENDED,
        /** Nothing counts any more. */
        CLOSED
    }

    private final Workplace place;
    private final Set<Hold> running = ConcurrentHashMap.newKeySet();
    private final Map<Long, Integer> leftOfLease = new HashMap<>();
    private final Set<Long> leases = new HashSet<>();
    private volatile Set<Long> cancelled = Set.of();
    private volatile State state = State.WORKING;

    EpochWork(Workplace place) {
        this.place = place;
    }

    Workplace place() {
        return place;
    }

    State state() {
        return state;
    }

    Set<Hold> running() {
        return running;
    }

    void claimed(List<ClaimedJob> jobs) {
        synchronized (leftOfLease) {
            for (ClaimedJob job : jobs) {
                leftOfLease.merge(job.lease(), 1, Integer::sum);
                leases.add(job.lease());
            }
        }
    }

    /** Interrupts the cancelled among what runs; those that are still to start find themselves here. */
    void cancel(Set<Long> jobs) {
        cancelled = Set.copyOf(jobs);
        running.forEach(hold -> hold.cancel(jobs));
    }

    /** The jobs that somebody wanted not to run, as far as is known here. */
    Set<Long> cancelled() {
        return cancelled;
    }

    /** Takes note that a job needs its lease no longer; true if it was the lease's last. */
    boolean through(ClaimedJob job) {
        synchronized (leftOfLease) {
            return leftOfLease.merge(job.lease(), -1, (left, less) -> left + less == 0 ? null : left + less) == null;
        }
    }

    /** How many claimed jobs are not through yet. */
    int inHand() {
        synchronized (leftOfLease) {
            return leftOfLease.values().stream().mapToInt(Integer::intValue).sum();
        }
    }

    /** The database has forgotten these leases too. */
    void ended(List<Long> ids) {
        synchronized (leftOfLease) {
            ids.forEach(leases::remove);
        }
    }

    /** The leases that the database may hold with this node's knowledge: a lease stays until its end is committed. */
    Set<Long> leases() {
        synchronized (leftOfLease) {
            return Set.copyOf(leases);
        }
    }

    /** Stops taking work, and interrupts what runs; its outcomes are void. False if that was done before. */
    boolean suspend() {
        return leave(State.SUSPENDED);
    }

    void close() {
        leave(State.CLOSED);
        place.close();
    }

    /** The heart and its watch may both be at it; a closed epoch stays closed. */
    private boolean leave(State next) {
        boolean worked;
        synchronized (leftOfLease) {
            worked = state == State.WORKING;
            if (state != State.CLOSED) {
                state = next;
            }
        }
        if (worked) {
            running.forEach(Hold::abandon);
        }
        return worked;
    }
}
