-- What waits at a limit takes its turn with what waits in the lanes. {schema} is the schema's name.
-- needs 1: processes of former versions claim what was set aside before anything else, as they did; their enqueues get
-- the new turns.

-- The order of what is set aside, over all gates.
create index parked_turn on {schema}.parked (queue, priority, start_by);

-- The latest turn that was started while others of the lane were set aside; null where that never was so.
alter table {schema}.fair_clock add column turn bigint;

-- As in V002, and: where others are set aside, perhaps all that there are, a key that begins to wait starts at the turn
-- that is being served, not behind all of theirs.
create or replace function {schema}.fair_starts(
    p_queue integer[], p_priority smallint[], p_key bigint[], p_start_by bigint[])
returns bigint[]
language plpgsql
set enable_seqscan = off
set jit = off
as $$
begin
    if not exists (select from {schema}.fair_queue f where f.queue = any (p_queue)) then
        return p_start_by;
    end if;
    return (
        with input as materialized (
            select u.*, row_number() over (partition by u.queue, u.priority, u.key & -2 order by u.o) as n
              from unnest(p_queue, p_priority, p_key, p_start_by) with ordinality u (queue, priority, key, start_by, o)),
        turn as materialized (
            select i.queue, i.priority, i.key & -2 as key, min(i.start_by) as start_by,
                   16.0 / coalesce(max(w.weight), 1) as step
              from input i
              join {schema}.fair_queue f on f.queue = i.queue
              left join {schema}.key_weight w on w.queue = i.queue and w.key = i.key & -2
             where i.key & -2 <> 0
             group by i.queue, i.priority, i.key & -2),
        base as materialized (
            select t.*, greatest(
                   least(t.start_by, (
                       select r.start_by
                         from {schema}.ready r
                        where r.queue = t.queue and r.priority = t.priority
                          and r.start_by >= coalesce((select c.start_by from {schema}.fair_clock c
                                                       where c.queue = t.queue and c.priority = t.priority), 0)
                        order by r.start_by
                        limit 1), (
                       select c.turn
                         from {schema}.fair_clock c
                        where c.queue = t.queue and c.priority = t.priority
                          and exists (
                              select from {schema}.parked p
                               where p.queue = t.queue and p.priority = t.priority and p.start_by >= c.turn))),
                   (select max(x.start_by)
                      from unnest(array[t.key, t.key | 1]) k (key)
                     cross join lateral (
                           (select r.start_by from {schema}.ready r
                             where r.key = k.key and r.queue = t.queue and r.priority = t.priority
                             order by r.start_by desc limit 1)
                           union all
                           (select p.start_by from {schema}.parked p
                             where p.key = k.key and p.queue = t.queue and p.priority = t.priority
                             order by p.start_by desc limit 1)) x) + t.step) as first
              from turn t)
        select array_agg(coalesce((b.first + (i.n - 1) * b.step)::bigint, i.start_by) order by i.o)
          from input i
          left join base b on b.queue = i.queue and b.priority = i.priority and b.key = i.key & -2);
end $$;

-- As in V006, and: in a fair queue a key that was set aside comes back at the turn that is being served. With its former
-- turns it would run alone until it had caught up.
create or replace function {schema}.open_gates(p_rule integer, p_gate bigint)
returns table (queue integer, priority smallint, start_by bigint)
language plpgsql
set enable_seqscan = off
set jit = off
as $$
begin
    delete from {schema}.gate g where g.rule = p_rule and (p_gate is null or g.key = p_gate);
    return query
    with freed as materialized (
        delete from {schema}.parked p
         where p.rule = p_rule and (p_gate is null or p.gate = p_gate)
        returning p.*),
    served as materialized (
        select d.queue, d.priority, coalesce((
                   select r.start_by
                     from {schema}.ready r
                    where r.queue = d.queue and r.priority = d.priority and r.start_by >= coalesce(c.start_by, 0)
                    order by r.start_by
                    limit 1), c.turn) as turn
          from (select distinct f.queue, f.priority from freed f) d
          join {schema}.fair_queue q on q.queue = d.queue
          left join {schema}.fair_clock c on c.queue = d.queue and c.priority = d.priority),
    turned as materialized (
        select f.job, f.kind, f.queue, f.priority, f.attempt, f.failures, f.key,
               f.start_by + coalesce(greatest(0, s.turn - min(f.start_by) over (
                   partition by f.queue, f.priority, f.key & -2)), 0) as start_by
          from freed f left join served s on s.queue = f.queue and s.priority = f.priority),
    again as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select t.start_by, t.job, t.kind, t.queue, t.priority, t.attempt, t.failures, t.key from turned t)
    select t.queue, t.priority, min(t.start_by) from turned t group by t.queue, t.priority;
end $$;


