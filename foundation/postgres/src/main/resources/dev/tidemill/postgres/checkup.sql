-- What the doctor asks. Every statement runs in a read-only transaction with a time limit of its own, and shows no text
-- of other sessions' queries, which may hold data.

-- :checkup_server
select {schema}.now_micros(), (extract(epoch from clock_timestamp()) * 1000000)::bigint, current_setting('server_version')

-- :checkup_idle
select a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
       extract(epoch from clock_timestamp() - a.state_change)::bigint,
       extract(epoch from clock_timestamp() - a.xact_start)::bigint, a.state = 'idle in transaction (aborted)'
  from pg_stat_activity a
 where a.datname = current_database() and a.state like 'idle in transaction%' and a.pid <> pg_backend_pid()
   and a.state_change < clock_timestamp() - ? * interval '1 second'
 order by a.xact_start
 limit 20

-- :checkup_xmin
-- Snapshots and transaction ids of this database, and what standbys hold through their walsenders, which are in none.
-- Autovacuum's own do not count; they have no user. Without the right to see another's session its state and start are
-- unknown, but not the age of what it holds.
select a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''), a.datid is null,
       extract(epoch from clock_timestamp() - a.xact_start)::bigint, x.age
  from pg_stat_activity a
 cross join lateral (select greatest(age(a.backend_xmin), age(a.backend_xid)) as age) x
 where (a.datname = current_database() or a.datid is null) and a.usesysid is not null
   and a.pid <> pg_backend_pid() and x.age is not null
   and (a.xact_start < clock_timestamp() - ? * interval '1 second' or a.xact_start is null and x.age > ?)
 order by x.age desc, a.xact_start
 limit 5

-- :checkup_hidden_sessions
select count(*)
  from pg_stat_activity a
 where a.datname = current_database() and a.usename <> current_user
   and not pg_has_role(current_user, a.usesysid, 'usage') and not pg_has_role(current_user, 'pg_read_all_stats', 'usage')

-- :checkup_prepared
select p.gid, p.owner, extract(epoch from clock_timestamp() - p.prepared)::bigint, age(p.transaction)
  from pg_prepared_xacts p
 where p.database = current_database() and p.prepared < clock_timestamp() - ? * interval '1 second'
 order by p.prepared
 limit 20

-- :checkup_slots
select s.slot_name, s.slot_type, coalesce(age(s.xmin), 0), coalesce(age(s.catalog_xmin), 0), w.retained
  from pg_replication_slots s
 cross join lateral (select case when pg_is_in_recovery() then 0
                                 else coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn), 0)::bigint
                            end as retained) w
 where not s.active and (s.xmin is not null or s.catalog_xmin is not null or w.retained > ?)
 order by w.retained desc
 limit 20

-- :checkup_settings
select name, setting from pg_settings
 where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'autovacuum', 'track_counts')
   and setting in ('off', 'local')
 order by name

-- :checkup_notify
select pg_notification_queue_usage()

-- :checkup_tables
-- The threshold is what autovacuum waits for: the table's own settings, or the server's. Sizes are those of files, which
-- are looked at one by one; of the partitions, which may be many, only where there are dead rows.
select c.relname, coalesce(s.n_live_tup, 0), coalesce(s.n_dead_tup, 0),
       case when s.n_dead_tup > 0 or not c.relispartition then pg_table_size(c.oid) else 0 end,
       case when s.n_dead_tup > 0 or not c.relispartition then pg_indexes_size(c.oid) else 0 end,
       extract(epoch from clock_timestamp() - greatest(s.last_autovacuum, s.last_vacuum))::bigint,
       (coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o
                   where o.option_name = 'autovacuum_vacuum_threshold'),
                 current_setting('autovacuum_vacuum_threshold')::float8)
        + coalesce((select o.option_value::float8 from pg_options_to_table(c.reloptions) o
                     where o.option_name = 'autovacuum_vacuum_scale_factor'),
                   current_setting('autovacuum_vacuum_scale_factor')::float8) * greatest(c.reltuples, 0))::bigint,
       coalesce((select o.option_value = 'false' or o.option_value = 'off' from pg_options_to_table(c.reloptions) o
                  where o.option_name = 'autovacuum_enabled'), false)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join pg_stat_all_tables s on s.relid = c.oid
 where n.nspname = '{name}' and c.relkind = 'r'
 order by c.relname
 limit 1000

