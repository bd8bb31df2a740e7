package dev.tidemill.chaos;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Limits;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Watches limits, unique keys and cancels from outside of the engine: what handlers themselves say of their beginning and end, by
 * the database's clock, and what triggers note of leases and outcomes. The engine's own counting is not asked.
 *
 * <p>A handler counts from when it said that it begins until it said that it ends, or until its attempt's outcome was
 * written, whichever was first: a process that is frozen, and taken for dead, may run on behind everybody's back, and
 * nothing it does counts.
 */
final class Watch {
    /** The queue with a concurrency for each key. */
    static final String LIMITED = "limited";

    static final int EACH_KEY = 2;

    /** The queue with a rate. */
    static final String METERED = "metered";

    static final int PER_SECOND = 6;
    static final int BURST = 3;

    /** The kind with a concurrency, on any queue. */
    static final String SCARCE = "Scarce";

    static final int SCARCE_AT_ONCE = 3;

    private static final List<String> TABLES = List.of(
            "create table {s}.turn (job bigint, attempt integer, gate text, began bigint, ended bigint)",
            "create table {s}.told (job bigint, attempt integer, at bigint)",
            "create table {s}.begun (job bigint, queue integer, sent bigint, at bigint)",
            "create table {s}.cancel_ack (job bigint, at bigint)",
            """
            create function {s}.note_outcome() returns trigger language plpgsql as $$
            begin
                insert into {s}.told values (new.job, new.attempt, {s}.now_micros());
                return null;
            end $$""",
            "create trigger note_outcome after insert on {s}.attempt for each row execute function {s}.note_outcome()",
            """
            create function {s}.note_lease() returns trigger language plpgsql as $$
            begin
                insert into {s}.begun
                select u.job, new.queue, (extract(epoch from transaction_timestamp()) * 1000000)::bigint, {s}.now_micros()
                  from unnest(new.jobs) u (job);
                return null;
            end $$""",
            "create table {s}.asked (job bigint, at bigint)",
            """
            create function {s}.note_wish() returns trigger language plpgsql as $$
            begin
                insert into {s}.asked values (new.job, {s}.now_micros());
                return null;
            end $$""",
            "create trigger note_wish after insert on {s}.cancel_request for each row execute function {s}.note_wish()",
            "create trigger note_lease after insert on {s}.lease for each row execute function {s}.note_lease()");

    /** Jobs whose handler began when as many as may were at work at its gate. */
    private static final String TOO_MANY = """
            with spell as (
                select t.job, t.gate, t.began,
                       least(coalesce(t.ended, 9e18::bigint), coalesce(o.at, 9e18::bigint)) as ended
                  from {s}.turn t left join {s}.told o on o.job = t.job and o.attempt = t.attempt),
            event as (
                select job, gate, began as at, 1 as step from spell where ended > began
                union all
                select job, gate, ended, -1 from spell where ended > began),
            counted as (
                select e.*, sum(step) over (partition by gate order by at, step rows unbounded preceding) as at_once
                  from event e)
            select distinct job from counted
             where step = 1
               and at_once > case when gate like '%LIMITED%/%' then %EACH_KEY% else %SCARCE_AT_ONCE% end""".replace("%LIMITED%", LIMITED)
            .replace("%EACH_KEY%", Integer.toString(EACH_KEY))
            .replace("%SCARCE_AT_ONCE%", Integer.toString(SCARCE_AT_ONCE));

    /** Claims that a bucket of this rate and burst would not have let through, one job's rounding forgiven. */
    private static final String TOO_FAST = """
            with start as (
                select b.job, row_number() over (order by b.at) as n, (b.at - min(b.at) over ()) / 1e6 as t
                  from {s}.begun b join {s}.queue q on q.id = b.queue
                 where q.name = '%METERED%'),
            level as (
                select s.job, s.n - %PER_SECOND% * s.t
                       - min(s.n - 1 - %PER_SECOND% * s.t) over (order by s.n rows unbounded preceding) as used
                  from start s)
            select job from level where used > %BURST% + 1""".replace("%METERED%", METERED)
            .replace("%PER_SECOND%", Integer.toString(PER_SECOND))
            .replace("%BURST%", Integer.toString(BURST));

    /** Jobs that came to be while another with their key had not come to its end, and nobody had asked to cancel it. */
    private static final String TWO_AT_A_TIME = """
            with life as (
                select j.id, j.created, j.payload::jsonb ->> 'key' as key,
                       coalesce(
                           (select min(o.at) from {s}.told o join {s}.attempt a on a.job = o.job and a.attempt = o.attempt
                             where a.job = j.id and a.outcome = 0),
                           (select d.failed from {s}.dead_letter d where d.job = j.id),
                           (select min(w.at) from {s}.asked w where w.job = j.id),
                           9e18::bigint) as ended
                  from {s}.job j join {s}.kind k on k.id = j.kind
                 where k.name = 'Single')
            select id from (
                select l.id, l.created,
                       max(l.ended) over (partition by l.key order by l.created
                                          rows between unbounded preceding and 1 preceding) as before
                  from life l) x
             where created < before""";

    private Watch() {}

    static void install(Ledger ledger) {
        TABLES.forEach(ledger::execute);
    }

    /** The limits that are watched. */
    static void limit(Limits limits) {
        limits.put(Limit.ofQueue(LIMITED).concurrency(EACH_KEY).forEachKey());
        limits.put(
                Limit.ofQueue(METERED).rate(PER_SECOND, Duration.ofSeconds(1)).burst(BURST));
        limits.put(Limit.ofKind(SCARCE).concurrency(SCARCE_AT_ONCE));
    }

    /** How much there was to watch. */
    static Map<String, Long> seen(Ledger ledger) {
        Map<String, Long> seen = new LinkedHashMap<>();
        seen.put("limited_runs", (long) ledger.number("select count(*) from {s}.turn"));
        seen.put("metered_starts", (long)
                ledger.number("select count(*) from {s}.begun b join {s}.queue q on q.id = b.queue where q.name = '"
                        + METERED + "'"));
        seen.put("singles", (long) ledger.number(
                "select count(*) from {s}.job j join {s}.kind k on k.id = j.kind where k.name = 'Single'"));
        seen.put("cancels_acknowledged", (long) ledger.number("select count(*) from {s}.cancel_ack"));
        seen.put("cancelled", (long) ledger.number("select count(*) from {s}.cancelled"));
        seen.put("poisoned", (long) ledger.number("select count(*) from {s}.dead_letter where code = 'POISONED'"));
        return seen;
    }

    static void check(Audit audit) {
        audit.check("limit_violations", TOO_MANY);
        audit.check("limit_violations", TOO_FAST);
        audit.check("unique_violations", TWO_AT_A_TIME);
        audit.check(
                "ran_after_cancel",
                "select b.job from {s}.begun b join {s}.cancel_ack c on c.job = b.job where b.sent > c.at");
    }
}
