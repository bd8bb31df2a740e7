-- Limited claims at less cost. {schema} is the schema's name.
-- needs 1: what changes is how the same is found out.

-- As in V007, but that tokens are looked up only for a rule that has a rate.
create or replace function {schema}.rooms(p_rule integer, p_gates bigint[])
returns table (gate bigint, room integer)
language plpgsql
set enable_hashjoin = on
set enable_sort = on
set plan_cache_mode = force_generic_plan
as $$
declare
    v_rule {schema}.limit_rule;
    v_now bigint := {schema}.now_micros();
begin
    select * into v_rule from {schema}.limit_rule r where r.id = p_rule;
    return query
    with used as materialized (
        select case when v_rule.per_key then u.key & -2 else 0 end as gate, count(*)::integer as jobs
          from {schema}.lease l
         cross join lateral unnest(l.kinds, l.keys) u (kind, key)
         where v_rule.concurrency is not null and l.kinds is not null
           and (v_rule.scope = 1 and l.queue = v_rule.target or v_rule.scope = 2 and u.kind = v_rule.target)
         group by 1
        union all
        select case when v_rule.per_key then j.key & -2 else 0 end, count(*)::integer
          from {schema}.lease l
         cross join lateral unnest(l.jobs) u (job)
         cross join lateral (
               select b.kind, b.queue, b.key from {schema}.job b where b.id = u.job
               union all
               select k.kind, k.queue, k.key from {schema}.job_kept k where k.id = u.job
               limit 1) j
         where v_rule.concurrency is not null and l.kinds is null and l.claimed <= v_rule.changed
           and (v_rule.scope = 1 and j.queue = v_rule.target or v_rule.scope = 2 and j.kind = v_rule.target)
           and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = u.job)
         group by 1)
    select g.gate,
           least(case when v_rule.concurrency is null then 1000000
                      else greatest(0, v_rule.concurrency - coalesce(u.jobs, 0)) end,
                 case when v_rule.rate is null then 1000000
                      else (select floor(least(v_rule.burst::double precision,
                                               coalesce(max(b.tokens + (v_now - b.at)::double precision * v_rule.rate
                                                                       / v_rule.per),
                                                        v_rule.burst)))::integer
                              from {schema}.bucket b
                             where b.rule = v_rule.id and b.key = g.gate) end)
      from (select distinct x.gate from unnest(p_gates) x (gate)) g
      left join (select s.gate, sum(s.jobs)::integer as jobs from used s group by s.gate) u on u.gate = g.gate;
end $$;

-- For each of some jobs in their order: the rule that holds it back, 0 if it may run, -1 if its key is paused. Rules are
-- applied one after the other, so a job that a later one holds back may have kept another behind an earlier one; that
-- one's turn comes with the next claim. As in V007, but that jobs are numbered only at gates that have no room for all.
create or replace function {schema}.admit(
    p_rules integer[], p_pauses boolean, p_queue integer, p_kinds integer[], p_keys bigint[])
returns integer[]
language plpgsql
set enable_hashjoin = on
set enable_sort = on
set plan_cache_mode = force_generic_plan
as $$
declare
    v_blocked integer[] := array_fill(0, array[cardinality(p_kinds)]);
    v_rule {schema}.limit_rule;
    v_gates bigint[];
    v_rooms integer[];
begin
    if p_pauses then
        v_blocked := (
            select array_agg(case when s.number is null then 0 else -1 end order by u.o)
              from unnest(p_keys) with ordinality u (key, o)
              left join {schema}.pause s on s.scope = 3 and s.number = u.key & -2);
    end if;
    for v_rule in
        select * from {schema}.limit_rule r
         where r.id = any (p_rules) and (r.per_key or r.scope = 2)
           and (r.scope = 2 or r.target = p_queue)
         order by r.per_key desc, r.id
    loop
        -- In almost every claim no gate is asked for more than it has room for, and this is all that it costs.
        with asked as materialized (
            select case when v_rule.per_key then u.key & -2 else 0 end as gate, count(*)::integer as jobs
              from unnest(p_kinds, p_keys, v_blocked) u (kind, key, blocked)
             where u.blocked = 0 and (v_rule.scope = 1 or u.kind = v_rule.target)
               and (not v_rule.per_key or coalesce(u.key & -2, 0) <> 0)
             group by 1)
        select array_agg(r.gate), array_agg(r.room) into v_gates, v_rooms
          from {schema}.rooms(v_rule.id, array(select x.gate from asked x)) r
          join asked a on a.gate = r.gate
         where a.jobs > r.room;
        continue when v_gates is null;
        v_blocked := (
            with input as materialized (
                select u.o, u.blocked, g.room,
                       row_number() over (partition by u.gate, u.subject order by u.o) as n,
                       u.subject
                  from (select x.o, x.blocked, case when v_rule.per_key then x.key & -2 else 0 end as gate,
                               x.blocked = 0 and (v_rule.scope = 1 or x.kind = v_rule.target)
                               and (not v_rule.per_key or coalesce(x.key & -2, 0) <> 0) as subject
                          from unnest(p_kinds, p_keys, v_blocked) with ordinality x (kind, key, blocked, o)) u
                  left join unnest(v_gates, v_rooms) g (gate, room) on g.gate = u.gate)
            select array_agg(case when i.subject and i.n > i.room then v_rule.id else i.blocked end order by i.o)
              from input i);
    end loop;
    return v_blocked;