-- :checkup_indexes
select i.relname, t.relname, x.indisvalid and x.indisready, x.indisunique, x.indisprimary, i.relkind = 'I',
       coalesce(s.idx_scan, 0), case when coalesce(s.idx_scan, 0) = 0 then pg_relation_size(i.oid) else 0 end,
       i.relispartition
  from pg_index x
  join pg_class i on i.oid = x.indexrelid
  join pg_class t on t.oid = x.indrelid
  join pg_namespace n on n.oid = t.relnamespace
  left join pg_stat_all_indexes s on s.indexrelid = i.oid
 where n.nspname = '{name}'
 order by i.relname
 limit 10000

-- :checkup_partitions
select p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
  from pg_inherits h
  join pg_class p on p.oid = h.inhparent
  join pg_class c on c.oid = h.inhrelid
  join pg_namespace n on n.oid = p.relnamespace
 where n.nspname = '{name}' and p.relkind = 'p'
 limit 10000

-- :checkup_ids
select (select last_value * 1000 from {schema}.job_block), (select last_value from {schema}.lease_id)

-- :checkup_nodes
select n.epoch, n.name, n.host, n.pid, {schema}.now_micros() - n.heartbeat, n.kinds, n.queues, n.running,
       {schema}.now_micros() - c.since,
       (select count(*) from {schema}.lease l where l.epoch = n.epoch),
       exists (select from {schema}.drained d where d.node = n.name), n.off_peak
  from {schema}.node n
  left join {schema}.closing c on c.epoch = n.epoch
 where n.ended is null
 order by n.heartbeat
 limit 1000

-- :checkup_orphans
-- Ended, or never heard of. Both are written in the transaction that returns the leases, so what is seen stays.
select l.epoch, count(*), sum(cardinality(l.jobs))::bigint, ({schema}.now_micros() - min(l.claimed)) / 1000000,
       min(n.name)
  from {schema}.lease l
  left join {schema}.node n on n.epoch = l.epoch
 where n.epoch is null or n.ended is not null
 group by l.epoch
 order by l.epoch
 limit 1000

-- :checkup_waiting
-- A sample, along the key: a backlog of millions is not counted here, and space that jobs left is not read. Another of
-- what waits at limits and for paused keys. Where there is more than a sample, what it may have missed is taken from the
-- depths as last counted.
with seen as materialized (
    (select kind, queue, job, 0 as place
       from {schema}.ready
      order by ready.queue, ready.priority, ready.start_by, ready.job
      limit 20000)
    union all
    (select kind, queue, job, 1
       from {schema}.parked
      order by parked.rule, parked.gate, parked.priority, parked.start_by, parked.job
      limit 20000)),
sample as (
    select s.kind, s.queue, count(*) as ready, min(s.job) as job
      from seen s
     group by s.kind, s.queue),
counted as (
    select x.kind, x.queue, sum(x.ready)::bigint as ready
      from {schema}.rollup d
     cross join lateral jsonb_to_recordset(d.body) as x (queue integer, kind integer, ready bigint)
     where d.name = 'depth' and x.ready > 0
       and 20000 in (select count(*) from seen s group by s.place)
     group by x.kind, x.queue)
select k.name, q.name, greatest(coalesce(s.ready, 0), coalesce(c.ready, 0)), coalesce(s.job, 0)
  from sample s
  full join counted c on c.kind = s.kind and c.queue = s.queue
  join {schema}.kind k on k.id = coalesce(s.kind, c.kind)
  join {schema}.queue q on q.id = coalesce(s.queue, c.queue)
 order by 3 desc
 limit 200

-- :checkup_overdue
select count(*), {schema}.now_micros() - min(due)
  from (select due from {schema}.scheduled where due < {schema}.now_micros() - ? order by due limit 10000) o

