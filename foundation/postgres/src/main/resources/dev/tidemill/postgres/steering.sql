-- What a person decides about jobs, dead letters and nodes, and the audit trail. {schema} is the schema's name.

-- :audit
select a.id, a.at, a.by, a.action, a.target, a.detail
  from {schema}.audit a
 where a.id < ? and (?::text is null or a.action = ?) and (?::text is null or a.target = ?)
 order by a.id desc
 limit ?

-- :prune_audit
-- Lines older than 400 days leave, five hundred at a time, those with the smallest numbers first.
delete from {schema}.audit a
 where a.id in (select o.id from (select b.id, b.at from {schema}.audit b order by b.id limit 500) o
                 where o.at < {schema}.now_micros() - 34560000000000)

-- :note_all
-- The line of what is done to many jobs, which the transactions after the first count on.
insert into {schema}.audit (at, by, action, target, detail)
values ({schema}.now_micros(), ?, ?, ?, ?)
returning id

-- :note_all_again
update {schema}.audit set detail = ? where id = ?

-- :nodes_named
select distinct n.name
  from {schema}.node n
 where n.ended is null and (n.name = ? or n.epoch::text = ?)
 order by n.name

-- :drain
insert into {schema}.drained (node, since, by, reason) values (?, {schema}.now_micros(), ?, ?)
    on conflict do nothing

-- :undrain
delete from {schema}.drained d
 where d.node = ? or d.node in (select n.name from {schema}.node n where n.epoch::text = ?)

-- :drained
select d.node, d.since, d.by, d.reason,
       (select count(*) from {schema}.node n where n.name = d.node and n.ended is null),
       (select count(*)
          from {schema}.node n
          join {schema}.lease l on l.epoch = n.epoch
         cross join lateral unnest(l.jobs) u (job)
         where n.name = d.node and n.ended is null
           and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job))
  from {schema}.drained d
 order by d.node
 limit 1000

-- :is_drained
select exists (select from {schema}.drained d join {schema}.node n on n.name = d.node where n.epoch = ?)

-- :steer_job
select said, queue, priority, start_by, due from {schema}.steer_job(?, ?::bigint, ?::smallint, ?)

-- :replay_edited
select queue, priority, start_by, due from {schema}.replay_edited(?, ?, ?)

-- :act_on_waiting
select seen, fitting, done, upto, queues, priorities, start_bys, dues
  from {schema}.act_on_waiting(
       ?, ?, ?, ?, ?::integer, ?::integer, ?::bigint, ?::text, ?::text, ?::bigint, ?::bigint, ?, ?::bigint, ?::smallint,
       ?, ?)

-- :act_on_dead
select seen, fitting, done, upto, queues, priorities, start_bys, dues
  from {schema}.act_on_dead(
       ?, ?, ?, ?::integer, ?::integer, ?::bigint, ?::text, ?::text, ?::bigint, ?::bigint, ?::text, ?, ?)
