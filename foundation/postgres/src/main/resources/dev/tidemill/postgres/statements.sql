-- The statements that are not functions, one an operation. {schema} is the schema's name as an identifier, {name} bare.

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
-- Plain jobs, due now: the shape that single enqueues take. No row when the smallest id, given first, is void.
select {schema}.add_ready(?, ?, ?, ?, ?::text[], ?::text[], ?) from {schema}.job_floor f where f.id <= ?

-- :add_leased
-- No row when the smallest id is void.
select l.now, l.lease
  from {schema}.job_floor f
 cross join lateral {schema}.add_leased(?, ?, ?, ?, ?, ?, ?, ?::text[], ?::text[], ?) l
 where f.id <= ?

-- :add_keyed
-- No row when the smallest id is void.
select k.now, k.start_by
  from {schema}.job_floor f
 cross join lateral {schema}.add_keyed(?, ?, ?, ?, ?::text[], ?::text[], ?, ?::text[]) k
 where f.id <= ?

-- :add_scheduled
-- Null when the smallest id is void.
with input as (
    select u.*, {schema}.key_number(u.key) as number, n.now,
           case when u.at > 0 then u.at else n.now + u.delay end as due
      from unnest(?::bigint[], ?::integer[], ?::integer[], ?::smallint[], ?::text[], ?::text[], ?::bigint[], ?::text[],
                  ?::bigint[], ?::bigint[])
           u (id, kind, queue, priority, payload, meta, within, key, delay, at)
     cross join (select {schema}.now_micros() as now from {schema}.job_floor f where f.id <= ? offset 0) n),
body as (
    insert into {schema}.job (id, created, kind, queue, priority, payload, meta, key)
    select id, now, kind, queue, priority, payload, meta, number from input),
waiting as (
    insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures, key)
    select due, id, within, kind, queue, priority, 1, 0, number from input)
select min(now) from input

-- :add_tags
insert into {schema}.tag (name, value, job) select * from unnest(?::text[], ?::text[], ?::bigint[])

-- :join_node
insert into {schema}.node (name, host, pid, kinds, queues, off_peak, started, heartbeat, backend, backend_start)
select ?, ?, ?, ?, ?, ?, n.now, n.now, null, null from (select {schema}.now_micros() as now) n
returning epoch

-- :offer
-- What is handled through a node changes while it lives: workers elsewhere come and go.
update {schema}.node set kinds = ?, queues = ? where epoch = ? and ended is null

-- :raise_fence
insert into {schema}.fence (epoch, slot) select ?, s from generate_series(0, 31) s

-- :heartbeat
-- The session is noted beside the heartbeat: when it is gone, so is the process, most likely. Not that of a pooler, which
-- comes and goes as it likes.
update {schema}.node n
   set heartbeat = {schema}.now_micros(), running = ?, backend = a.pid, backend_start = a.backend_start
  from (select ?::integer as promised) p
  left join pg_stat_activity a on a.pid = p.promised and a.pid = pg_backend_pid()
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
insert into {schema}.closing (epoch, since, outcome) values (?, {schema}.now_micros(), ?) on conflict do nothing

-- :announced_outcome
select coalesce(outcome, 5) from {schema}.closing where epoch = ?

-- :closing_epochs
select n.epoch from {schema}.node n join {schema}.closing c on c.epoch = n.epoch where n.ended is null order by n.epoch

-- :lock_rescue
select pg_try_advisory_xact_lock(hashtextextended('{name}.rescue', ?))

-- :delete_fence
delete from {schema}.fence where epoch = ?

-- :blockers
-- Only while the rescue waits for a transaction that holds one of its rows: whoever has locked a whole table (a
-- migration, an administrator) is no frozen node.
select p.pid, pg_terminate_backend(p.pid)
  from (select w.pid from pg_locks w where w.pid = ? and w.locktype = 'transactionid' and not w.granted) w
 cross join lateral unnest(pg_blocking_pids(w.pid)) p (pid)

-- :end_node
-- After its fence is gone, so that no lease of it can get a number any more.
update {schema}.node set ended = {schema}.now_micros(), leases_below = {schema}.next_id('attempt') where epoch = ?

-- :prune_nodes
select {schema}.prune_nodes(?)

-- :move_due
select queue, priority, start_by, jobs from {schema}.move_due(?)

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
    select p.queue, p.priority, p.kind, count(*), count(*) filter (where p.start_by < s.at), min(p.start_by), 0
      from {schema}.parked p cross join started s
     group by p.queue, p.priority, p.kind
    union all
    select c.queue, c.priority, c.kind, 0, 0, null, count(*)
      from {schema}.scheduled c
     group by c.queue, c.priority, c.kind),
