-- The statements that are not functions, one an operation. {schema} is the schema's name.

-- :server_version
select current_setting('server_version_num')::integer, current_setting('server_version')

-- :take_blocks
select nextval('{schema}.job_block'), {schema}.now_micros() from generate_series(1, ?)

-- :now
select {schema}.now_micros()

-- :kind_id
select id from {schema}.kind where name = ?

-- :add_kind
insert into {schema}.kind (name) values (?) on conflict do nothing

-- :queue_id
select id from {schema}.queue where name = ?

-- :add_queue
insert into {schema}.queue (name) values (?) on conflict do nothing

-- :add_ready
-- Plain jobs, due now: the shape that single enqueues take.
select {schema}.add_ready(?, ?, ?, ?, ?::text[], ?::text[], ?)

-- :add_scheduled
with input as (
    select u.*, n.now, case when u.at > 0 then u.at else n.now + u.delay end as due
      from unnest(?::bigint[], ?::integer[], ?::integer[], ?::smallint[], ?::text[], ?::text[], ?::bigint[],
                  ?::bigint[], ?::bigint[])
           u (id, kind, queue, priority, payload, meta, within, delay, at)
     cross join (select {schema}.now_micros() as now offset 0) n),
body as (
    insert into {schema}.job (id, created, kind, queue, priority, payload, meta)
    select id, now, kind, queue, priority, payload, meta from input),
waiting as (
    insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures)
    select due, id, within, kind, queue, priority, 1, 0 from input)
select min(now) from input

-- :add_tags
insert into {schema}.tag (name, value, job) select * from unnest(?::text[], ?::text[], ?::bigint[])

-- :join_node
insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat, backend, backend_start)
select ?, ?, ?, ?, ?, n.now, n.now, null, null from (select {schema}.now_micros() as now) n
returning epoch

-- :raise_fence
insert into {schema}.fence (epoch, slot) select ?, s from generate_series(0, 31) s

-- :heartbeat
-- The session is noted beside the heartbeat: when it is gone, so is the process, most likely.
update {schema}.node n
   set heartbeat = {schema}.now_micros(), running = ?, backend = pg_backend_pid(),
       backend_start = (select a.backend_start from pg_stat_activity a where a.pid = pg_backend_pid())
 where n.epoch = ? and n.ended is null
   and not exists (select from {schema}.closing c where c.epoch = n.epoch)
returning n.heartbeat

-- :add_tally
insert into {schema}.tally as t
       (minute, epoch, queue, priority, kind, succeeded, failed, met, missed, took)
select {schema}.now_micros() / 60000000, ?, u.*
  from unnest(?::integer[], ?::smallint[], ?::integer[], ?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[],
              ?::bigint[]) u
    on conflict (minute, epoch, queue, priority, kind) do update
   set succeeded = t.succeeded + excluded.succeeded, failed = t.failed + excluded.failed,
       met = t.met + excluded.met, missed = t.missed + excluded.missed, took = t.took + excluded.took

-- :require_fence
select {schema}.require_fence(?, ?)

-- :lease_ids
select id from {schema}.lease where epoch = ?

-- :return_leases
select queue, priority, start_by, jobs from {schema}.return_leases(?, ?::bigint[], ?::smallint)

-- :mark_closing
-- An epoch is dead after long silence, or after a shorter one when its heartbeat's session is gone as well. (Another
-- role's session shows its pid and no more; that is taken for a sign of life.)
insert into {schema}.closing (epoch, since)
select n.epoch, t.now
  from {schema}.node n
 cross join (select {schema}.now_micros() as now) t
 where n.ended is null
   and (n.heartbeat < t.now - ?
        or n.heartbeat < t.now - ?
           and n.backend is not null
           and not exists (select from pg_stat_activity a
                            where a.pid = n.backend and (a.backend_start = n.backend_start or a.backend_start is null)))
    on conflict do nothing

-- :mark_closing_one
insert into {schema}.closing (epoch, since) values (?, {schema}.now_micros()) on conflict do nothing

-- :closing_epochs
select n.epoch from {schema}.node n join {schema}.closing c on c.epoch = n.epoch where n.ended is null order by n.epoch

