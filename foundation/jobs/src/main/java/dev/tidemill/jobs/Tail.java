package dev.tidemill.jobs;

import dev.tidemill.jobs.store.Desk.Ended;
import dev.tidemill.jobs.store.Desk.EndedAttempt;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The attempts that end from now on, for somebody who watches: each call of {@link #next} returns those that ended since
 * the last one, whenever they began. Nothing is kept for it in the database. Not thread safe.
 *
 * <p>Attempts are stored by the lease they were made under, and leases end in any order. So it remembers the leases that
 * are open, and which of their attempts it has returned, and asks for the attempts of those and of newer ones. A lease's
 * number is handed out a little before its claim commits: the last few numbers are looked at once more.
 */
public final class Tail {
    /** How many attempts a call returns at most. */
    public static final int MOST = 50_000;

    private static final int LOOK_BACK = 64;

    private final Asked asked;
    private final TreeMap<Long, Set<Long>> returned = new TreeMap<>();
    private long from;

    /** Asks the store. */
    @FunctionalInterface
    interface Asked {
        Ended ended(long afterLease, List<Long> leases, int most);
    }

    Tail(Asked asked) {
        this.asked = asked;
        Ended now = asked.ended(Long.MAX_VALUE, List.of(), 1);
        from = Math.max(0, now.newestLease() - LOOK_BACK);
        now.openLeases().forEach(lease -> returned.put(lease, new HashSet<>()));
        next();
    }

    /** What ended since the last call, or since this was made, by the time it ended; empty if nothing did. */
    public List<AttemptView> next() {
        Ended now = asked.ended(from, List.copyOf(returned.headMap(from, true).keySet()), MOST);
        List<AttemptView> fresh = new ArrayList<>();
        for (EndedAttempt ended : now.attempts()) {
            Set<Long> jobs = returned.computeIfAbsent(ended.lease(), lease -> new HashSet<>());
            if (jobs.add(ended.attempt().jobId())) {
                fresh.add(ended.attempt());
            }
        }
        now.openLeases().forEach(lease -> returned.computeIfAbsent(lease, opened -> new HashSet<>()));
        // A page that is full ended somewhere in a lease, which is looked at again.
        from = now.attempts().size() == MOST
                ? Math.max(from, now.attempts().getLast().lease() - 1)
                : Math.max(from, now.newestLease() - LOOK_BACK);
        Set<Long> open = Set.copyOf(now.openLeases());
        returned.headMap(from, true).keySet().retainAll(open);
        fresh.sort(Comparator.comparing(attempt -> attempt.startedAt().plus(attempt.took())));
        return fresh;
    }
}
