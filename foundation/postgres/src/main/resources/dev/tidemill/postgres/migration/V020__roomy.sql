-- Limits with room to spare cost a claim next to nothing. {schema} is the schema's name.
-- needs 1: processes of former versions claim, count and take out as before; what is new counts for them too.

-- Whether finished jobs stay in the lease until all of it is through. Those of limited queues used to shrink with every
-- finished job, and were small for its sake. One that is whole is counted without the jobs that have an attempt.
alter table {schema}.lease add column whole boolean;

-- How much a rule still lets through at some of its gates (a key's number, or 0 where the rule does not tell keys
-- apart), counted from live leases. Exactly, or, for less, at least: then what is finished in leases that are whole
-- counts too. Leases that were claimed before the rule was made do not say of which kind and key their jobs are; those
-- jobs are looked up. Only under the rule's lock, in a statement of its own: the lock's own statement has a snapshot from
-- before it.
create function {schema}.rooms(p_rule integer, p_gates bigint[], p_exactly boolean)
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
    with held as materialized (
        select h.id, h.job, case when v_rule.per_key then h.key & -2 else 0 end as gate
          from (select l.id, unnest(l.jobs) as job, unnest(l.kinds) as kind, unnest(l.keys) as key
                  from {schema}.lease l
                 where p_exactly and v_rule.concurrency is not null and l.whole and l.kinds is not null
                   and (v_rule.scope = 2 or l.queue = v_rule.target)) h
          join (select distinct x.gate from unnest(p_gates) x (gate)) g
            on g.gate = case when v_rule.per_key then h.key & -2 else 0 end
         where v_rule.scope = 1 or h.kind = v_rule.target),
    used as materialized (
        select o.key as gate, count(*)::integer as jobs
          from (select unnest(l.keys) & -2 as key
                  from {schema}.lease l
                 where v_rule.concurrency is not null and v_rule.per_key and v_rule.scope = 1
                   and l.kinds is not null and l.queue = v_rule.target and not (p_exactly and l.whole is true)) o
         group by o.key
        union all
        select case when v_rule.per_key then o.key & -2 else 0 end, count(*)::integer
          from (select unnest(l.kinds) as kind, unnest(l.keys) as key
                  from {schema}.lease l
                 where v_rule.concurrency is not null and v_rule.scope = 2 and l.kinds is not null
                   and not (p_exactly and l.whole is true)) o
         where o.kind = v_rule.target
         group by 1
        union all
        select 0, sum(cardinality(l.attempts))::integer
          from {schema}.lease l
         where v_rule.concurrency is not null and not v_rule.per_key and v_rule.scope = 1
           and l.kinds is not null and l.queue = v_rule.target and not (p_exactly and l.whole is true)
        union all
        -- One lookup by the key of each; a join might read all attempts there are.
        select h.gate, count(*)::integer
          from held h
         where (select a.outcome from {schema}.attempt a where a.lease = h.id and a.job = h.job) is null
         group by h.gate
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
           and (select a.outcome from {schema}.attempt a where a.lease = l.id and a.job = u.job) is null
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

create or replace function {schema}.rooms(p_rule integer, p_gates bigint[])
returns table (gate bigint, room integer)
language plpgsql
as $$
begin
    return query select r.gate, r.room from {schema}.rooms(p_rule, p_gates, true) r;
end $$;

-- Whether some gate may have less room than these jobs ask for. That no gate has is known at once where all that is in
-- hand, of any key, and these jobs together are no more than a gate takes; else gates are counted. Limits of a whole
-- queue are not looked at: a claim asks for no more than those let through.
create function {schema}.crowded(p_rules integer[], p_queue integer, p_kinds integer[], p_keys bigint[])
returns boolean
language plpgsql
set enable_hashjoin = on
set enable_sort = on
set plan_cache_mode = force_generic_plan
as $$
declare
    v_rule {schema}.limit_rule;
begin
    for v_rule in
        select * from {schema}.limit_rule r
         where r.id = any (p_rules) and (r.scope = 2 or r.target = p_queue and r.per_key)
         order by r.id
    loop
        continue when v_rule.rate is null and v_rule.concurrency >= cardinality(p_kinds) + (
            select coalesce(sum(cardinality(l.attempts)), 0)
              from {schema}.lease l
             where l.kinds is not null and (v_rule.scope = 2 or l.queue = v_rule.target)
                or l.kinds is null and l.claimed <= v_rule.changed);
        if exists (
            with asked as materialized (
                select case when v_rule.per_key then u.key & -2 else 0 end as gate, count(*)::integer as jobs
                  from unnest(p_kinds, p_keys) u (kind, key)
                 where (v_rule.scope = 1 or u.kind = v_rule.target)
                   and (not v_rule.per_key or coalesce(u.key & -2, 0) <> 0)
                 group by 1)
            select from {schema}.rooms(v_rule.id, array(select x.gate from asked x), false) r
              join asked a on a.gate = r.gate
             where a.jobs > r.room)
        then
            return true;
        end if;
    end loop;
    return false;
end $$;

-- As in V012, but that gates are counted exactly only where there may not be room for all.
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
    v_asked integer[];
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
        with asked as materialized (
            select case when v_rule.per_key then u.key & -2 else 0 end as gate, count(*)::integer as jobs
              from unnest(p_kinds, p_keys, v_blocked) u (kind, key, blocked)
             where u.blocked = 0 and (v_rule.scope = 1 or u.kind = v_rule.target)
               and (not v_rule.per_key or coalesce(u.key & -2, 0) <> 0)
             group by 1)
        select array_agg(r.gate), array_agg(a.jobs) into v_gates, v_asked
          from {schema}.rooms(v_rule.id, array(select x.gate from asked x), false) r
          join asked a on a.gate = r.gate
         where a.jobs > r.room;
        continue when v_gates is null;
        select array_agg(r.gate), array_agg(r.room) into v_gates, v_rooms
          from {schema}.rooms(v_rule.id, v_gates, true) r
          join unnest(v_gates, v_asked) a (gate, jobs) on a.gate = r.gate
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

-- Takes finished jobs out of the leases of an epoch that are whole and older than a second: a slow job keeps its lease,
-- and the others of it should not be counted for as long.
create function {schema}.shrink_leases(p_epoch bigint, p_slot integer) returns void
language plpgsql
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_before bigint := {schema}.now_micros() - 1000000;
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    -- The next statement must see what others who hold these rows have done.
    perform from {schema}.lease l
      where l.epoch = p_epoch and l.whole and l.claimed < v_before order by l.id for update;
    with unfinished as materialized (
        select l.id, array_agg(u.job) as jobs, array_agg(u.attempt) as attempts, array_agg(u.failures) as failures,
               array_agg(u.start_by) as start_bys, array_agg(u.kind) as kinds, array_agg(u.key) as keys
          from {schema}.lease l
         cross join lateral unnest(l.jobs, l.attempts, l.failures, l.start_bys, l.kinds, l.keys)
               u (job, attempt, failures, start_by, kind, key)
         where l.epoch = p_epoch and l.whole and l.claimed < v_before
           and (select a.outcome from {schema}.attempt a where a.lease = l.id and a.job = u.job) is null
         group by l.id)
    update {schema}.lease l
       set jobs = n.jobs, attempts = n.attempts, failures = n.failures, start_bys = n.start_bys, kinds = n.kinds,
           keys = n.keys
      from unfinished n
     where l.id = n.id and cardinality(n.attempts) < cardinality(l.attempts);
end $$;

-- A claim for limited and fair queues, as claim_limited, which processes of former versions call. Jobs that find room at
-- all their gates, and that is almost all there are, are neither put into their order nor told apart: they get one lease,
-- which is whole. Where there may be too little room, or a key is paused, or somebody has cancelled, it goes as before:
-- in their order, what has no room is parked, and the leases are small and shrink, because then they are counted with
-- every claim. shrinks: the job counts until it is taken out of its lease. Rows with lease 0 are the positions reached;
-- of a queue that has none, the jobs are.
create function {schema}.claim_within_limits(
    p_epoch bigint, p_slot integer, p_kinds integer[], p_weights integer[], p_within bigint[],
    p_queues integer[], p_limits integer[], p_critical integer[], p_modes integer[],
    p_start_by bigint[], p_job bigint[], p_version bigint)
returns table (
    lease bigint, job bigint, attempt smallint, failures smallint, kind integer, queue integer, priority smallint,
    start_by bigint, payload text, meta text, shrinks boolean)
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
    v_whole bigint[] := '{}';
    v_leases bigint[] := '{}';
    v_jobs bigint[] := '{}';
    v_attempts smallint[] := '{}';
    v_failures smallint[] := '{}';
    v_kinds integer[] := '{}';
    v_start_bys bigint[] := '{}';
    v_queues integer[] := '{}';
    v_priorities smallint[] := '{}';
    v_got integer;
    v_seen integer;
    v_asked integer;
    v_reached record;
    v_rated boolean;
    v_fair integer[] := array(select f.queue from {schema}.fair_queue f);
    v_parking boolean;
    v_pauses boolean;
    v_tight boolean;
    v_told boolean;
    v_last boolean;
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
        v_told := p_queues[q] = any (v_fair);
        loop
            v_total := (
                select min(x.room)
                  from {schema}.limit_rule r
                 cross join lateral {schema}.rooms(r.id, '{0}', false) x
                 where r.id = any (v_rules) and r.scope = 1 and r.target = p_queues[q] and not r.per_key);
            v_tight := coalesce(v_total < v_left + v_reserved, false);
            if v_tight then
                v_total := (
                    select min(x.room)
                      from {schema}.limit_rule r
                     cross join lateral {schema}.rooms(r.id, '{0}', true) x
                     where r.id = any (v_rules) and r.scope = 1 and r.target = p_queues[q] and not r.per_key);
            end if;
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
            v_last := not v_parking and v_seen < v_asked;
            if v_seen > 0 then
                v_dropped := {schema}.drop_cancelled(v_part.jobs);
                v_tight := v_tight or v_parking or v_pauses or v_dropped <> '{}'
                           or {schema}.crowded(v_rules, p_queues[q], v_part.kinds, v_part.keys);
                if v_tight then
                    -- In their order, which is whose turn it is; a DELETE returns rows as they lie.
                    select array_agg(u.job) as jobs, array_agg(u.attempt) as attempts,
                           array_agg(u.failures) as failures, array_agg(u.kind) as kinds,
                           array_agg(u.start_by) as start_bys, array_agg(u.key) as keys,
                           array_agg(u.priority) as priorities
                      into v_part
                      from (select *
                              from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds,
                                          v_part.start_bys, v_part.keys, v_part.priorities)
                                   x (job, attempt, failures, kind, start_by, key, priority)
                             order by x.priority > 0, x.start_by, x.job) u;
                end if;
                v_told := v_told or v_tight;
                v_got := v_seen;
                if not v_tight then
                    v_total := cardinality(array_positions(v_part.priorities, 0::smallint));
                    v_last := v_last or v_left - (v_got - v_total) - greatest(0, v_total - v_reserved) <= 0
                              or {schema}.now_micros() > v_until;
                end if;
                if not v_parking and (v_told or not v_last) then
                    -- Where this goes on from here, or what was claimed is not all that was seen, or was parked.
                    v_told := true;
                    for v_reached in
                        select distinct on (u.priority) u.priority, u.start_by, u.job
                          from unnest(v_part.priorities, v_part.start_bys, v_part.jobs) u (priority, start_by, job)
                         order by u.priority, u.start_by desc, u.job desc
                    loop
                        v_start_by[v_reached.priority + 1] := v_reached.start_by;
                        v_job[v_reached.priority + 1] := v_reached.job;
                    end loop;
                end if;
                if v_tight then
                    v_blocked := {schema}.admit(v_rules, v_pauses, p_queues[q], v_part.kinds, v_part.keys);
                    if array_remove(v_blocked, 0) <> '{}' then
                        with input as materialized (
                            select u.*
                              from unnest(v_part.jobs, v_part.attempts, v_part.failures, v_part.kinds,
                                          v_part.start_bys, v_part.keys, v_part.priorities, v_blocked)
                                   u (job, attempt, failures, kind, start_by, key, priority, rule)
                             where u.rule <> 0 and u.job <> all (v_dropped)),
                        gated as (
                            insert into {schema}.gate (rule, key)
                            select distinct i.rule, coalesce(case when i.rule = -1 or r.per_key then i.key & -2 end, 0)
                              from input i left join {schema}.limit_rule r on r.id = i.rule
                                on conflict do nothing)
                        insert into {schema}.parked (
                               rule, gate, priority, start_by, job, kind, queue, attempt, failures, key)
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
                end if;
                if v_got > 0 then
                    if v_tight then
                        with made as (
                            insert into {schema}.lease (
                                   id, epoch, claimed, jobs, attempts, failures, start_bys, queue, kinds, keys)
                            select nextval('{schema}.lease_id'), p_epoch, {schema}.now_micros(),
                                   v_part.jobs[i:i + 47], v_part.attempts[i:i + 47], v_part.failures[i:i + 47],
                                   v_part.start_bys[i:i + 47], p_queues[q], v_part.kinds[i:i + 47],
                                   v_part.keys[i:i + 47]
                              from generate_series(1, v_got, 48) i
                            returning lease.id)
                        select array_agg(m.id order by m.id) into v_made from made m;
                        v_leases := v_leases || array(select v_made[i / 48 + 1] from generate_series(0, v_got - 1) i);
                    else
                        insert into {schema}.lease (
                               id, epoch, claimed, jobs, attempts, failures, start_bys, queue, kinds, keys, whole)
                        values (nextval('{schema}.lease_id'), p_epoch, {schema}.now_micros(),
                                v_part.jobs, v_part.attempts, v_part.failures, v_part.start_bys, p_queues[q],
                                v_part.kinds, v_part.keys, true)
                        returning array[lease.id] into v_made;
                        v_whole := v_whole || v_made;
                        v_leases := v_leases || array_fill(v_made[1], array[v_got]);
                    end if;
                    v_jobs := v_jobs || v_part.jobs;
                    v_attempts := v_attempts || v_part.attempts;
                    v_failures := v_failures || v_part.failures;
                    v_kinds := v_kinds || v_part.kinds;
                    v_start_bys := v_start_bys || v_part.start_bys;
                    v_queues := v_queues || array_fill(p_queues[q], array[v_got]);
                    v_priorities := v_priorities || v_part.priorities;
                    if v_rated then
                        perform {schema}.spend(v_rules, p_queues[q], v_part.kinds, v_part.keys);
                    end if;
                    -- Critical jobs use the slots reserved for them first.
                    v_total := cardinality(array_positions(v_part.priorities, 0::smallint));
                    v_left := v_left - (v_got - v_total) - greatest(0, v_total - v_reserved);
                    v_reserved := greatest(0, v_reserved - v_total);
                end if;
            end if;
            exit when v_last or not v_parking and (v_left <= 0 or {schema}.now_micros() > v_until);
            v_parking := false;
        end loop;
        if v_told then
            -- Where the lanes stand; for fair ones also told to those who enqueue, now and then.
            return query
                select 0::bigint, v_job[p + 1], 0::smallint, 0::smallint, 0, p_queues[q], p::smallint,
                       v_start_by[p + 1], null::text, null::text, false
                  from generate_series(0, 4) p;
            insert into {schema}.fair_clock as c (queue, priority, start_by, at)
            select p_queues[q], p, v_start_by[p + 1], v_until
              from generate_series(0, 4) p
             where v_start_by[p + 1] > p_start_by[(q - 1) * 5 + p + 1] and p_queues[q] = any (v_fair)
                on conflict on constraint fair_clock_pkey do update set start_by = excluded.start_by, at = excluded.at
             where c.at < excluded.at - 50000 or c.start_by > excluded.start_by;
        end if;
    end loop;
    return query
        select u.lease, u.job, u.attempt, u.failures, u.kind, u.queue, u.priority,
               case when u.attempt = 1 and b.created is not null and u.queue = any (v_fair)
                    then greatest(u.start_by, b.created + p_within[u.priority + 1]) else u.start_by end,
               b.payload, b.meta, u.lease <> all (v_whole)
          from unnest(v_leases, v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_start_bys, v_priorities)
               u (lease, job, attempt, failures, kind, queue, start_by, priority)
          left join lateral (
               select j.payload, j.meta, j.created from {schema}.job j where j.id = u.job
               union all
               select k.payload, k.meta, k.created from {schema}.job_kept k where k.id = u.job
               limit 1) b on true;
end $$;
