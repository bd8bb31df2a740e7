-- Claims: plain ones, and those of limited and fair queues. {schema} is the schema's name.
-- needs 1: every function the first version calls is still there under its name.

-- Takes up to p_limit jobs out of a lane, from a position on, in the lane's order. Called under claim's settings.
create function {schema}.take_from_lane(
    p_queue integer, p_priority integer, p_kinds integer[], p_limit integer, p_start_by bigint, p_job bigint,
    out jobs bigint[], out attempts smallint[], out failures smallint[], out kinds integer[], out start_bys bigint[],
    out keys bigint[])
language plpgsql
as $$
begin
    with taken as (
        delete from {schema}.ready r
         where r.ctid = any (array(
               select c.ctid
                 from {schema}.ready c
                where c.queue = p_queue and c.priority = p_priority
                  and (c.start_by, c.job) > (p_start_by, p_job)
                  and c.kind = any (p_kinds)
                order by c.start_by, c.job
                limit coalesce(p_limit, 0)
                  for update skip locked))
        returning r.job, r.attempt, r.failures, r.kind, r.start_by, r.key)
    select array_agg(t.job), array_agg(t.attempt), array_agg(t.failures), array_agg(t.kind), array_agg(t.start_by),
           array_agg(t.key)
      into jobs, attempts, failures, kinds, start_bys, keys
      from taken t;
end $$;

-- Takes up to p_limit jobs out of a queue's lanes (critical ones up to p_critical), as its mode says: 1 strict, 2
-- off-peak open. Called under claim's settings.
create function {schema}.take_from_queue(
    p_queue integer, p_kinds integer[], p_weights integer[], p_limit integer, p_critical integer, p_mode integer,
    p_start_by bigint[], p_job bigint[],
    out jobs bigint[], out attempts smallint[], out failures smallint[], out kinds integer[], out start_bys bigint[],
    out keys bigint[], out priorities smallint[])
language plpgsql
as $$
declare
    v_left integer := p_limit;
    v_wanted integer;
    v_got integer;
    v_take integer[];
    v_part record;
    v_first bigint[] := {schema}.first_of_lanes(p_queue, p_kinds, p_mode & 2 <> 0, p_start_by, p_job);
begin
    for p in 0..4 loop
        if p = 1 and v_left > 0 and p_mode & 1 = 0 then
            v_take := {schema}.plan_lanes(p_queue, p_kinds, p_weights, v_left, v_first, p_start_by, p_job);
        end if;
        v_wanted := case
            when v_first[p + 1] is null then 0
            when p = 0 then p_critical
            when v_left <= 0 then 0
            when p_mode & 1 = 0 then v_take[p]
            else v_left
        end;
        continue when coalesce(v_wanted, 0) <= 0;
        v_part := {schema}.take_from_lane(p_queue, p, p_kinds, v_wanted, p_start_by[p + 1], p_job[p + 1]);
        v_got := coalesce(cardinality(v_part.jobs), 0);
        continue when v_got = 0;
        jobs := jobs || v_part.jobs;
        attempts := attempts || v_part.attempts;
        failures := failures || v_part.failures;
        kinds := kinds || v_part.kinds;
        start_bys := start_bys || v_part.start_bys;
        keys := keys || v_part.keys;
        priorities := priorities || array_fill(p::smallint, array[v_got]);
        -- Critical jobs use the slots reserved for them first.
        v_left := v_left - case when p = 0 then greatest(0, v_got - (p_critical - p_limit)) else v_got end;
    end loop;
end $$;