-- Takes what is set aside, and has room at its gate, in its turn: in a lane's order the first, and between priorities as
-- plan_lanes has it. Where p_start_by is null, whatever there is, because the lanes are empty. held: something had room
-- and was left for later. In a fair queue, turns that are over do not count as long as they were missed: a key that was
-- at its limit, or paused, for an hour gets half of the slots until it has caught up, not all. Up to p_limit jobs, of
-- critical ones up to p_critical.
create function {schema}.unpark_in_turn(
    p_rules integer[], p_pauses boolean, p_queue integer, p_kinds integer[], p_weights integer[], p_limit integer,
    p_critical integer, p_mode integer, p_start_by bigint[], p_job bigint[],
    out jobs bigint[], out attempts smallint[], out failures smallint[], out kinds integer[], out start_bys bigint[],
    out keys bigint[], out priorities smallint[], out held boolean)
language plpgsql
set enable_hashjoin = on
set enable_sort = on
set plan_cache_mode = force_generic_plan
as $$
declare
    v_rule integer;
    v_part record;
    v_none bigint[] := array[null, null, null, null, null]::bigint[];
    v_first bigint[];
    v_earliest bigint;
    v_until bigint[];
    v_chance double precision[];
    v_served bigint[];
    v_critical integer := 0;
    v_others integer := 0;
begin
    held := false;
    foreach v_rule in array case when p_pauses then array_prepend(-1, p_rules) else p_rules end loop
        continue when not exists (select from {schema}.gate g where g.rule = v_rule);
        if v_first is null and p_start_by is not null then
            v_first := {schema}.first_of_lanes(p_queue, p_kinds, p_mode & 2 <> 0, p_start_by, p_job);
            select min(f.start_by) into v_earliest
              from unnest(v_first[2:5]) f (start_by);
            select array_agg(case when l.priority > 0 and p_mode & 1 = 0 and v_earliest >= {schema}.now_micros()
                                  then v_earliest else v_first[l.priority + 1] end order by l.priority),
                   array_agg(case when l.priority = 0 then 1
                                  when p_mode & 1 <> 0 then case when o.higher then 0 else 1 end
                                  when v_earliest >= {schema}.now_micros() then 1
                                  else p_weights[l.priority + 1]::double precision
                                       / (p_weights[l.priority + 1] + o.weights) end order by l.priority),
                   array_agg(c.turn - 160 order by l.priority)
              into v_until, v_chance, v_served
              from generate_series(0, 4) l (priority)
             cross join lateral (
                   select coalesce(sum(p_weights[x.priority + 1]), 0) as weights,
                          coalesce(bool_or(x.priority < l.priority), false) as higher
                     from generate_series(1, 4) x (priority)
                    where v_first[x.priority + 1] is not null and x.priority <> l.priority) o
              left join {schema}.fair_clock c on c.queue = p_queue and c.priority = l.priority
               and exists (select from {schema}.fair_queue f where f.queue = p_queue) and v_first <> v_none;
        end if;
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
        candidate as materialized (
            select k.*, v_first is null
                        or k.start_by <= coalesce(v_until[k.priority + 1], k.start_by)
                           and random() < v_chance[k.priority + 1]
                               * case when k.start_by < v_served[k.priority + 1] then 0.5 else 1 end as due
              from open o
             cross join lateral (
                   select p.ctid as at, p.priority, p.start_by
                     from {schema}.parked p
                    where p.rule = v_rule and p.gate = o.gate and p.queue = p_queue and p.kind = any (p_kinds)
                      and (p.priority < 4 or p_mode & 2 <> 0)
                    order by p.priority, p.start_by
                    limit least(o.room, p_critical)) k),
        picked as materialized (
            select r.at
              from (select c.at, c.priority,
                           row_number() over (partition by c.priority > 0 order by c.start_by) as n,
                           least(count(*) filter (where c.priority = 0) over (), p_critical - v_critical) as critical
                      from candidate c
                     where c.due) r
             where r.n <= case when r.priority = 0 then p_critical - v_critical
                               else p_limit - v_others
                                    - greatest(0, v_critical + r.critical - (p_critical - p_limit)) end),
        taken as (
            delete from {schema}.parked p
             where p.ctid = any (array(
                   -- Passes over what is being replaced or cancelled, as the lanes do, for the rule's lock is held.
                   select l.ctid from {schema}.parked l
                    where l.ctid = any (array(select k.at from picked k)) for update skip locked))
            returning p.*)
        select array_agg(t.job order by t.priority > 0, t.start_by) as jobs,
               array_agg(t.attempt order by t.priority > 0, t.start_by) as attempts,
               array_agg(t.failures order by t.priority > 0, t.start_by) as failures,
               array_agg(t.kind order by t.priority > 0, t.start_by) as kinds,
               array_agg(t.start_by order by t.priority > 0, t.start_by) as start_bys,
               array_agg(t.key order by t.priority > 0, t.start_by) as keys,
               array_agg(t.priority order by t.priority > 0, t.start_by) as priorities,
               count(*) filter (where t.priority = 0) as critical, count(*) filter (where t.priority > 0) as others,
               exists (select from candidate c where not c.due) as held
          into v_part
          from taken t;
        delete from {schema}.gate g
         where g.rule = v_rule
           and not exists (select from {schema}.parked p where p.rule = v_rule and p.gate = g.key);
        held := held or v_part.held;
        continue when v_part.jobs is null;
        v_critical := v_critical + v_part.critical;
        v_others := v_others + v_part.others;
        jobs := jobs || v_part.jobs;
        attempts := attempts || v_part.attempts;
        failures := failures || v_part.failures;
        kinds := kinds || v_part.kinds;
        start_bys := start_bys || v_part.start_bys;
        keys := keys || v_part.keys;
        priorities := priorities || v_part.priorities;
    end loop;