-- :lock_rescue
select pg_try_advisory_xact_lock(hashtextextended('{schema}.rescue', ?))

-- :delete_fence
delete from {schema}.fence where epoch = ?

-- :blockers
-- Only while the rescue waits for a transaction that holds one of its rows: whoever has locked a whole table (a
-- migration, an administrator) is no frozen node.
select p.pid, pg_terminate_backend(p.pid)
  from (select w.pid from pg_locks w where w.pid = ? and w.locktype = 'transactionid' and not w.granted) w
 cross join lateral unnest(pg_blocking_pids(w.pid)) p (pid)

-- :end_node
update {schema}.node set ended = {schema}.now_micros() where epoch = ?

-- :move_due
with due as (
    delete from {schema}.scheduled s
     where s.ctid = any (array(
           select c.ctid from {schema}.scheduled c
            where c.due <= {schema}.now_micros()
            order by c.due, c.job
            limit ?
              for update skip locked))
    returning s.*),
moved as (
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
    select due + start_within, job, kind, queue, priority, attempt, failures from due)
select queue, priority, min(due + start_within), count(*) from due group by queue, priority

-- :next_due
select coalesce((select due from {schema}.scheduled order by due limit 1), 0), {schema}.now_micros()

-- :make_partitions
select {schema}.make_partitions()

-- :roll_up_due
-- Counting may take a twentieth of the time: the next count is due after twenty times what the last one took.
select coalesce((select {schema}.now_micros() - at >= greatest(?, 20 * took) from {schema}.rollup where name = 'depth'),
                true)

-- :roll_up
with started as materialized (select {schema}.now_micros() as at),
counted as materialized (
    select r.queue, r.priority, r.kind, count(*) as ready,
           count(*) filter (where r.start_by < s.at) as overdue, min(r.start_by) as earliest, 0::bigint as scheduled
      from {schema}.ready r cross join started s
     group by r.queue, r.priority, r.kind
    union all
    select c.queue, c.priority, c.kind, 0, 0, null, count(*)
      from {schema}.scheduled c
     group by c.queue, c.priority, c.kind),
body as materialized (select coalesce(jsonb_agg(to_jsonb(c)), '[]') as rows from counted c)
insert into {schema}.rollup (name, at, took, body)
select 'depth', s.at, {schema}.now_micros() - s.at, b.rows from body b cross join started s
    on conflict (name) do update set at = excluded.at, took = excluded.took, body = excluded.body

-- :lock_roll_up
select pg_try_advisory_xact_lock(hashtextextended('{schema}.rollup', 0))

-- :prune_tally
-- Counts by the minute are kept for two days.
delete from {schema}.tally where minute < {schema}.now_micros() / 60000000 - 2880

-- :signal
select pg_notify('{channel}', ?)

-- :listen
listen "{channel}"

-- :job
-- Where a job is, by elimination, in one snapshot: ready is never searched by job.
select j.id, k.name as kind, q.name as queue, j.priority, j.payload, j.created,
       case
           when exists (select from {schema}.attempt a where a.job = j.id and a.outcome = 0) then 'SUCCEEDED'
           when d.job is not null and not d.discarded then 'DEAD'
           when d.job is not null then 'DISCARDED'
           when s.job is not null then 'SCHEDULED'
           when exists (select from {schema}.lease l
                         where j.id = any (l.jobs)
                           and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = j.id))
               then 'RUNNING'
           else 'READY'
       end as state,
       s.due
  from {schema}.job j
  join {schema}.kind k on k.id = j.kind
  join {schema}.queue q on q.id = j.queue
  left join {schema}.dead_letter d on d.job = j.id
  left join {schema}.scheduled s on s.job = j.id
 where j.id = any (?)
 order by j.id desc

-- :job_attempts
select a.job, a.attempt, a.outcome, n.name, a.started, a.took, a.late, a.error
  from {schema}.attempt a
  join {schema}.node n on n.epoch = a.epoch
 where a.job = ?
 order by a.lease desc
 limit 100

-- :tagged
select job from {schema}.tag where name = ? and value = ? and job < ? order by job desc limit ?

