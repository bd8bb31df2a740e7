-- The statements of what handlers report, one an operation. {schema} is the schema's name.

-- :complete_all
select {schema}.complete_all(?, ?, ?, ?, ?, ?, ?)

-- :probe_completion
-- Waits for a transaction that has written the same attempt and is open. It is always rolled back.
insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
values (?, ?, 0, 0, 0, ?, 0, 0)
    on conflict do nothing

-- :add_alarm
insert into {schema}.failure_alarm (kind, ratio, at_least, minutes) values (?, ?, ?, ?)
    on conflict (kind) do nothing

-- :alarm_before
-- What holds, and what the code said last. Whoever changes an alarm takes turns at the row.
select a.ratio, a.at_least, a.minutes, coalesce(a.said, '') from {schema}.failure_alarm a where a.kind = ? for update

-- :set_alarm
update {schema}.failure_alarm set ratio = ?, at_least = ?, minutes = ? where kind = ?

-- :say_alarm
update {schema}.failure_alarm set said = ? where kind = ?

-- :alarms
select k.name, a.ratio, a.at_least, a.minutes
  from {schema}.failure_alarm a
  join {schema}.kind k on k.id = a.kind
 where k.name > ?
 order by k.name
 limit ?

-- :stats_alarms
-- The tally has a row a minute, node and kind, of an hour at most: what is looked at does not grow with the jobs.
select k.name, sum(t.failed)::bigint, sum(t.succeeded + t.failed)::bigint, a.ratio, a.at_least, a.minutes
  from {schema}.tally t
 cross join (select {schema}.now_micros() / 60000000 as now) m
  join {schema}.kind k on k.id = t.kind
 cross join lateral (
       select coalesce(max(f.ratio), ?) as ratio, coalesce(max(f.at_least), ?) as at_least,
              coalesce(max(f.minutes), ?) as minutes
         from {schema}.failure_alarm f where f.kind = t.kind) a
 where t.minute > m.now - 60 and t.minute > m.now - a.minutes
 group by k.name, a.ratio, a.at_least, a.minutes
having sum(t.succeeded + t.failed) >= a.at_least and sum(t.failed) >= a.ratio * sum(t.succeeded + t.failed)
 order by k.name
 limit 1000

-- :write_lines
insert into {schema}.log_line (job, lease, number, attempt, at, level, line)
select * from unnest(?::bigint[], ?::bigint[], ?::integer[], ?::smallint[], ?::bigint[], ?::smallint[], ?::text[])
    on conflict do nothing

-- :write_results
insert into {schema}.result (job, lease, body)
select * from unnest(?::bigint[], ?::bigint[], ?::text[])
    on conflict do nothing

-- :write_progress
insert into {schema}.progress as p (job, lease, done, total, message, at)
select u.*, {schema}.now_micros()
  from unnest(?::bigint[], ?::bigint[], ?::bigint[], ?::bigint[], ?::text[]) u
    on conflict (job) do update
   set lease = excluded.lease, done = excluded.done, total = excluded.total, message = excluded.message,
       at = excluded.at

-- :end_progress
delete from {schema}.progress p where p.job = any (?)

-- :forget_progress_of
-- Of the attempts that some leases of an epoch hold, or all of them, before these are returned: whoever runs the jobs
-- next may say nothing for long, and what is shown until then would be of an attempt that has ended.
delete from {schema}.progress p
 using {schema}.lease l
 where l.id = p.lease and l.epoch = ? and (l.id = any (?) or ?)

-- :forget_progress
-- Of attempts whose node died.
delete from {schema}.progress p
 where p.at < {schema}.now_micros() - 10000000
   and not exists (select from {schema}.lease l where l.id = p.lease)

-- :log_lines
select n.attempt, n.at, n.level, n.line
  from (select l.lease, l.number, l.attempt, l.at, l.level, l.line
          from (select ?::bigint as job offset 0) i
         cross join lateral (
               select x.lease, x.number, x.attempt, x.at, x.level, x.line from {schema}.log_line x where x.job = i.job
               union
               select x.lease, x.number, x.attempt, x.at, x.level, x.line
                 from {schema}.log_line_kept x where x.job = i.job) l
         order by l.lease desc, l.number desc
         limit ?) n
 order by n.lease, n.number