end $$;

-- As in V007, but that nothing is done for parking, tokens or lanes where there is nothing to park, to spend or reached,
-- and leases hold half as many jobs more: they still fit into a row without compression.
create or replace function {schema}.claim_limited(
    p_epoch bigint, p_slot integer, p_kinds integer[], p_weights integer[], p_within bigint[],
    p_queues integer[], p_limits integer[], p_critical integer[], p_modes integer[],
    p_start_by bigint[], p_job bigint[], p_version bigint)
returns table (
    lease bigint, job bigint, attempt smallint, failures smallint, kind integer, queue integer, priority smallint,
    start_by bigint, payload text, meta text)
language plpgsql
set enable_sort = off
set enable_bitmapscan = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_until bigint := {schema}.now_micros() + 20000;
    v_rules integer[];
    v_rule integer;
    v_left integer;
    v_critical integer;
    v_reserved integer;
    v_total integer;
    v_start_by bigint[];
    v_job bigint[];
    v_part record;
    v_blocked integer[];
    v_dropped bigint[];
    v_made bigint[];
    v_leases bigint[] := '{}';
    v_got integer;
    v_seen integer;
    v_asked integer;
    v_reached record;
    v_rated boolean;
    v_fair integer[] := array(select f.queue from {schema}.fair_queue f);
    v_parking boolean;
    v_pauses boolean;
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    perform {schema}.require_control(p_version);
    v_pauses := exists (select from {schema}.pause s where s.scope = 3)
                or exists (select from {schema}.gate g where g.rule = -1);
    v_rules := array(
        select r.id from {schema}.limit_rule r
         where r.scope = 1 and r.target = any (p_queues) or r.scope = 2 and r.target = any (p_kinds)
         order by r.id);
    v_rated := exists (select from {schema}.limit_rule r where r.id = any (v_rules) and r.rate is not null);
    if v_pauses then
        perform pg_advisory_xact_lock(hashtext('{name}.limit'), -1);
    end if;
    foreach v_rule in array v_rules loop
        perform pg_advisory_xact_lock(hashtext('{name}.limit'), v_rule);
    end loop;
    for q in 1..cardinality(p_queues) loop
        v_start_by := p_start_by[(q - 1) * 5 + 1:q * 5];
        v_job := p_job[(q - 1) * 5 + 1:q * 5];
        v_left := p_limits[q];
        v_reserved := p_critical[q] - p_limits[q];
        v_parking := true;
        loop
            v_total := (
                select min(x.room)
                  from {schema}.limit_rule r
                 cross join lateral {schema}.rooms(r.id, '{0}') x
                 where r.id = any (v_rules) and r.scope = 1 and r.target = p_queues[q] and not r.per_key);
            v_left := least(v_left, coalesce(v_total, v_left));
            v_critical := least(v_left + v_reserved, coalesce(v_total, v_left + v_reserved));
            exit when v_critical <= 0;
            v_asked := v_left;
            if v_parking then
                v_part := {schema}.unpark(v_rules, v_pauses, p_queues[q], p_kinds, greatest(v_left, 0));
            else
                v_part := {schema}.take_from_queue(
                    p_queues[q], p_kinds, p_weights, v_left, v_critical, p_modes[q], v_start_by, v_job);
            end if;
            v_seen := coalesce(cardinality(v_part.jobs), 0);
            if v_seen > 0 then
                -- In their order, which is whose turn it is; a DELETE returns rows as they lie.
                select array_agg(u.job order by u.priority > 0, u.start_by, u.job) as jobs,
                       array_agg(u.attempt order by u.priority > 0, u.start_by, u.job) as attempts,
                       array_agg(u.failures order by u.priority > 0, u.start_by, u.job) as failures,
                       array_agg(u.kind order by u.priority > 0, u.start_by, u.job) as kinds,
                       array_agg(u.start_by order by u.priority > 0, u.start_by, u.job) as start_bys,
                       array_agg(u.key order by u.priority > 0, u.start_by, u.job) as keys,
                       array_agg(u.priority order by u.priority > 0, u.start_by, u.job) as priorities
                  into v_part
                  from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds, v_part.start_bys,
                              v_part.keys, v_part.priorities)
                       u (job, attempt, failures, kind, start_by, key, priority);
                if not v_parking then
                    for v_reached in
                        select u.priority, max(u.o) as at
                          from unnest(v_part.priorities) with ordinality u (priority, o)
                         group by u.priority
                    loop
                        v_start_by[v_reached.priority + 1] := v_part.start_bys[v_reached.at];
                        v_job[v_reached.priority + 1] := v_part.jobs[v_reached.at];
                    end loop;
                end if;
                v_blocked := {schema}.admit(v_rules, v_pauses, p_queues[q], v_part.kinds, v_part.keys);
                v_dropped := {schema}.drop_cancelled(v_part.jobs);
                if array_remove(v_blocked, 0) <> '{}' then
                    with input as materialized (
                        select u.*
                          from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds, v_part.start_bys,
                                      v_part.keys, v_part.priorities, v_blocked)
                               u (job, attempt, failures, kind, start_by, key, priority, rule)
                         where u.rule <> 0 and u.job <> all (v_dropped)),
                    gated as (
                        insert into {schema}.gate (rule, key)
                        select distinct i.rule, coalesce(case when i.rule = -1 or r.per_key then i.key & -2 end, 0)
                          from input i left join {schema}.limit_rule r on r.id = i.rule
                            on conflict do nothing)
                    insert into {schema}.parked (rule, gate, priority, start_by, job, kind, queue, attempt, failures, key)
                    select i.rule, coalesce(case when i.rule = -1 or r.per_key then i.key & -2 end, 0),
                           i.priority, i.start_by, i.job, i.kind, p_queues[q], i.attempt, i.failures, i.key
                      from input i left join {schema}.limit_rule r on r.id = i.rule;
                end if;
                with input as materialized (
                    select u.*, (row_number() over (order by u.o) - 1) / 48 as part
                      from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds, v_part.start_bys,
                                  v_part.keys, v_blocked) with ordinality
                           u (job, attempt, failures, kind, start_by, key, rule, o)
                     where u.rule = 0 and u.job <> all (v_dropped)),
                made as (
                    insert into {schema}.lease (
                           id, epoch, claimed, jobs, attempts, failures, start_bys, queue, kinds, keys)
                    select nextval('{schema}.lease_id'), p_epoch, {schema}.now_micros(), array_agg(i.job),
                           array_agg(i.attempt), array_agg(i.failures), array_agg(i.start_by), p_queues[q],
                           array_agg(i.kind), array_agg(i.key)
                      from input i
                     group by i.part
                    returning lease.id, lease.jobs)
                select array_agg(m.id), sum(cardinality(m.jobs))::integer into v_made, v_got from made m;
                if v_got > 0 then
                    v_leases := v_leases || v_made;
                    if v_rated then
                        perform {schema}.spend(v_rules, p_queues[q], array_agg(u.kind), array_agg(u.key))
                           from {schema}.lease l
                          cross join lateral unnest(l.kinds, l.keys) u (kind, key)
                          where l.id = any (v_made);
                    end if;
                    -- Critical jobs use the slots reserved for them first.
                    v_total := (select count(*)::integer
                                  from unnest(v_part.priorities, v_blocked) u (priority, rule)
                                 where u.priority = 0 and u.rule = 0);
                    v_left := v_left - (v_got - v_total) - greatest(0, v_total - v_reserved);
                    v_reserved := greatest(0, v_reserved - v_total);
                end if;
            end if;
            exit when not v_parking and (v_seen < v_asked or v_left <= 0 or {schema}.now_micros() > v_until);
            v_parking := false;
        end loop;
        -- Where the lanes stand; for fair ones also told to those who enqueue, now and then.
        return query
            select 0::bigint, v_job[p + 1], 0::smallint, 0::smallint, 0, p_queues[q], p::smallint, v_start_by[p + 1],
                   null::text, null::text
              from generate_series(0, 4) p
             where v_start_by[p + 1] > p_start_by[(q - 1) * 5 + p + 1];
        insert into {schema}.fair_clock as c (queue, priority, start_by, at)
        select p_queues[q], p, v_start_by[p + 1], v_until
          from generate_series(0, 4) p
         where v_start_by[p + 1] > p_start_by[(q - 1) * 5 + p + 1]
           and exists (select from {schema}.fair_queue f where f.queue = p_queues[q])
            on conflict on constraint fair_clock_pkey do update set start_by = excluded.start_by, at = excluded.at
         where c.at < excluded.at - 50000 or c.start_by > excluded.start_by;
    end loop;
    return query
        select l.id, u.job, u.attempt, u.failures, u.kind, l.queue, coalesce(b.priority, 2::smallint),
               case when u.attempt = 1 and b.created is not null and l.queue = any (v_fair)
                    then greatest(u.start_by, b.created + p_within[b.priority + 1]) else u.start_by end,
               b.payload, b.meta
          from unnest(v_leases) m (id)
          join {schema}.lease l on l.id = m.id
         cross join lateral unnest(l.jobs, l.attempts, l.failures, l.kinds, l.start_bys)
               u (job, attempt, failures, kind, start_by)
          left join lateral (
               select j.payload, j.meta, j.priority, j.created from {schema}.job j where j.id = u.job
               union all
               select k.payload, k.meta, k.priority, k.created from {schema}.job_kept k where k.id = u.job
               limit 1) b on true;
end $$;
