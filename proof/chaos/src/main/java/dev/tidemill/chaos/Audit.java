package dev.tidemill.chaos;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What became of every job, told from the tables once nothing moves any more: each check lists the jobs that break it.
 *
 * <p>A job is accounted for when it is in exactly one place, and at the end that place is one committed outcome: one
 * attempt that succeeded, one dead letter, or that it was cancelled. What happened besides (attempts that failed, timed out or were lost) may
 * happen any number of times, but never after the outcome, and never twice under one number.
 */
final class Audit {
    private static final String SUCCEEDED = "select job from {s}.attempt where outcome = 0";
    private static final String WAITING =
            "select job from {s}.ready union all select job from {s}.scheduled union all select job from {s}.parked";
    private static final String DEAD = "select job from {s}.dead_letter";
    private static final String CANCELLED = "select job from {s}.cancelled";
    private static final String OWED = """
            select u.job from {s}.lease l cross join lateral unnest(l.jobs) u (job)
             where not exists (select from {s}.attempt a where a.lease = l.id and a.job = u.job)""";
    private static final String OF_KIND =
            "select j.id from {s}.job j join {s}.kind k on k.id = j.kind where k.name in ({kinds})";

    private final Map<String, List<Long>> found = new LinkedHashMap<>();
    private final Ledger ledger;

    private Audit(Ledger ledger) {
        this.ledger = ledger;
    }

    /**
     * Looks at all jobs of a schema.
     *
     * @param acknowledged ids that an enqueue returned; each must have been kept
     * @param withEffect kinds whose every success leaves one row in the ledger's table of effects
     * @param doomed kinds that must end as dead letters; all others must succeed, unless they were cancelled, or lost so
     *     often that they look as if they took their workers down
     */
    static Audit of(Ledger ledger, Collection<Long> acknowledged, List<String> withEffect, List<String> doomed) {
        Audit audit = new Audit(ledger);
        String known =
                acknowledged.stream().map(String::valueOf).collect(Collectors.joining(",", "'{", "}'::bigint[]"));
        audit.check("lost", "select unnest(" + known + ") except select id from {s}.job");
        audit.check(
                "lost",
                "select id from {s}.job except (" + SUCCEEDED + " union all " + DEAD + " union all " + CANCELLED
                        + " union all " + WAITING + " union all " + OWED + ")");
        audit.check("unfinished", WAITING + " union all " + OWED);
        audit.check("finished_twice", SUCCEEDED + " group by job having count(*) > 1");
        audit.check("finished_twice", "(" + SUCCEEDED + ") intersect (" + DEAD + ")");
        audit.check("finished_twice", "(" + SUCCEEDED + ") intersect (" + WAITING + ")");
        audit.check("finished_twice", "(" + CANCELLED + ") intersect (" + SUCCEEDED + " union all " + DEAD + ")");
        audit.check("again_after_success", """
                select a.job from {s}.attempt a join {s}.attempt done on done.job = a.job and done.outcome = 0
                 where a.lease > done.lease""");
        audit.check("numbered_twice", "select job from {s}.attempt group by job, attempt having count(*) > 1");
        audit.check("overwritten", "select job from {s}.tampering");
        audit.check("effects_twice", "select job from {s}.effect group by job having count(*) > 1");
        audit.check("effects_void", """
                select e.job from {s}.effect e
                 where not exists (select from {s}.attempt a
                                    where a.job = e.job and a.attempt = e.attempt and a.outcome = 0)""");
        audit.check(
                "effects_missing",
                "((" + SUCCEEDED + ") intersect (" + ofKind(withEffect) + ")) except select job from {s}.effect");
        audit.check("wrong_end", DEAD + " where code <> 'POISONED' except (" + ofKind(doomed) + ")");
        audit.check("wrong_end", """
                select d.job from {s}.dead_letter d
                 where d.code = 'POISONED'
                   and 3 > (select count(*) from {s}.attempt a where a.job = d.job and a.outcome = 5)""");
        audit.check("wrong_end", "(" + SUCCEEDED + ") intersect (" + ofKind(doomed) + ")");
        Watch.check(audit);
        return audit;
    }

    private static String ofKind(List<String> kinds) {
        return OF_KIND.replace(
                "{kinds}",
                kinds.isEmpty() ? "''" : kinds.stream().map(k -> "'" + k + "'").collect(Collectors.joining(", ")));
    }

    /** Looks for jobs that break one more rule. */
    void check(String rule, String jobsThatBreakIt) {
        found.merge(
                rule,
                ledger.numbers(jobsThatBreakIt),
                (some, more) ->
                        Stream.concat(some.stream(), more.stream()).distinct().toList());
    }

    /** How many jobs break each rule; every rule that was looked at is there. */
    Map<String, Long> counts() {
        Map<String, Long> counts = new LinkedHashMap<>();
        found.forEach((rule, jobs) -> counts.put(rule, (long) jobs.size()));
        return counts;
    }

    /** The rules that are broken, and by which jobs. */
    Map<String, List<Long>> violations() {
        Map<String, List<Long>> violations = new TreeMap<>(found);
        violations.values().removeIf(List::isEmpty);
        return violations;
    }
}
