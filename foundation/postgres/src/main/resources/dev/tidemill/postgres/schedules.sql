-- The statements of schedules. {schema} is the schema's name.

-- :schedule_due
-- The index has the answer in its first entry; what this program cannot read is for others.
select coalesce((select s.wake from {schema}.schedule s
                  where s.wake is not null and s.format <= ? and s.id <> all (?)
                  order by s.wake limit 1), 0),
       {schema}.now_micros()

-- :schedule_bounds
-- A node that freezes with schedules locked loses its session after five seconds, and others go on.
select set_config('idle_in_transaction_session_timeout', '5s', true),
       set_config('lock_timeout', '5s', true),
       {schema}.now_micros()

-- :schedule_lock
-- Locks what is due and nobody else has. A row that was fired since this statement's snapshot is checked again after
-- the lock and fails the condition.
select s.*
  from {schema}.schedule s
 where s.wake <= ? and s.format <= ? and s.id <> all (?)
 order by s.wake
 limit ?
   for update skip locked

-- :schedule_open
-- Whether their jobs have ended: in a statement of its own, so that its snapshot is younger than the lock.
select s.id, o.job, {schema}.job_end(o.job)
  from {schema}.schedule s
 cross join lateral unnest(s.open_jobs) o (job)
 where s.id = any (?)

-- :schedule_waiting
select f.schedule, f.fire from {schema}.schedule_fire f
 where f.schedule = any (?) and f.outcome = 1
 order by f.schedule, f.fire

-- :schedule_record
insert into {schema}.schedule_fire (schedule, fire, manual, at, outcome, job, since)
select u.schedule, u.fire, ?, {schema}.now_micros(), u.outcome, nullif(u.job, 0), nullif(u.since, 0)
  from unnest(?::bigint[], ?::bigint[], ?::smallint[], ?::bigint[], ?::bigint[]) u (schedule, fire, outcome, job, since)

-- :schedule_release
update {schema}.schedule_fire f
   set outcome = 0, job = u.job, at = {schema}.now_micros()
  from unnest(?::bigint[], ?::bigint[], ?::bigint[]) u (schedule, fire, job)
 where f.schedule = u.schedule and f.fire = u.fire and not f.manual and f.outcome = 1

-- :schedule_advance
update {schema}.schedule s
   set next_fire = nullif(u.next, 0), last_fire = nullif(u.last, 0), wake = nullif(u.wake, 0),
       open_jobs = u.open::bigint[], last_job = coalesce(nullif(u.job, 0), s.last_job), error = u.error
  from unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[], ?::bigint[], ?::text[])
       u (id, next, last, wake, open, job, error)
 where s.id = u.id

-- :schedule_trim
-- Drops what lies behind the newest fires of schedules that just fired: a handful of rows a fire, found by the key.
delete from {schema}.schedule_fire f
 where f.outcome <> 1
   and (f.schedule, f.fire, f.manual) in (
       select o.schedule, o.fire, o.manual
         from unnest(?::bigint[]) u (schedule)
        cross join lateral (
              select h.schedule, h.fire, h.manual
                from {schema}.schedule_fire h
               where h.schedule = u.schedule and h.outcome <> 1
               order by h.fire desc, h.manual desc
              offset ?) o)

-- :schedule_postpone
-- What could not be fired holds nobody up: it is tried again a minute later.
update {schema}.schedule set wake = {schema}.now_micros() + 60000000, error = ? where id = ? and wake is not null

-- :schedule_put
-- The same timing keeps its next fire; a paused schedule stays paused. A schedule with a key is of format 2: programs
-- that know no keys would enqueue its jobs beside every limit of the key, and leave it to the others instead.
insert into {schema}.schedule as s
       (name, timing, anchor, kind, payload, queue, priority, attempts, timeout_millis, key, format, tag_names,
        tag_values, catch_up, overlap, code_hash, code_at, edited, created, changed, next_fire, wake)