-- One claim for all unlimited queues of a process: critical jobs first, the rest as planned, one lease over all of it.
-- For each queue q, p_start_by[(q - 1) * 5 + priority + 1] and p_job likewise are the lane's position. p_modes: 1
-- strict priority, 2 off-peak open. A body that is missing comes back as null instead of silently taking its job
-- along. The plans must walk ready's primary key and fetch bodies by theirs whatever the statistics say, hence the
-- settings, which also hold in what is called from here; jit off because with it 15 compiles every claim, generic
-- plans because planning each time costs more than running.
create function {schema}.claim(
    p_epoch bigint, p_slot integer, p_kinds integer[], p_weights integer[],
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
    v_lease bigint;
    v_jobs bigint[] := '{}';
    v_attempts smallint[] := '{}';
    v_failures smallint[] := '{}';
    v_kinds integer[] := '{}';
    v_start_bys bigint[] := '{}';
    v_queues integer[] := '{}';
    v_priorities smallint[] := '{}';
    v_at integer;
    v_part record;
    v_dropped bigint[];
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    perform {schema}.require_control(p_version);
    for q in 1..cardinality(p_queues) loop
        v_at := (q - 1) * 5;
        v_part := {schema}.take_from_queue(
            p_queues[q], p_kinds, p_weights, p_limits[q], p_critical[q], p_modes[q],
            p_start_by[v_at + 1:v_at + 5], p_job[v_at + 1:v_at + 5]);
        continue when v_part.jobs is null;
        v_jobs := v_jobs || v_part.jobs;
        v_attempts := v_attempts || v_part.attempts;
        v_failures := v_failures || v_part.failures;
        v_kinds := v_kinds || v_part.kinds;
        v_start_bys := v_start_bys || v_part.start_bys;
        v_queues := v_queues || array_fill(p_queues[q], array[cardinality(v_part.jobs)]);
        v_priorities := v_priorities || v_part.priorities;
    end loop;
    if cardinality(v_jobs) = 0 then
        return;
    end if;
    v_dropped := {schema}.drop_cancelled(v_jobs);
    if v_dropped <> '{}' then
        select array_agg(u.job), array_agg(u.attempt), array_agg(u.failures), array_agg(u.kind),
               array_agg(u.queue), array_agg(u.priority), array_agg(u.start_by)
          into v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_priorities, v_start_bys
          from unnest(v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_priorities, v_start_bys)
               u (job, attempt, failures, kind, queue, priority, start_by)
         where u.job <> all (v_dropped);
        if v_jobs is null then
            return;
        end if;
    end if;
    v_lease := nextval('{schema}.lease_id');
    insert into {schema}.lease (id, epoch, claimed, jobs, attempts, failures, start_bys)
    values (v_lease, p_epoch, {schema}.now_micros(), v_jobs, v_attempts, v_failures, v_start_bys);
    return query
        select v_lease, u.job, u.attempt, u.failures, u.kind, u.queue, u.priority, u.start_by, b.payload, b.meta
          from unnest(v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_priorities, v_start_bys)
               u (job, attempt, failures, kind, queue, priority, start_by)
          left join lateral (
               select j.payload, j.meta from {schema}.job j where j.id = u.job
               union all
               select k.payload, k.meta from {schema}.job_kept k where k.id = u.job
               limit 1) b on true;
end $$;

-- How much a rule still lets through at some of its gates (a key's number, or 0 where the rule does not tell keys
-- apart), counted from live leases. Leases that were claimed before the rule was made do not say of which kind and key
-- their jobs are; those jobs are looked up. Only under the rule's lock, in a statement of its own: the lock's own
-- statement has a snapshot from before it.
create function {schema}.rooms(p_rule integer, p_gates bigint[])
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
                      else floor(least(v_rule.burst::double precision,
                                       coalesce(b.tokens + (v_now - b.at)::double precision * v_rule.rate / v_rule.per,
                                                v_rule.burst)))::integer end)
      from (select distinct x.gate from unnest(p_gates) x (gate)) g
      left join (select s.gate, sum(s.jobs)::integer as jobs from used s group by s.gate) u on u.gate = g.gate
      left join {schema}.bucket b on b.rule = v_rule.id and b.key = g.gate;
end $$;