-- :latest_attempts
select a.job, a.attempt, a.outcome, n.name, a.started, a.took, a.late, a.error,
       coalesce(k.name, ''), coalesce(q.name, '')
  from (select * from {schema}.attempt order by lease desc, job desc limit ?) a
  join {schema}.node n on n.epoch = a.epoch
  left join {schema}.job j on j.id = a.job
  left join {schema}.kind k on k.id = j.kind
  left join {schema}.queue q on q.id = j.queue
 order by a.lease desc, a.job desc

-- :dead_letters
select d.job, coalesce(k.name, ''), coalesce(q.name, ''), d.priority, d.attempt, d.code, d.error, d.failed
  from {schema}.dead_letter d
  left join {schema}.kind k on k.id = d.kind
  left join {schema}.queue q on q.id = d.queue
 where not d.discarded
   and (? = 0 or (d.failed, d.job) < (select a.failed, a.job from {schema}.dead_letter a where a.job = ?))
 order by d.failed desc, d.job desc
 limit ?

-- :job_tags
-- Tags are kept by name and value; a job's own are in its notes.
select t.key, t.value
  from {schema}.job j
 cross join lateral jsonb_each_text(j.meta::jsonb -> 'tags') t
 where j.id = ? and j.meta is not null and jsonb_typeof(j.meta::jsonb -> 'tags') = 'object'

-- :replay
with revived as (
    delete from {schema}.dead_letter d
     where d.job = any (?) and not d.discarded and d.kind is not null
    returning d.job, d.kind, d.queue, d.priority, d.attempt),
again as (
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
    select {schema}.now_micros() + (?::bigint[])[r.priority + 1], r.job, r.kind, r.queue, r.priority,
           least(r.attempt + 1, 32767), 0
      from revived r
    returning job, queue, priority, start_by)
select a.job, q.name, a.priority, a.start_by from again a join {schema}.queue q on q.id = a.queue

-- :discard
update {schema}.dead_letter set discarded = true where job = ? and not discarded

-- :stats_depth
select r.at, q.name, x.priority, k.name, x.ready, x.overdue, x.earliest, x.scheduled
  from {schema}.rollup r
  left join lateral jsonb_to_recordset(r.body) as x (
       queue integer, priority smallint, kind integer, ready bigint, overdue bigint, earliest bigint, scheduled bigint)
       on true
  left join {schema}.queue q on q.id = x.queue
  left join {schema}.kind k on k.id = x.kind
 where r.name = 'depth'

-- :stats_tally
select q.name, t.priority, sum(t.succeeded)::bigint, sum(t.failed)::bigint, sum(t.met)::bigint, sum(t.missed)::bigint,
       sum(t.took)::bigint,
       coalesce(sum(t.succeeded + t.failed) filter (where t.minute = m.now - 1), 0)::bigint
  from {schema}.tally t
 cross join (select {schema}.now_micros() / 60000000 as now) m
  join {schema}.queue q on q.id = t.queue
 where t.minute > m.now - 60
 group by q.name, t.priority

-- :stats_running
-- A lease holds what it was given until all of it is through, so what is finished in it is subtracted.
select q.name, count(*)
  from {schema}.lease l
 cross join lateral unnest(l.jobs) u (job)
  join {schema}.job j on j.id = u.job
  join {schema}.queue q on q.id = j.queue
 where not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job)
 group by q.name

-- :stats_nodes
select n.name, n.epoch, n.host, n.pid, n.started, n.heartbeat, n.running, n.kinds
  from {schema}.node n
 where n.ended is null
 order by n.name, n.epoch
 limit 1000

-- :stats_dead_letters
select count(*), {schema}.now_micros() from (select from {schema}.dead_letter where not discarded limit 10000) d

-- :claim
select lease, job, attempt, failures, kind, queue, priority, start_by, payload, meta
  from {schema}.claim(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :finish
select {schema}.finish(?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :finish_failures
select queue, priority, start_by, due
  from {schema}.finish_failures(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :give_back
select {schema}.give_back(?, ?, ?, ?, ?, ?, ?)

-- :complete
select {schema}.complete(?, ?, ?, ?, ?, ?, ?)

-- :attempt_outcome
select outcome from {schema}.attempt where lease = ? and job = ?
