package dev.tidemill.chaos;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where the jobs are that calm did not see to its end, and what holds them there; told while the workers still work. */
final class Leftover {
    private static final String HELD = """
            select u.job, l.queue from {s}.lease l cross join lateral unnest(l.jobs) u (job)
             where not exists (select from {s}.attempt a where a.lease = l.id and a.job = u.job)""";
    /** Lost twice with a worker: each worker runs such jobs one at a time, since they may be what took it down. */
    private static final String SUSPECT =
            " w where 2 <= (select count(*) from {s}.attempt a where a.job = w.job and a.outcome = 5)";

    private Leftover() {}

    /** Counts by reason. */
    static Map<String, Long> of(Ledger ledger) {
        Map<String, Long> left = new LinkedHashMap<>();
        left.put("ready", count(ledger, "{s}.ready"));
        left.put("ready_suspects", count(ledger, "{s}.ready" + SUSPECT));
        left.put("at_a_limit", count(ledger, "{s}.parked"));
        left.put("not_due", count(ledger, "{s}.scheduled w where w.due > {s}.now_micros()"));
        left.put("due_and_not_moved", count(ledger, "{s}.scheduled w where w.due <= {s}.now_micros()"));
        left.put("in_hand", count(ledger, "(" + HELD + ") w"));
        left.put("in_hand_suspects", count(ledger, "(" + HELD + ")" + SUSPECT));
        left.put(
                "in_hand_of_dead_workers",
                count(ledger, "{s}.lease l join {s}.node n on n.epoch = l.epoch where n.ended is not null"));
        left.put("leases_whose_jobs_all_have_attempts", count(ledger, """
                {s}.lease l where not exists (
                    select from unnest(l.jobs) u (job)
                     where not exists (select from {s}.attempt a where a.lease = l.id and a.job = u.job))"""));
        left.put("paused_or_broken", count(ledger, "{s}.pause") + count(ledger, "{s}.breaker b where b.state <> 0"));
        return left;
    }

    private static long count(Ledger ledger, String from) {
        return ledger.number("select count(*) from " + from);
    }
}
