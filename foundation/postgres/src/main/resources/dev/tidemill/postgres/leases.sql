-- What nodes hold, and what ended under it. {schema} is the schema's name as an identifier.

-- :held
-- A lease keeps what it was given until all of it is through, so what is finished in it is left out.
select coalesce(n.name, ''), l.epoch, coalesce(n.host, ''), coalesce(n.pid, 0), coalesce(n.heartbeat, min(l.claimed)),
       case when n.epoch is null or n.ended is not null then 'ENDED'
            when exists (select from {schema}.closing c where c.epoch = l.epoch) then 'CLOSING'
            else 'LIVING' end,
       coalesce(k.name, ''), count(*), min(l.claimed), (array_agg(u.job order by l.claimed, u.job))[1:20]
  from {schema}.lease l
 cross join lateral unnest(l.jobs) u (job)
  left join {schema}.node n on n.epoch = l.epoch
  left join lateral (
       select x.kind from {schema}.job x where x.id = u.job
       union all
       select x.kind from {schema}.job_kept x where x.id = u.job
       limit 1) j on true
  left join {schema}.kind k on k.id = j.kind
 where not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job)
 group by l.epoch, n.epoch, k.name
 order by min(l.claimed), l.epoch, k.name
 limit 1000

-- :holders_named
-- By name or epoch: those that live, and those that ended and still hold something.
select n.epoch, n.name
  from {schema}.node n
 where (n.name = ? or n.epoch::text = ?)
   and (n.ended is null or exists (select from {schema}.lease l where l.epoch = n.epoch))
 order by n.epoch
 limit 1000

-- :newest_lease
select case when is_called then last_value else 0 end from {schema}.lease_id

-- :open_leases
select id from {schema}.lease

-- :ended_attempts
-- Each half goes along the key.
select a.job, a.attempt, a.outcome, n.name, a.started, a.took, a.late, a.error,
       coalesce(k.name, ''), coalesce(q.name, ''), a.lease
  from (
       (select * from {schema}.attempt x where x.lease > ? order by x.lease, x.job limit ?)
       union all
       (select * from {schema}.attempt x where x.lease = any (?::bigint[]))
       order by lease, job
       limit ?) a
  join {schema}.node n on n.epoch = a.epoch
  left join lateral (
       select x.kind, x.queue from {schema}.job x where x.id = a.job
       union all
       select x.kind, x.queue from {schema}.job_kept x where x.id = a.job
       limit 1) j on true
  left join {schema}.kind k on k.id = j.kind
  left join {schema}.queue q on q.id = j.queue
 order by a.lease, a.job
