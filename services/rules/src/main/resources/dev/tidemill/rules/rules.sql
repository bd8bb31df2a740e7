-- :are_there
-- A schema may do without rules.
select to_regclass('{schema}.rule') is not null

-- :turn
-- Whoever changes rules and triggers takes turns, so that no two make the same function.
select pg_advisory_xact_lock(hashtextextended('tidemill.rules.{name}', 0))

-- :patience
-- Everybody else queues behind a lock on a table that is waited for, and where we and a writer wait for each other we have
-- to be the ones who give way.
select set_config('lock_timeout', least(300, setting::integer / 2)::text, true) from pg_settings where name = 'deadlock_timeout'

-- :put_rule
-- A changed definition is a new beginning: what is older than this transaction may have written unseen.
insert into {schema}.rule as r (name, table_name, table_oid, definition, gather_ms, outside, queried, served, installed)
values (?, ?, ?::oid, ?::jsonb, ?, ?, ?, now(), pg_current_xact_id())
on conflict (name) do update set
    table_name = excluded.table_name, table_oid = excluded.table_oid, definition = excluded.definition,
    gather_ms = excluded.gather_ms, outside = excluded.outside, queried = excluded.queried, served = excluded.served,
    broken = null,
    since = case when r.broken is null then r.since else now() end,
    installed = case when r.definition is distinct from excluded.definition or r.table_oid <> excluded.table_oid
                          or r.broken is not null
                     then excluded.installed else r.installed end
returning id

-- :rewind
-- A backfill that was under way on a table that was made anew since: how far it came says nothing about that one.
update {schema}.rule_run x set position = null, rows_seen = 0
from {schema}.rule r
where r.name = ? and r.table_oid <> ?::oid and x.rule = r.id and x.mode = 'BACKFILL' and x.state = 'RUNNING'

-- :stored
-- What anybody can make a rule's triggers from again, without its code.
select id, table_name, definition::text from {schema}.rule where name = ? for update

-- :refit
-- As a changed definition: what is older than this transaction may have written unseen.
update {schema}.rule set table_oid = ?::oid, since = case when broken is null then since else now() end, broken = null,
    installed = pg_current_xact_id() where id = ?

-- :tables
select id, table_oid::bigint from {schema}.rule

-- :served
update {schema}.rule set served = now() where id = any (?)

-- :note
select {schema}.note_change(?, ?, ?, ?)

-- :is_outside
select coalesce((to_jsonb(r)->>'outside')::boolean, false) from {schema}.rule r where r.name = ?

-- :only_deletes
select r.definition->'events' = '["DELETE"]' from {schema}.rule r where r.name = ?

-- :only_deletes_unqueried
-- And no query tells what is wrong. A program that does not say whether there is one may have it.
select r.definition->'events' = '["DELETE"]' and to_jsonb(r)->>'queried' = 'false' from {schema}.rule r where r.name = ?

-- :former
select table_name, broken is not null from {schema}.rule where name = ? for update

-- :put_shards
insert into {schema}.rule_shard (rule, shard) select ?, s from generate_series(0, 63) s on conflict do nothing

-- :break
-- Tells whether it was well before. A rule that is broken for another reason than it was is so since then all the same.
with former as (select f.id, f.broken from {schema}.rule f where f.id = ? for update)
update {schema}.rule r set broken = ?, since = case when f.broken is null then now() else r.since end
from former f where r.id = f.id and f.broken is distinct from ?
returning f.broken is null

-- :mend
update {schema}.rule set broken = null, since = now() where id = ? and broken is not null

-- :pause
update {schema}.rule set paused = ?, since = now() where name = ? and paused <> ?

-- :paused
select name from {schema}.rule where paused

-- :rule_id
select id from {schema}.rule where name = ?

-- :remove_rule
delete from {schema}.rule where name = ? returning id, table_name