body as materialized (select coalesce(jsonb_agg(to_jsonb(c)), '[]') as rows from counted c)
insert into {schema}.rollup (name, at, took, body)
select 'depth', s.at, {schema}.now_micros() - s.at, b.rows from body b cross join started s
    on conflict (name) do update set at = excluded.at, took = excluded.took, body = excluded.body

-- :lock_roll_up
select pg_try_advisory_xact_lock(hashtextextended('{name}.rollup', 0))

-- :prune_tally
-- Counts by the minute are kept for two days.
delete from {schema}.tally where minute < {schema}.now_micros() / 60000000 - 2880

-- :signal
select pg_notify('{channel}', ?)

-- :listen
listen "{channel}"

-- :jobs
-- Where jobs are, by elimination, in one snapshot: ready is never searched by job. A body that is being kept is for a
-- moment in both places. What leases hold is looked through once, and only where nothing else says where a job is.
with asked as materialized (select ?::bigint[] as ids, ?::boolean as whole),
held as materialized (
    select u.job
      from {schema}.lease l
     cross join lateral unnest(l.jobs) u (job)
      join (select unnest(a.ids) as id from asked a) w on w.id = u.job
     where not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job))
select j.id, k.name as kind, q.name as queue, j.priority, case when w.whole then j.payload end as payload, j.created,
       case when j.key is not null then j.meta::jsonb ->> 'key' end as key,
       case
           when exists (select from {schema}.attempt a where a.job = j.id and a.outcome = 0)
             or exists (select from {schema}.attempt_kept a where a.job = j.id and a.outcome = 0) then 'SUCCEEDED'
           when d.job is not null and not d.discarded then 'DEAD'
           when d.job is not null then 'DISCARDED'
           when exists (select from {schema}.cancelled c where c.job = j.id)
             or exists (select from {schema}.cancelled_kept c where c.job = j.id) then 'CANCELLED'
           when s.job is not null then 'SCHEDULED'
           when exists (select from held h where h.job = j.id) then 'RUNNING'
           when exists (select from {schema}.cancel_request c where c.job = j.id) then 'CANCELLED'
           else 'READY'
       end as state,
       s.due, p.done, p.total, p.message, p.at,
       (select u.key from {schema}.unique_key u where u.job = j.id and {schema}.unique_taken(u)) as unique_key
  from asked w
 cross join lateral (
       select distinct on (b.id) b.*
         from unnest(w.ids) i (id)
        cross join lateral (
              select x.id, x.kind, x.queue, x.priority, x.payload, x.created, x.meta, x.key
                from {schema}.job x where x.id = i.id
              union all
              select x.id, x.kind, x.queue, x.priority, x.payload, x.created, x.meta, x.key
                from {schema}.job_kept x where x.id = i.id) b
        order by b.id) j
  join {schema}.kind k on k.id = j.kind
  join {schema}.queue q on q.id = j.queue
  left join {schema}.dead_letter d on d.job = j.id
  left join {schema}.scheduled s on s.job = j.id
  left join {schema}.progress p on p.job = j.id
 order by j.id desc

-- :jobs_attempts
-- The latest attempts of each of some jobs, and what they kept where that is wanted.
select a.job, a.attempt, a.outcome, n.name, a.started, a.took, a.late, a.error,
       case when w.whole then (
            select r.body from {schema}.result r where r.job = a.job and r.lease = a.lease
            union all
            select r.body from {schema}.result_kept r where r.job = a.job and r.lease = a.lease
            limit 1) end
  from (select ?::bigint[] as ids, ?::boolean as whole, ?::integer as most offset 0) w
 cross join lateral unnest(w.ids) i (id)
 cross join lateral (
       select y.*
         from (select x.lease, x.job, x.started, x.took, x.late, x.epoch, x.attempt, x.outcome, x.error
                 from {schema}.attempt x where x.job = i.id
               union
               select x.lease, x.job, x.started, x.took, x.late, x.epoch, x.attempt, x.outcome, x.error
                 from {schema}.attempt_kept x where x.job = i.id) y
        order by y.lease desc
        limit w.most) a
  join {schema}.node n on n.epoch = a.epoch
 order by a.lease desc

-- :tagged
with asked as (select ?::text as name, ?::text as value, ?::bigint as job, ?::integer as most)
select t.job
  from asked a
 cross join lateral (
       (select x.job from {schema}.tag x
         where x.name = a.name and x.value = a.value and x.job < a.job order by x.job desc limit a.most)
       union
       (select x.job from {schema}.tag_kept x
         where x.name = a.name and x.value = a.value and x.job < a.job order by x.job desc limit a.most)) t
 order by t.job desc
 limit (select most from asked)

