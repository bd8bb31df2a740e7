-- :look
-- What a snapshot did not see and this statement does, with the statement's own snapshot: of the transactions that were
-- still open then, by their numbers, and of all that came later. Long transactions cost nothing here.
select pg_current_snapshot()::text,
       (select l.id from {schema}.cache_life l),
       (select h.forgotten_below from {schema}.cache_horizon h),
       i.xid, i.cache, i.target, i.pattern
from (select 1) one
left join lateral (
    select xid, cache, target, pattern from {schema}.cache_invalidation where xid >= pg_snapshot_xmax(?::pg_snapshot)
    union all
    select n.xid, n.cache, n.target, n.pattern
    from pg_snapshot_xip(?::pg_snapshot) r (xid) join {schema}.cache_invalidation n on n.xid = r.xid
) i on true

-- :live
-- The first who finds no life begins one.
insert into {schema}.cache_life (id) values (gen_random_uuid()::text) on conflict do nothing

-- :append
insert into {schema}.cache_invalidation (cache, target, pattern, matches)
select ?, t.target, t.pattern, t.matches from unnest(?::text[], ?::text[], ?::text[]) t (target, pattern, matches)
returning xid

-- :read
select * from {schema}.cache_read(?, ?)

-- :claim
select * from {schema}.cache_claim(?, ?, ?)

-- :renew
-- Rows that somebody holds are left out: they are being stored, or looked at by one who wants them, and there is a next
-- time.
update {schema}.cache_fill f set until = clock_timestamp() + ? * interval '1 ms'
where f.cache = ? and (f.key, f.token) in (
    select x.key, x.token
    from {schema}.cache_fill x join unnest(?::text[], ?::bigint[]) g (key, token) on x.key = g.key and x.token = g.token
    where x.cache = ? for update of x skip locked)

-- :release
delete from {schema}.cache_fill f
using (select x.ctid from {schema}.cache_fill x
       join unnest(?::text[], ?::bigint[]) g (key, token) on x.key = g.key and x.token = g.token
       where x.cache = ? order by x.key for update of x) held
where f.ctid = held.ctid

-- :store
select * from {schema}.cache_store(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :store_in
-- In somebody's transaction: nothing but an insert, so that no lock of ours is left in it. What the transaction's
-- snapshot does not see makes it void, its own invalidation excepted.
insert into {schema}.cache_entry
    (cache, key, version, as_of, own, tags, targets, loaded_at, fresh_until, usable_until, ends_at, bytes)
values (?, ?, nextval('{schema}.cache_version'), pg_current_snapshot(), pg_current_xact_id(), ?, ?,
        clock_timestamp(), clock_timestamp() + ? * interval '1 ms', clock_timestamp() + ? * interval '1 ms',
        clock_timestamp() + ? * interval '1 ms', ?)

-- :size
-- Estimates, without reading the entries: by the server's counts of writes, up to ten seconds late. What vacuum last
-- saw would be too old for tables of ten minutes.
select coalesce(sum(pg_stat_get_live_tuples(c.oid)), 0)::bigint, coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = '{schema}.cache_entry'::regclass

-- :size_of
select count(*), coalesce(sum(octet_length(e.bytes)), 0)
from (select x.bytes from {schema}.cache_entry x where x.cache = ? and x.ends_at > now() limit 100000) e

-- :call
select pg_notify('{channel}', '')

-- :listen
listen "{channel}"

-- :unlisten
unlisten "{channel}"

-- :tables
select {schema}.cache_tables(? * interval '1 ms')

-- :forget
select {schema}.cache_forget(? * interval '1 ms')

-- :tidy_turn
-- One node at a time; the others have nothing to do then.
select pg_try_advisory_xact_lock(hashtextextended('tidemill.cache.{name}', 0))