-- :remove_all
with gone (rule) as (values (?::integer)),
a as (delete from {schema}.rule_change x using gone g where x.rule = g.rule),
b as (delete from {schema}.rule_held x using gone g where x.rule = g.rule),
c as (delete from {schema}.rule_parked x using gone g where x.rule = g.rule),
d as (delete from {schema}.rule_shard x using gone g where x.rule = g.rule),
e as (delete from {schema}.rule_run x using gone g where x.rule = g.rule),
f as (delete from {schema}.rule_drift x using gone g where x.rule = g.rule),
h as (delete from {schema}.rule_seen x using gone g where x.rule = g.rule)
delete from {schema}.rule_minute x using gone g where x.rule = g.rule

-- :pending
select rule, first_id, age_ms from {schema}.rule_pending(?, ?)

-- :horizon
select last_id, running from {schema}.rule_horizon()

-- :fence
select last_id, transaction from {schema}.rule_fence()

-- :ended
-- Which of these transactions are over, in a snapshot that is younger than what was taken before.
select x from unnest(?::bigint[]) x where pg_visible_in_snapshot(x::text::xid8, pg_current_snapshot())

-- :last_id
select c.id from {schema}.rule_change c where c.rule = ? order by c.id desc limit 1

-- :names
select id::text, name from {schema}.rule

-- :claim
select {schema}.rule_claim(?, ?, ?, ?, ?)

-- :take
select id, op::text, key, row_id::text, old::text, new::text, origin, age_micros, parked, released
from {schema}.rule_take_at(?, ?, ?, ?)

-- :done
delete from {schema}.rule_change where rule = ? and id = any (?)

-- :hold
-- What is to be done for a key that a job has waits where that job finds it.
with moved as (delete from {schema}.rule_change where rule = ? and id = any (?) returning *)
insert into {schema}.rule_held (rule, key, id, op, row_id, old, new, origin, written)
select rule, key, id, op, row_id, old, new, origin, written from moved

-- :park
insert into {schema}.rule_parked (rule, key, why, job, error)
select ?, p.key, p.why, p.job, p.error from unnest(?::text[], ?::text[], ?::bigint[], ?::text[]) p (key, why, job, error)

-- :parked
-- By the hash that the index has, here and below, and by the key, since two may share a hash. Locked until the transaction
-- ends: a pump that finds more for this key leaves it where it is meanwhile.
select p.why, p.error, r.paused from {schema}.rule_parked p join {schema}.rule r on r.id = p.rule
where p.rule = ? and p.key_hash = hashtextextended(?, 0) and p.key = ? for update of p

-- :key_of_job
select key from {schema}.rule_parked where rule = ? and job = ?

-- :held
select id, op::text, key, row_id::text, old::text, new::text, origin,
       greatest((extract(epoch from clock_timestamp() - written) * 1000000)::bigint, 0), 0
from {schema}.rule_held where rule = ? and key_hash = hashtextextended(?, 0) and key = ? order by id limit 1000

-- :held_done
delete from {schema}.rule_held where rule = ? and key_hash = hashtextextended(?, 0) and key = ? and id = any (?)

-- :unpark
delete from {schema}.rule_parked where rule = ? and key_hash = hashtextextended(?, 0) and key = ?

-- :parked_error
-- What works outside is parked from its first failure on; what only waits for its time has not failed.
update {schema}.rule_parked p set error = ?, why = case when f.failed then 'FAILED' else p.why end,
    since = case when f.failed and p.why = 'OUTSIDE' then now() else p.since end
from (values (?)) f (failed) where p.rule = ? and p.key_hash = hashtextextended(?, 0) and p.key = ?

-- :outside_again
-- What worked at last is no more than in the hands of its job.
update {schema}.rule_parked set error = null, why = 'OUTSIDE'
where rule = ? and key_hash = hashtextextended(?, 0) and key = ? and error is not null

-- :parked_job
update {schema}.rule_parked set job = ? where rule = ? and key_hash = hashtextextended(?, 0) and key = ?