-- :latest_attempts
select a.job, a.attempt, a.outcome, n.name, a.started, a.took, a.late, a.error,
       coalesce(k.name, ''), coalesce(q.name, '')
  from (select * from {schema}.attempt order by lease desc, job desc limit ?) a
  join {schema}.node n on n.epoch = a.epoch
  left join lateral (
       select x.kind, x.queue from {schema}.job x where x.id = a.job
       union all
       select x.kind, x.queue from {schema}.job_kept x where x.id = a.job
       limit 1) j on true
  left join {schema}.kind k on k.id = j.kind
  left join {schema}.queue q on q.id = j.queue
 order by a.lease desc, a.job desc

-- :dead_letters
-- From a place, not from a job: the last one of a page may be replayed before the next page is asked for.
select d.job, coalesce(k.name, ''), coalesce(q.name, ''), d.priority, d.attempt, d.code, d.error, d.failed
  from {schema}.dead_letter d
  left join {schema}.kind k on k.id = d.kind
  left join {schema}.queue q on q.id = d.queue
 where not d.discarded
   and (d.failed, d.job) < (?, ?)
 order by d.failed desc, d.job desc
 limit ?

-- :jobs_tags
-- Tags are kept by name and value; a job's own are in its notes.
select i.id, t.key, t.value
  from (select unnest(?::bigint[]) as id offset 0) i
 cross join lateral (
       select x.meta from {schema}.job x where x.id = i.id
       union all
       select x.meta from {schema}.job_kept x where x.id = i.id
       limit 1) j
 cross join lateral jsonb_each_text(j.meta::jsonb -> 'tags') t
 where j.meta is not null and jsonb_typeof(j.meta::jsonb -> 'tags') = 'object'

-- :replay
with revived as (
    delete from {schema}.dead_letter d
     where d.job = any (?) and not d.discarded and d.kind is not null
    returning d.job, d.kind, d.queue, d.priority, d.attempt,
              {schema}.key_of(d.job) as key),
again as (
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
    select {schema}.now_micros() + (?::bigint[])[r.priority + 1], r.job, r.kind, r.queue, r.priority,
           least(r.attempt + 1, 32767), 0, r.key
      from revived r
    returning job, queue, priority, start_by)
select a.job, q.name, a.priority, a.start_by from again a join {schema}.queue q on q.id = a.queue

-- :dead_letter_groups
-- A bounded look: of the newest 10,000, the beginning of each error. The sample of a group is that of its newest.
select coalesce(k.name, ''), g.code, g.error, g.count, g.latest, g.newest[2], left(split_part(s.error, E'\n', 1), 300)
  from (select d.kind, d.code, d.error, count(*) as count, max(d.failed) as latest,
               max(array[d.failed, d.job]) as newest
          from (select d.kind, d.code, d.failed, d.job,
                       left(split_part(split_part(left(d.error, 400), E'\n', 1), ':', 1), 200) as error
                  from {schema}.dead_letter d
                 where not d.discarded
                 order by d.failed desc, d.job desc
                 limit 10000) d
         group by d.kind, d.code, d.error
         order by count(*) desc, max(d.failed) desc
         limit 100) g
  left join {schema}.kind k on k.id = g.kind
  left join {schema}.dead_letter s on s.job = g.newest[2]
 order by g.count desc, g.latest desc

-- :dead_letters_alike
select d.job
  from (select d.job, d.failed, d.kind, d.code,
               left(split_part(split_part(left(d.error, 400), E'\n', 1), ':', 1), 200) as error
          from {schema}.dead_letter d
         where not d.discarded
         order by d.failed desc, d.job desc
         limit 10000) d
  left join {schema}.kind k on k.id = d.kind
 where coalesce(k.name, '') = ? and d.code = ? and d.error = ?
 order by d.failed desc, d.job desc

-- :discard
update {schema}.dead_letter set discarded = true where job = any (?) and not discarded returning job

-- :stats_depth
-- A page of the queues that have something to tell, in the order of bytes, which is the applications'; what waits in
-- them; and what is ready of every kind. All in one, since most of the time goes into taking the counts apart, once.
-- Sorts of rows: 0 when it was counted; 1 a queue, and how many there are from the page's first on; 2 a lane; 3 a kind.
with counted as materialized (
    select x.*
      from {schema}.rollup r
     cross join lateral jsonb_to_recordset(r.body) as x (
           queue integer, priority smallint, kind integer, ready bigint, overdue bigint, earliest bigint, scheduled bigint)
     where r.name = 'depth'),
told as (
    select c.queue from counted c
    union
    select t.queue from {schema}.tally t where t.minute > {schema}.now_micros() / 60000000 - 60),
named as (
    select q.id, q.name from told join {schema}.queue q on q.id = told.queue
    union
    select coalesce(q.id, 0), u.name from unnest(?::text[]) u (name) left join {schema}.queue q on q.name = u.name),