end $$;

-- What admit let through, but for jobs of gates at which others are set aside that had room and were left for later: those
-- go first, so that jobs of a key keep their order.
create function {schema}.wait_behind(
    p_rules integer[], p_queue integer, p_handled integer[], p_kinds integer[], p_keys bigint[], p_blocked integer[])
returns integer[]
language plpgsql
set plan_cache_mode = force_generic_plan
as $$
begin
    return (
        select array_agg(case when u.blocked <> 0 then u.blocked else coalesce((
                   select min(r.id)
                     from {schema}.limit_rule r
                    where r.id = any (p_rules) and (r.per_key or r.scope = 2)
                      and (r.scope = 1 and r.target = p_queue or r.scope = 2 and r.target = u.kind)
                      and (not r.per_key or coalesce(u.key & -2, 0) <> 0)
                      and exists (
                          select from {schema}.parked p
                           where p.rule = r.id and p.gate = case when r.per_key then u.key & -2 else 0 end
                             and p.queue = p_queue and p.kind = any (p_handled))), 0) end order by u.o)
          from unnest(p_kinds, p_keys, p_blocked) with ordinality u (kind, key, blocked, o));
end $$;

-- As in V020, but that what is set aside goes in its turn: first what is due before the lanes' own, then the lanes, then
-- whatever else has room, where slots are left. Where something was left for later, the lanes are gone through for five
-- milliseconds at most.
create or replace function {schema}.claim_within_limits(
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
    v_pass integer;
    v_held boolean;
    v_turns bigint[];
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
        v_pass := 1;
        v_held := false;
        v_turns := array[null, null, null, null, null]::bigint[];
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
            if v_pass <> 2 then
                v_part := {schema}.unpark_in_turn(
                    v_rules, v_pauses, p_queues[q], p_kinds, p_weights, greatest(v_left, 0), v_critical, p_modes[q],
                    case when v_pass = 1 then v_start_by end, v_job);
                if v_pass = 1 and v_part.held then
                    v_held := true;
                    v_told := true;
                    v_until := least(v_until, {schema}.now_micros() + 5000);
                end if;
            else
                v_part := {schema}.take_from_queue(
                    p_queues[q], p_kinds, p_weights, v_left, v_critical, p_modes[q], v_start_by, v_job);
            end if;
            v_seen := coalesce(cardinality(v_part.jobs), 0);
            v_last := v_pass = 2 and v_seen < v_asked;
            if v_seen > 0 then
                v_dropped := {schema}.drop_cancelled(v_part.jobs);
                v_tight := v_tight or v_pass <> 2 or v_held or v_pauses or v_dropped <> '{}'
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
                if v_pass = 2 and (v_told or not v_last) then
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
                    if v_held and v_pass = 2 then
                        v_blocked := {schema}.wait_behind(
                            v_rules, p_queues[q], p_kinds, v_part.kinds, v_part.keys, v_blocked);
                    end if;
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
                    if p_queues[q] = any (v_fair) then
                        v_turns := array(
                            select greatest(v_turns[p + 1], max(u.start_by))
                              from generate_series(0, 4) p
                              left join unnest(v_part.priorities, v_part.start_bys) u (priority, start_by)
                                on u.priority = p
                             group by p
                             order by p);
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
            if v_pass = 1 then
                v_pass := 2;
            elsif v_pass = 3 then
                exit;
            elsif v_last or v_left <= 0 or {schema}.now_micros() > v_until then
                exit when not v_held or v_left <= 0;
                v_pass := 3;
            end if;
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
        if p_queues[q] = any (v_fair) and exists (select from {schema}.parked p where p.queue = p_queues[q]) then
            insert into {schema}.fair_clock as c (queue, priority, start_by, at, turn)
            select p_queues[q], p, v_start_by[p + 1], v_until, v_turns[p + 1]
              from generate_series(0, 4) p
             where v_turns[p + 1] is not null
                on conflict on constraint fair_clock_pkey do update set turn = excluded.turn
             where c.turn is null or c.turn < excluded.turn - 100;
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