-- :checkup_depths
select {schema}.now_micros() - at, took from {schema}.rollup where name = 'depth'

-- :checkup_dead_letters
select count(*), count(*) filter (where d.failed > {schema}.now_micros() - 3600000000)
  from (select failed from {schema}.dead_letter where not discarded order by failed desc, job desc limit 10000) d

-- :checkup_dead_letter_kinds
-- Of the newest: their rows are long.
select coalesce(k.name, ''), d.code, count(*)
  from (select kind, code from {schema}.dead_letter where not discarded order by failed desc, job desc limit 1000) d
  left join {schema}.kind k on k.id = d.kind
 group by k.name, d.code
 order by count(*) desc
 limit 3

-- :why_lease
select n.name, n.host, n.pid, n.epoch, n.ended is not null, {schema}.now_micros() - n.heartbeat,
       {schema}.now_micros() - l.claimed
  from {schema}.lease l
  left join {schema}.node n on n.epoch = l.epoch
 where ? = any (l.jobs)
   and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = ?)
 order by l.id desc
 limit 1

-- :why_place
-- How many go first in its lane, by walking the lane's head: ready is not searched by job. The walk ends where the job is.
select l.place - 1, l.start_by
  from (select r.job, r.start_by, row_number() over (order by r.start_by, r.job) as place
          from (select job, start_by from {schema}.ready
                 where queue = (select id from {schema}.queue where name = ?) and priority = ?
                 order by start_by, job
                 limit ?) r) l
 where l.job = ?
 limit 1

-- :why_more_urgent
select exists (select from {schema}.ready r
                where r.queue = (select id from {schema}.queue where name = ?) and r.priority = p.priority)
  from generate_series(0, ? - 1) p (priority)

-- :why_dead
select code, error, {schema}.now_micros() - failed from {schema}.dead_letter where job = ?

-- :why_cancelled
select c.by, c.at
  from (select c.by, c.at from {schema}.cancelled c where c.job = ?
        union all
        select c.by, c.at from {schema}.cancelled_kept c where c.job = ?
        union all
        select c.by, c.at from {schema}.cancel_request c where c.job = ?) c
 order by c.at
 limit 1

-- :why_pauses
select s.scope, s.name, s.since, s.by, s.reason
  from {schema}.pause s
 where s.scope = 0 or s.scope = 1 and s.name = ? or s.scope = 2 and s.name = ?
    or s.scope = 3 and s.number in (
           select b.key & -2 from {schema}.job b where b.id = ?
           union all
           select b.key & -2 from {schema}.job_kept b where b.id = ?)
 order by s.scope

-- :why_parked
-- A claim that found the job at a limit has put it there; -1 stands for a paused key.
select p.rule, r.scope, coalesce(q.name, k.name), r.per_key, r.concurrency, r.rate, r.per,
       (select count(*)
          from (select from {schema}.parked o
                 where o.rule = p.rule and o.gate = p.gate
                   and (o.priority, o.start_by, o.job) < (p.priority, p.start_by, p.job)
                 limit 100000) a)
  from {schema}.parked p
  left join {schema}.limit_rule r on r.id = p.rule
  left join {schema}.queue q on r.scope = 1 and q.id = r.target
  left join {schema}.kind k on r.scope = 2 and k.id = r.target
 where p.job = ?
 limit 1

-- :why_queue_limit
-- Nothing is parked at the limit of a whole queue: a claim asks for no more than that lets through, and the rest stays in
-- its lane.
select r.id, r.scope, q.name, r.per_key, r.concurrency, r.rate, r.per
  from {schema}.limit_rule r
  join {schema}.queue q on q.id = r.target
 cross join lateral {schema}.rooms(r.id, '{0}', true) m
 where r.scope = 1 and not r.per_key and q.name = ? and m.room <= 0

-- :checkup_pauses
select s.scope, s.name, ({schema}.now_micros() - s.since) / 1000000, s.by, s.reason
  from {schema}.pause s
 order by s.since
 limit 20