-- For each of some jobs in their order: the rule that holds it back, 0 if it may run, -1 if its key is paused. Rules are
-- applied one after the other, so a job that a later one holds back may have kept another behind an earlier one; that
-- one's turn comes with the next claim. Takes the tokens of those that may run.
create function {schema}.admit(
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
        v_blocked := (
            with input as materialized (
                select u.o, u.blocked, case when v_rule.per_key then u.key & -2 else 0 end as gate,
                       u.blocked = 0 and (v_rule.scope = 1 or u.kind = v_rule.target)
                       and (not v_rule.per_key or coalesce(u.key & -2, 0) <> 0) as subject
                  from unnest(p_kinds, p_keys, v_blocked) with ordinality u (kind, key, blocked, o)),
            counted as materialized (
                select i.o, i.gate, row_number() over (partition by i.gate order by i.o) as n
                  from input i where i.subject),
            rooms as materialized (
                select r.gate, r.room
                  from {schema}.rooms(v_rule.id, array(select distinct c.gate from counted c)) r),
            held as materialized (
                select c.o from counted c join rooms r on r.gate = c.gate where c.n > r.room)
            select array_agg(case when h.o is null then i.blocked else v_rule.id end order by i.o)
              from input i left join held h on h.o = i.o);
    end loop;
    return v_blocked;
end $$;

-- Takes the tokens of jobs about to start.
create function {schema}.spend(p_rules integer[], p_queue integer, p_kinds integer[], p_keys bigint[]) returns void
language plpgsql
set enable_hashjoin = on
set enable_sort = on
as $$
declare
    v_now bigint := {schema}.now_micros();
begin
    if not exists (select from {schema}.limit_rule r where r.id = any (p_rules) and r.rate is not null) then
        return;
    end if;
    insert into {schema}.bucket as b (rule, key, tokens, at)
    select r.id, case when r.per_key then u.key & -2 else 0 end, r.burst - count(*), v_now
      from {schema}.limit_rule r
     cross join unnest(p_kinds, p_keys) u (kind, key)
     where r.id = any (p_rules) and r.rate is not null
       and (r.scope = 1 and r.target = p_queue or r.scope = 2 and r.target = u.kind)
       and (not r.per_key or coalesce(u.key & -2, 0) <> 0)
     group by r.id, 2
        on conflict (rule, key) do update
       set tokens = (select least(r.burst::double precision,
                                  b.tokens + (v_now - b.at)::double precision * r.rate / r.per)
                            - (r.burst - excluded.tokens)
                       from {schema}.limit_rule r where r.id = excluded.rule),
           at = v_now;
end $$;

-- Takes jobs out of parking whose gate has room again, at most p_limit: candidates, to be admitted like any other.
create function {schema}.unpark(
    p_rules integer[], p_pauses boolean, p_queue integer, p_kinds integer[], p_limit integer,
    out jobs bigint[], out attempts smallint[], out failures smallint[], out kinds integer[], out start_bys bigint[],
    out keys bigint[], out priorities smallint[])
language plpgsql
set enable_hashjoin = on
set enable_sort = on
set plan_cache_mode = force_generic_plan
as $$
declare
    v_rule integer;
    v_part record;
begin
    foreach v_rule in array case when p_pauses then array_prepend(-1, p_rules) else p_rules end loop
        continue when not exists (select from {schema}.gate g where g.rule = v_rule);
        with open as materialized (
            select r.gate, r.room
              from (select x.gate, x.room
                      from {schema}.rooms(v_rule, array(select g.key from {schema}.gate g where g.rule = v_rule)) x
                     where v_rule > 0
                    union all
                    select g.key, 1000000
                      from {schema}.gate g
                     where v_rule = -1 and g.rule = v_rule
                       and not exists (select from {schema}.pause s where s.scope = 3 and s.number = g.key)) r
             where r.room > 0),
        picked as materialized (
            select k.*
              from open o
             cross join lateral (
                   select p.ctid as at, p.priority, p.start_by
                     from {schema}.parked p
                    where p.rule = v_rule and p.gate = o.gate and p.queue = p_queue and p.kind = any (p_kinds)
                    order by p.priority, p.start_by
                    limit least(o.room, p_limit)) k
             order by k.priority > 0, k.start_by
             limit p_limit - coalesce(cardinality(jobs), 0)),
        taken as (
            delete from {schema}.parked p where p.ctid = any (array(select k.at from picked k)) returning p.*)
        select array_agg(t.job order by t.priority > 0, t.start_by) as jobs,
               array_agg(t.attempt order by t.priority > 0, t.start_by) as attempts,
               array_agg(t.failures order by t.priority > 0, t.start_by) as failures,
               array_agg(t.kind order by t.priority > 0, t.start_by) as kinds,
               array_agg(t.start_by order by t.priority > 0, t.start_by) as start_bys,
               array_agg(t.key order by t.priority > 0, t.start_by) as keys,
               array_agg(t.priority order by t.priority > 0, t.start_by) as priorities
          into v_part
          from taken t;
        delete from {schema}.gate g
         where g.rule = v_rule
           and not exists (select from {schema}.parked p where p.rule = v_rule and p.gate = g.key);
        continue when v_part.jobs is null;
        jobs := jobs || v_part.jobs;
        attempts := attempts || v_part.attempts;
        failures := failures || v_part.failures;
        kinds := kinds || v_part.kinds;
        start_bys := start_bys || v_part.start_bys;
        keys := keys || v_part.keys;
        priorities := priorities || v_part.priorities;
    end loop;
end $$;

-- A claim for limited and fair queues. Under the rules' locks, taken in order in statements of their own: candidates
-- from parking, then from the lanes; what no rule holds back gets leases, small ones, because a lease's jobs count
-- until they are taken out of it; the rest is parked at the rule that holds it. The lanes are gone through in rounds
-- for as long as it takes to fill the demand, twenty milliseconds at most. Rows with lease 0 are the positions reached.
-- A job's start_by in a fair queue is its turn; the deadline that is handed out is the one it was promised.
create function {schema}.claim_limited(
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
    v_at integer;
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
                    for p in 0..4 loop
                        v_at := (select max(u.o)
                                   from unnest(v_part.priorities) with ordinality u (priority, o)
                                  where u.priority = p);
                        continue when v_at is null;
                        v_start_by[p + 1] := v_part.start_bys[v_at];
                        v_job[p + 1] := v_part.jobs[v_at];
                    end loop;
                end if;
                v_blocked := {schema}.admit(v_rules, v_pauses, p_queues[q], v_part.kinds, v_part.keys);
                v_dropped := {schema}.drop_cancelled(v_part.jobs);
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
                with input as materialized (
                    select u.*, (row_number() over (order by u.o) - 1) / 32 as part
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
                    perform {schema}.spend(v_rules, p_queues[q], array_agg(u.kind), array_agg(u.key))
                       from {schema}.lease l
                      cross join lateral unnest(l.kinds, l.keys) u (kind, key)
                      where l.id = any (v_made);
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
               case when u.attempt = 1 and b.created is not null and f.queue is not null
                    then greatest(u.start_by, b.created + p_within[b.priority + 1]) else u.start_by end,
               b.payload, b.meta
          from unnest(v_leases) m (id)
          join {schema}.lease l on l.id = m.id
         cross join lateral unnest(l.jobs, l.attempts, l.failures, l.kinds, l.start_bys)
               u (job, attempt, failures, kind, start_by)
          left join {schema}.fair_queue f on f.queue = l.queue
          left join lateral (
               select j.payload, j.meta, j.priority, j.created from {schema}.job j where j.id = u.job
               union all
               select k.payload, k.meta, k.priority, k.created from {schema}.job_kept k where k.id = u.job
               limit 1) b on true;
end $$;

-- The claim as processes of the version before send it: they know no limits and no pauses, so what is under one is
-- left to others.
create or replace function {schema}.claim(
    p_epoch bigint, p_slot integer, p_kinds integer[], p_weights integer[],
    p_queues integer[], p_limits integer[], p_critical integer[], p_modes integer[],
    p_start_by bigint[], p_job bigint[])
returns table (
    lease bigint, job bigint, attempt smallint, failures smallint, kind integer, queue integer, priority smallint,
    start_by bigint, payload text, meta text)
language plpgsql
as $$
declare
    v_version bigint := (select c.version from {schema}.control c);
    v_closed integer[] := array(
        select q.id from {schema}.queue q join {schema}.pause s on s.scope = 1 and s.name = q.name
        union select r.target from {schema}.limit_rule r where r.scope = 1
        union select f.queue from {schema}.fair_queue f);
begin
    if exists (select from {schema}.pause s where s.scope = 3) then
        return;
    end if;
    return query
        select c.*
          from {schema}.claim(
               p_epoch, p_slot,
               array(select k from unnest(p_kinds) k
                      where k not in (select r.target from {schema}.limit_rule r where r.scope = 2)
                        and k not in (select i.id from {schema}.kind i
                                        join {schema}.pause s on s.scope = 2 and s.name = i.name)),
               p_weights, p_queues,
               array(select case when q = any (v_closed) then 0 else l end
                       from unnest(p_queues, p_limits) with ordinality u (q, l, o) order by o),
               array(select case when q = any (v_closed) then 0 else l end
                       from unnest(p_queues, p_critical) with ordinality u (q, l, o) order by o),
               p_modes, p_start_by, p_job, v_version) c;
end $$;
drop function {schema}.take_lane;
