-- Limited claims at less cost still. {schema} is the schema's name.
-- needs 1: what changes is how the same is found out.

-- As in V012, but that what runs is counted in one pass over the arrays, which a select list does without keeping
-- them, unlike a FROM clause. Under a rule of a queue it does not matter of which kind a job is.
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
        select o.key as gate, count(*)::integer as jobs
          from (select unnest(l.keys) & -2 as key
                  from {schema}.lease l
                 where v_rule.concurrency is not null and v_rule.per_key and v_rule.scope = 1
                   and l.kinds is not null and l.queue = v_rule.target) o
         group by o.key
        union all
        select case when v_rule.per_key then o.key & -2 else 0 end, count(*)::integer
          from (select unnest(l.kinds) as kind, unnest(l.keys) as key
                  from {schema}.lease l
                 where v_rule.concurrency is not null and v_rule.scope = 2 and l.kinds is not null) o
         where o.kind = v_rule.target
         group by 1
        union all
        select 0, sum(cardinality(l.jobs))::integer
          from {schema}.lease l
         where v_rule.concurrency is not null and not v_rule.per_key and v_rule.scope = 1
           and l.kinds is not null and l.queue = v_rule.target
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

-- As in V012, but that candidates are sorted once instead of for each of their arrays, and what was admitted is
-- handed on as it is, instead of being read back from its leases.
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
    v_jobs bigint[] := '{}';
    v_attempts smallint[] := '{}';
    v_failures smallint[] := '{}';
    v_kinds integer[] := '{}';
    v_start_bys bigint[] := '{}';
    v_queues integer[] := '{}';
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
                select array_agg(u.job) as jobs, array_agg(u.attempt) as attempts, array_agg(u.failures) as failures,
                       array_agg(u.kind) as kinds, array_agg(u.start_by) as start_bys, array_agg(u.key) as keys,
                       array_agg(u.priority) as priorities
                  into v_part
                  from (select *
                          from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds, v_part.start_bys,
                                      v_part.keys, v_part.priorities)
                               x (job, attempt, failures, kind, start_by, key, priority)
                         order by x.priority > 0, x.start_by, x.job) u;
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
                if array_remove(v_blocked, 0) <> '{}' or v_dropped <> '{}' then
                    select array_agg(u.job) as jobs, array_agg(u.attempt) as attempts,
                           array_agg(u.failures) as failures, array_agg(u.kind) as kinds,
                           array_agg(u.start_by) as start_bys, array_agg(u.key) as keys,
                           array_agg(u.priority) as priorities
                      into v_part
                      from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds, v_part.start_bys,
                                  v_part.keys, v_part.priorities, v_blocked)
                           u (job, attempt, failures, kind, start_by, key, priority, rule)
                     where u.rule = 0 and u.job <> all (v_dropped);
                end if;
                v_got := coalesce(cardinality(v_part.jobs), 0);
                if v_got > 0 then
                    -- Small leases, because a lease's jobs count until they are taken out of it.
                    with made as (
                        insert into {schema}.lease (
                               id, epoch, claimed, jobs, attempts, failures, start_bys, queue, kinds, keys)
                        select nextval('{schema}.lease_id'), p_epoch, {schema}.now_micros(),
                               v_part.jobs[i:i + 47], v_part.attempts[i:i + 47], v_part.failures[i:i + 47],
                               v_part.start_bys[i:i + 47], p_queues[q], v_part.kinds[i:i + 47], v_part.keys[i:i + 47]
                          from generate_series(1, v_got, 48) i
                        returning lease.id)
                    select array_agg(m.id order by m.id) into v_made from made m;
                    v_leases := v_leases || array(select v_made[i / 48 + 1] from generate_series(0, v_got - 1) i);
                    v_jobs := v_jobs || v_part.jobs;
                    v_attempts := v_attempts || v_part.attempts;
                    v_failures := v_failures || v_part.failures;
                    v_kinds := v_kinds || v_part.kinds;
                    v_start_bys := v_start_bys || v_part.start_bys;
                    v_queues := v_queues || array_fill(p_queues[q], array[v_got]);
                    if v_rated then
                        perform {schema}.spend(v_rules, p_queues[q], v_part.kinds, v_part.keys);
                    end if;
                    -- Critical jobs use the slots reserved for them first.
                    v_total := cardinality(array_positions(v_part.priorities, 0::smallint));
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
        select u.lease, u.job, u.attempt, u.failures, u.kind, u.queue, coalesce(b.priority, 2::smallint),
               case when u.attempt = 1 and b.created is not null and u.queue = any (v_fair)
                    then greatest(u.start_by, b.created + p_within[b.priority + 1]) else u.start_by end,
               b.payload, b.meta
          from unnest(v_leases, v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_start_bys)
               u (lease, job, attempt, failures, kind, queue, start_by)
          left join lateral (
               select j.payload, j.meta, j.priority, j.created from {schema}.job j where j.id = u.job
               union all
               select k.payload, k.meta, k.priority, k.created from {schema}.job_kept k where k.id = u.job
               limit 1) b on true;
end $$;