page as materialized (
    select n.id, n.name, count(*) over () as matching, row_number() over (order by n.name collate "C") as number
      from named n
     where (?::text is null or n.name = ?) and n.name collate "C" > ?
     order by n.name collate "C"
     limit ?)
select 0 as sort, r.at as number, 0 as queue, 0 as priority, null as name, 0::bigint, 0::bigint, null::bigint, 0::bigint
  from {schema}.rollup r
 where r.name = 'depth'
union all
select 1, p.number, p.id, 0, p.name, p.matching, 0, null, 0 from page p
union all
select 2, 0, c.queue, c.priority, null, sum(c.ready)::bigint, sum(c.overdue)::bigint, min(c.earliest),
       sum(c.scheduled)::bigint
  from counted c
 where c.queue in (select p.id from page p)
 group by c.queue, c.priority
union all
select 3, 0, 0, 0, k.name, c.ready, 0, null, 0
  from (select c.kind, sum(c.ready)::bigint as ready from counted c where c.ready > 0 group by c.kind) c
  join {schema}.kind k on k.id = c.kind
 order by sort, number

-- :stats_tally
select t.queue, t.priority, sum(t.succeeded)::bigint, sum(t.failed)::bigint, sum(t.met)::bigint, sum(t.missed)::bigint,
       sum(t.took)::bigint,
       coalesce(sum(t.succeeded + t.failed) filter (where t.minute = m.now - 1), 0)::bigint
  from {schema}.tally t
 cross join (select {schema}.now_micros() / 60000000 as now) m
 where t.minute > m.now - 60 and t.queue = any (?)
 group by t.queue, t.priority

-- :history
-- The tally has a row a minute, node, queue, priority and kind: what is looked at grows with those, not with the jobs.
select m.minute, coalesce(sum(t.succeeded), 0)::bigint, coalesce(sum(t.failed), 0)::bigint,
       coalesce(sum(t.met), 0)::bigint, coalesce(sum(t.missed), 0)::bigint, coalesce(sum(t.took), 0)::bigint
  from (select {schema}.now_micros() / 60000000 as last) n
 cross join lateral generate_series(n.last - ?, n.last) m (minute)
  left join {schema}.tally t
    on t.minute = m.minute
   and (?::text is null or t.queue = (select q.id from {schema}.queue q where q.name = ?))
 group by m.minute
 order by m.minute

-- :stats_running
-- A lease holds what it was given until all of it is through, so what is finished in it is subtracted.
select q.name, count(*)
  from {schema}.lease l
 cross join lateral unnest(l.jobs) u (job)
 cross join lateral (
       select x.queue from {schema}.job x where x.id = u.job
       union all
       select x.queue from {schema}.job_kept x where x.id = u.job
       limit 1) j
  join {schema}.queue q on q.id = j.queue
 where not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job)
 group by q.name

-- :stats_nodes
select n.name, n.epoch, n.host, n.pid, n.started, n.heartbeat, n.running, n.kinds,
       case when d.node is null then 'WORKING'
            when exists (select from {schema}.lease l where l.epoch = n.epoch) then 'DRAINING'
            else 'DRAINED' end, n.off_peak
  from {schema}.node n
  left join {schema}.drained d on d.node = n.name
 where n.ended is null
 order by n.name, n.epoch
 limit 1000

-- :stats_dead_letters
select count(*), {schema}.now_micros() from (select from {schema}.dead_letter where not discarded limit 10000) d

-- :often_lost
-- Which of these jobs were lost with their node so often; asked only about jobs that have more attempts than failures.
select a.job
  from (select x.job, x.lease from {schema}.attempt x where x.job = any (?) and x.outcome = 5
        union
        select x.job, x.lease from {schema}.attempt_kept x where x.job = any (?) and x.outcome = 5) a
 group by a.job
having count(*) >= ?

-- :note_suspect
select {schema}.note_suspect(?, ?, ?, ?)

-- :look
select queue, priority, start_by from {schema}.look(?, ?)

-- :claim
select lease, job, attempt, failures, kind, queue, priority, start_by, payload, meta
  from {schema}.claim(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :claim_within_limits
select lease, job, attempt, failures, kind, queue, priority, start_by, payload, meta, shrinks
  from {schema}.claim_within_limits(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :shrink_leases
select {schema}.shrink_leases(?, ?)

-- :finish
select {schema}.finish(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :finish_failures
select queue, priority, start_by, due
  from {schema}.finish_failures(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- :give_back
select {schema}.give_back(?, ?, ?, ?, ?, ?, ?)

-- :complete
select {schema}.complete(?, ?, ?, ?, ?, ?, ?)

-- :attempt_outcome
select outcome from {schema}.attempt where lease = ? and job = ?
