-- Limits, pauses and cancelling. {schema} is the schema's name.

-- :gates
-- What a claim must know. 0: everything is paused, 1: a queue is, 2: a kind is, 3: some key is, 4: a queue is limited
-- or fair, 5: a kind is limited, 6: this node is drained, 7: a kind depends on something whose breaker is open.
select c.version, coalesce(x.what, -1), x.id
  from {schema}.control c
  left join (
       select 0 as what, 0 as id from {schema}.pause where scope = 0
       union all
       select 1, q.id from {schema}.pause s join {schema}.queue q on q.name = s.name where s.scope = 1
       union all
       select 2, k.id from {schema}.pause s join {schema}.kind k on k.name = s.name where s.scope = 2
       union all
       select 3, 0 where exists (select from {schema}.pause where scope = 3)
       union all
       select 4, r.target from {schema}.limit_rule r where r.scope = 1
       union all
       select 4, f.queue from {schema}.fair_queue f
       union all
       select 5, r.target from {schema}.limit_rule r where r.scope = 2
       union all
       select 6, 0
        where exists (select from {schema}.drained d join {schema}.node n on n.name = d.node where n.epoch = ?)
       union all
       select 7, k.kind from {schema}.breaker b join {schema}.breaker_kind k on k.breaker = b.id where b.state <> 0) x
       on true

-- :control_changed
select {schema}.control_changed()

-- :note_change
select {schema}.note_change(?, ?, ?, ?)

-- :pause
insert into {schema}.pause (scope, name, number, since, by, reason)
values (?, ?, case when ? = 3 then {schema}.key_number(?) else 0 end, {schema}.now_micros(), ?, ?)
    on conflict (scope, name) do nothing

-- :resume
delete from {schema}.pause where scope = ? and name = ?

-- :pauses
select scope, name, since, by, reason from {schema}.pause order by scope, name limit 10000

-- :lock_rule
select pg_advisory_xact_lock(hashtext('{name}.limit'), ?)

-- :open_gates
select queue, priority, start_by from {schema}.open_gates(?, ?)

-- :key_number
select {schema}.key_number(?)

-- :put_limit
insert into {schema}.limit_rule (scope, target, per_key, concurrency, rate, per, burst, changed)
values (?, ?, ?, ?, ?, ?, ?, {schema}.now_micros())
    on conflict (scope, target, per_key) do update
   set concurrency = excluded.concurrency, rate = excluded.rate, per = excluded.per, burst = excluded.burst,
       changed = excluded.changed

-- :find_limit
select id from {schema}.limit_rule where scope = ? and target = ? and per_key = ?

-- :remove_limit
with bucket as (delete from {schema}.bucket where rule = ?)
delete from {schema}.limit_rule where id = ?

-- :limits
-- Parked jobs are counted up to ten thousand a rule. At the limit of a whole queue nothing is parked: there, what is
-- ready beyond its room waits, and with room for ten thousand nobody looks how much that is. What is finished in a lease
-- that is whole does not count.
select r.scope, coalesce(q.name, k.name, ''), r.per_key, r.concurrency, r.rate, r.per, r.burst,
       case when r.scope = 1 and not r.per_key
            then (select count(*)
                    from {schema}.rooms(r.id, '{0}', true) m
                   cross join lateral (
                         select from {schema}.ready y
                          where y.queue = r.target and m.room < 10000
                          order by y.queue, y.priority, y.start_by, y.job
                         offset m.room limit 10000) x)
            else (select count(*) from (select from {schema}.parked p where p.rule = r.id limit 10000) x) end,
       (select count(*) from (select from {schema}.gate g where g.rule = r.id limit 10000) x),
       (select count(*)
          from {schema}.lease l
         cross join lateral unnest(l.jobs, l.kinds, l.keys) u (job, kind, key)
         where l.kinds is not null
           and (r.scope = 1 and l.queue = r.target or r.scope = 2 and u.kind = r.target)
           and (not r.per_key or coalesce(u.key & -2, 0) <> 0)
           and (l.whole is not true
                or not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job)))
  from {schema}.limit_rule r
  left join {schema}.queue q on r.scope = 1 and q.id = r.target
  left join {schema}.kind k on r.scope = 2 and k.id = r.target
 order by r.scope, 2, r.per_key
 limit 1000

-- :prune_buckets
select {schema}.prune_buckets()

-- :make_fair
insert into {schema}.fair_queue (queue) values (?) on conflict do nothing

-- :make_unfair
delete from {schema}.fair_queue where queue = ?

-- :fair_queues
select q.name from {schema}.fair_queue f join {schema}.queue q on q.id = f.queue order by q.name limit 10000

-- :put_weight
-- Where keys do not take turns, a weight does nothing: then no row is written.
insert into {schema}.key_weight (queue, key, name, weight)
select f.queue, {schema}.key_number(?), ?::text, ?::integer
  from {schema}.fair_queue f
  join {schema}.queue q on q.id = f.queue
 where q.name = ?
    on conflict (queue, key) do update set weight = excluded.weight

-- :remove_weight
delete from {schema}.key_weight
 where queue = (select q.id from {schema}.queue q where q.name = ?) and key = {schema}.key_number(?)

-- :key_weights
select q.name, w.name, w.weight
  from {schema}.key_weight w
  join {schema}.queue q on q.id = w.queue
 order by q.name, w.name
 limit 10000

-- :ask_cancel
insert into {schema}.cancel_request (job, at, by) values (?, {schema}.now_micros(), ?) on conflict do nothing

-- :carry_out_cancel
select {schema}.carry_out_cancel(?)

-- :cancel_requests
select job from {schema}.cancel_request limit 100000

-- :prune_cancel_requests
-- Requests that came too late: the job had its outcome already.
delete from {schema}.cancel_request c
 where exists (select from {schema}.attempt a where a.job = c.job and a.outcome = 0)
    or exists (select from {schema}.dead_letter d where d.job = c.job)