-- :release
-- Back to the pump under the numbers they had, as if they had been committed late: what came meanwhile has higher ones, also
-- where its writer is not done yet. New numbers would put what is older last. The lock on rule_parked keeps pumps from the
-- key's other changes until all of it is there, and released has them look from the beginning then.
with moved as (
    delete from {schema}.rule_held where rule = ? and key_hash = hashtextextended(?, 0) and key = ? returning *),
told as (
    update {schema}.rule r set released = r.released + 1
    where r.id in (select m.rule from moved m))
insert into {schema}.rule_change (rule, id, op, key, row_id, old, new, written)
select rule, id, op, key, row_id, old, new, written from moved

-- :seen
insert into {schema}.rule_seen as s (rule, row_id, digest)
select ?, v.row_id, hashtextextended(v.doc, 0) from unnest(?::text[], ?::text[]) v (row_id, doc)
on conflict (rule, row_id) do update set digest = excluded.digest where s.digest <> excluded.digest

-- :forget_seen
-- Of rows that are gone. One that another transaction has in hand it tells of itself, or the next sweep does.
delete from {schema}.rule_seen s using (
    select x.row_id from {schema}.rule_seen x where x.rule = ? and x.row_id = any (?) for update skip locked) w
where s.rule = ? and s.row_id = w.row_id

-- :seen_page
select row_id from {schema}.rule_seen where rule = ? and row_id > ? order by row_id limit ?

-- :seen_of_gone
-- The rules that have some and are not there any more. Each step is a look into the index, however many rows there are.
with recursive s (rule) as (
    (select x.rule from {schema}.rule_seen x order by x.rule limit 1)
    union all
    select (select x.rule from {schema}.rule_seen x where x.rule > s.rule order by x.rule limit 1) from s
    where s.rule is not null)
select s.rule from s where s.rule is not null and not exists (select from {schema}.rule r where r.id = s.rule)

-- :forget_seen_of
delete from {schema}.rule_seen
where ctid = any (array(select x.ctid from {schema}.rule_seen x where x.rule = ? limit ? for update skip locked))

-- :minute
insert into {schema}.rule_minute as m (rule, minute, node, changes, effects, coalesced, skipped, failures, reaction_micros,
                                       slowest_micros, lag)