select p.name, p.timing, p.now, p.kind, p.payload, p.queue, p.priority, p.attempts, p.timeout_millis, p.key,
       case when p.key is null then 1 else 2 end, p.tag_names, p.tag_values, p.catch_up, p.overlap, p.code_hash,
       p.code_at, p.edited, p.now, p.now, nullif(p.next, 0), nullif(p.next, 0)
  from (select ?::text as name, ?::text as timing, ?::text as kind, ?::text as payload, ?::text as queue,
               ?::smallint as priority, ?::integer as attempts, ?::bigint as timeout_millis, ?::text as key,
               ?::text[] as tag_names, ?::text[] as tag_values, ?::integer as catch_up, ?::smallint as overlap,
               ?::text as code_hash, ?::bigint as code_at, ?::boolean as edited, ?::bigint as now,
               ?::bigint as next) p
    on conflict (name) do update
   set timing = excluded.timing, kind = excluded.kind, payload = excluded.payload, queue = excluded.queue,
       priority = excluded.priority, attempts = excluded.attempts, timeout_millis = excluded.timeout_millis,
       key = excluded.key, format = excluded.format, tag_names = excluded.tag_names, tag_values = excluded.tag_values, catch_up = excluded.catch_up,
       overlap = excluded.overlap, changed = excluded.changed, error = null,
       code_hash = coalesce(excluded.code_hash, s.code_hash), code_at = coalesce(excluded.code_at, s.code_at),
       edited = excluded.edited,
       anchor = case when s.timing = excluded.timing then s.anchor else excluded.anchor end,
       next_fire = case when s.timing = excluded.timing then s.next_fire else excluded.next_fire end,
       wake = case when s.paused then null
                   when s.timing = excluded.timing and s.error is null then s.wake
                   else excluded.changed end
 where case when excluded.code_hash is null then not ?::boolean
            else excluded.code_hash is distinct from s.code_hash and excluded.code_at >= coalesce(s.code_at, 0) end

-- :schedule_find
select s.* from {schema}.schedule s where s.name = ?

-- :schedule_find_locked
select s.* from {schema}.schedule s where s.name = ? for update

-- :schedule_list
select s.* from {schema}.schedule s where s.name > ? order by s.name limit ?

-- :schedule_pause
update {schema}.schedule set paused = true, wake = null where name = ?

-- :schedule_resume
update {schema}.schedule set paused = false, next_fire = nullif(?::bigint, 0), wake = {schema}.now_micros() where id = ?

-- :schedule_remove
delete from {schema}.schedule where name = ?

-- :schedule_last_manual
select coalesce(max(fire), 0) from {schema}.schedule_fire where schedule = ? and manual

-- :schedule_triggered
update {schema}.schedule
   set open_jobs = case when overlap = 2 then array[?::bigint] else open_jobs || ?::bigint end, last_job = ?
 where id = ?

-- :schedule_history
-- Where each job is, by elimination as for a single job.
select f.fire, f.outcome, f.manual, f.at, f.job, f.since,
       case
           when j.id is null then null
           when exists (select from {schema}.attempt a where a.job = j.id and a.outcome = 0)
             or exists (select from {schema}.attempt_kept a where a.job = j.id and a.outcome = 0) then 'SUCCEEDED'
           when d.job is not null and not d.discarded then 'DEAD'
           when d.job is not null then 'DISCARDED'
           when exists (select from {schema}.cancelled c where c.job = j.id)
             or exists (select from {schema}.cancelled_kept c where c.job = j.id) then 'CANCELLED'
           when w.job is not null then 'SCHEDULED'
           when exists (select from {schema}.lease l
                         where j.id = any (l.jobs)
                           and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = j.id))
               then 'RUNNING'
           when exists (select from {schema}.cancel_request c where c.job = j.id) then 'CANCELLED'
           else 'READY'
       end
  from (select h.* from {schema}.schedule_fire h
         where h.schedule = (select s.id from {schema}.schedule s where s.name = ?) and h.fire < ?
         order by h.fire desc, h.manual desc
         limit ?) f
  left join lateral (
       select x.id from {schema}.job x where x.id = f.job
       union all
       select x.id from {schema}.job_kept x where x.id = f.job
       limit 1) j on true
  left join {schema}.dead_letter d on d.job = f.job
  left join {schema}.scheduled w on w.job = f.job
 order by f.fire desc, f.manual desc

-- :stats_schedules
-- Failing is a schedule that cannot fire, or whose latest job is a dead letter.
select count(*), count(*) filter (where s.paused),
       count(*) filter (where s.wake < {schema}.now_micros() - 10000000),
       count(*) filter (where s.error is not null or exists (
           select from {schema}.dead_letter d where d.job = s.last_job and not d.discarded))
  from {schema}.schedule s

-- :stats_schedule_failures
select s.name, coalesce(d.failed, s.wake - 60000000, s.changed), coalesce(s.error, d.error)
  from {schema}.schedule s
  left join {schema}.dead_letter d on d.job = s.last_job and not d.discarded
 where s.error is not null or d.job is not null
 order by 2 desc, s.name
 limit 20