values (?, date_trunc('minute', now()), ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (rule, minute, node) do update set
    changes = m.changes + excluded.changes, effects = m.effects + excluded.effects,
    coalesced = m.coalesced + excluded.coalesced, skipped = m.skipped + excluded.skipped,
    failures = m.failures + excluded.failures, reaction_micros = m.reaction_micros + excluded.reaction_micros,
    slowest_micros = greatest(m.slowest_micros, excluded.slowest_micros),
    lag = (select array_agg(l.a + l.b order by l.place)
           from unnest(m.lag, excluded.lag) with ordinality l (a, b, place))

-- :forget_minutes
delete from {schema}.rule_minute where minute < now() - interval '2 days'

-- :forget_runs
delete from {schema}.rule_run x
using (select r.id, row_number() over (partition by r.rule, r.mode order by r.id desc) as place
       from {schema}.rule_run r where r.state <> 'RUNNING') old
where x.id = old.id and old.place > 100

-- :idle_conditions
-- The functions of conditions whose rules are gone, of those that this role may drop.
select format('%I.%I(jsonb, jsonb)', n.nspname, p.proname)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.oid = '{schema}'::regnamespace and p.proname ~ '^rule_when_[0-9]+$'
  and p.proargtypes = array_to_string(array['jsonb'::regtype::oid, 'jsonb'::regtype::oid], ' ')::oidvector
  and pg_has_role(p.proowner, 'USAGE')
  and not exists (select from {schema}.rule r where 'rule_when_' || r.id = p.proname)
order by p.oid limit 1000

-- :forget_gone
-- What others wrote for a rule while it was removed: their transactions, and so their rows, ended later.
with a as (delete from {schema}.rule_change x where not exists (select from {schema}.rule r where r.id = x.rule)),
b as (delete from {schema}.rule_held x where not exists (select from {schema}.rule r where r.id = x.rule)),
c as (delete from {schema}.rule_run x where not exists (select from {schema}.rule r where r.id = x.rule)),
d as (delete from {schema}.rule_drift x where not exists (select from {schema}.rule r where r.id = x.rule)),
e as (delete from {schema}.rule_minute x where not exists (select from {schema}.rule r where r.id = x.rule))
delete from {schema}.rule_parked x where not exists (select from {schema}.rule r where r.id = x.rule)

-- :status
-- Counts end at 100,001: more is more, whatever the number. The last three by way of JSON, because programs of the former
-- version may have made the tables, and have not these columns.
select r.id, r.name, r.table_name, r.paused, r.broken, r.since,
       (select count(*) from (select from {schema}.rule_change c where c.rule = r.id limit 100001) x),
       (select (extract(epoch from clock_timestamp() - c.written) * 1000)::bigint from {schema}.rule_change c
        where c.rule = r.id order by c.id limit 1),
       (select count(*) from (select from {schema}.rule_parked p where p.rule = r.id and p.why <> 'OUTSIDE' limit 100001) x),
       (select count(*) from (select from {schema}.rule_held h where h.rule = r.id limit 100001) x),
       (select min(p.since) from {schema}.rule_parked p where p.rule = r.id and p.why <> 'OUTSIDE'),
       (extract(epoch from clock_timestamp() - (to_jsonb(r)->>'served')::timestamptz) * 1000)::bigint,
       coalesce((to_jsonb(r)->>'gather_ms')::bigint, 0),
       coalesce((to_jsonb(r)->>'outside')::boolean, false)
from {schema}.rule r order by r.name

-- :minutes
select m.rule, m.changes, m.effects, m.coalesced, m.skipped, m.failures, m.reaction_micros, m.slowest_micros, m.lag
from {schema}.rule_minute m where m.minute >= now() - interval '15 minutes'

-- :runs
select distinct on (x.rule, x.mode) x.rule, x.id, x.mode, x.state, x.rows_seen, x.rows_expected, x.drifted, x.repaired,
       x.note, x.started, x.ended
from {schema}.rule_run x order by x.rule, x.mode, x.id desc

-- :causes
-- Why the last sweep of each rule found what it found; of more than a thousand, the latest thousand.
select d.rule, d.cause, count(*)
from (select x.rule, max(x.id) as id from {schema}.rule_run x where x.mode = 'SWEEP' group by x.rule) last
join {schema}.rule_drift d on d.rule = last.rule and d.run = last.id
group by d.rule, d.cause

-- :parked_keys
select key, why, job, error, since from {schema}.rule_parked where rule = ? and why <> 'OUTSIDE' order by since limit ?

-- :drifts
select key, cause, repaired, found from {schema}.rule_drift where rule = ? order by id desc limit ?

-- :begin_backfill
insert into {schema}.rule_run (rule, mode, state, rows_per_second, rows_expected)
select r.id, 'BACKFILL', 'RUNNING', ?,
       coalesce((select greatest(c.reltuples, 0)::bigint from pg_class c where c.oid = to_regclass(r.table_name)), 0)
from {schema}.rule r where r.id = ?
on conflict (rule, mode) where state = 'RUNNING' do nothing
returning id

-- :run_trouble
update {schema}.rule_run set note = ? where rule = ? and mode = 'BACKFILL' and state = 'RUNNING' and note is distinct from ?

-- :begin_run
insert into {schema}.rule_run (rule, mode, state, rows_per_second, rows_expected, cap)
values (?, ?, 'RUNNING', ?, ?, ?)
on conflict (rule, mode) where state = 'RUNNING' do nothing
returning id

-- :running
select id from {schema}.rule_run where rule = ? and mode = ? and state = 'RUNNING'

-- :backfilled
select x.rule from {schema}.rule_run x where x.mode = 'BACKFILL' and x.state = 'RUNNING'

-- :run_turn
-- Whoever has the row does the next page. Not on a table that was made anew and has no triggers yet: what is written to it
-- would be missed.
select x.id, x.position::text, x.last_change, x.rows_per_second, x.rows_seen, x.rows_expected,
       r.installed < pg_snapshot_xmin(pg_current_snapshot()),
       (select count(*) from (select from {schema}.rule_change c where c.rule = x.rule limit 10000) w)
from {schema}.rule_run x join {schema}.rule r on r.id = x.rule
where x.rule = ? and x.mode = 'BACKFILL' and x.state = 'RUNNING' and not r.paused
  and r.table_oid = coalesce(to_regclass(r.table_name), r.table_oid)
  and (x.rows_seen = 0 or x.updated + least(5000, greatest(1, x.rows_per_second / 5)) * interval '1 s' / x.rows_per_second
          <= clock_timestamp())
for update of x skip locked

-- :same_table
-- Asked after the page was read, which has locked the table since: it may have been made anew between the turn and the page.
select table_oid = to_regclass(table_name) from {schema}.rule where id = ?

-- :run_page
update {schema}.rule_run set position = ?::jsonb, last_change = ?, rows_seen = rows_seen + ?, note = ?, updated = clock_timestamp()
where id = ?

-- :run_note
update {schema}.rule_run set note = ?, updated = clock_timestamp() where id = ?

-- :run_end
update {schema}.rule_run set state = ?, note = ?, drifted = ?, repaired = ?, updated = clock_timestamp(), ended = clock_timestamp()
where id = ? and state = 'RUNNING'

-- :run_cancel
update {schema}.rule_run set state = 'CANCELLED', ended = clock_timestamp() where rule = ? and mode = ? and state = 'RUNNING'

-- :drained
-- Whether nothing is left of what was appended up to here.
select not exists (select from {schema}.rule_change where rule = ? and op = 'c' and id <= ?)

-- :shard_of
select s.shard from {schema}.rule_shard s
where s.rule = ? and s.shard = (hashtextextended(?, 0) & 63)::smallint for update

-- :is_pending
select exists (select from {schema}.rule_change c where c.rule = ? and c.key = ?),
       exists (select from {schema}.rule_parked p
               where p.rule = ? and p.key_hash = hashtextextended(?, 0) and p.key = ?)

-- :digest
select s.digest = hashtextextended(?, 0) from {schema}.rule_seen s where s.rule = ? and s.row_id = ?

-- :drift
insert into {schema}.rule_drift (rule, run, key, cause, repaired) values (?, ?, ?, ?, ?)

-- :forget_drift
delete from {schema}.rule_drift d
where d.rule = ? and d.id < (select x.id from {schema}.rule_drift x where x.rule = ? order by x.id desc offset 999 limit 1)

-- :written
-- What tables have had written in this transaction so far, undone or not; but for temporary ones, what goes with the row of a
-- job that was enqueued, and what triggers noted. By their very names: the application may have tables in this schema, too.
select c.oid::regclass::text,
       pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid)
from pg_class c
where c.relkind = 'r' and c.relpersistence <> 't' and c.relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
  and not (c.relnamespace = '{schema}'::regnamespace
           and (c.relname in ('rule_change', 'ready', 'scheduled', 'lease', 'unique_key', 'kind', 'queue')
                or exists (select from pg_inherits i
                           where i.inhrelid = c.oid and i.inhparent = to_regclass('{schema}.tag'))))
  and pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid) > 0

-- :rule_names
select id, name from {schema}.rule order by id

-- :append
insert into {schema}.rule_change (rule, op, key, row_id)
select ?, 'c', p.key, p.row_id::jsonb
from unnest(?::text[], ?::text[]) with ordinality p (key, row_id, place) where p.key is not null order by p.place
returning id

-- :cancel_sweeps
update {schema}.rule_run set state = 'CANCELLED', ended = clock_timestamp() where rule = ? and mode = 'SWEEP' and state = 'RUNNING'

-- :run_rows
update {schema}.rule_run set rows_seen = ? where id = ?
