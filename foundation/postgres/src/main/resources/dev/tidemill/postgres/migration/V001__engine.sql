-- The engine's tables and the functions of its hot path. {schema} is the schema's name.
-- Times are microseconds since the epoch, by this server's clock.

create function {schema}.now_micros() returns bigint
language sql volatile parallel safe
as $$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

create table {schema}.kind (
    id integer generated always as identity primary key,
    name text not null unique
);

create table {schema}.queue (
    id integer generated always as identity primary key,
    name text not null unique
);

-- Bodies: written once, never updated. Ids come in blocks of 1,000; a partition holds 10,000 blocks.
create sequence {schema}.job_block as bigint minvalue 1;

create table {schema}.job (
    id bigint not null,
    created bigint not null,
    kind integer not null,
    queue integer not null,
    priority smallint not null,
    payload text not null,
    meta text,
    primary key (id)
) partition by range (id);

create table {schema}.tag (
    name text not null,
    value text not null,
    job bigint not null,
    primary key (name, value, job)
) partition by range (job);

-- What may run now. Inserted and deleted, never updated, and as narrow as it gets: all claims walk it.
create table {schema}.ready (
    start_by bigint not null,
    job bigint not null,
    kind integer not null,
    queue integer not null,
    priority smallint not null,
    attempt smallint not null,
    failures smallint not null,
    primary key (queue, priority, start_by, job)
) with (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0.5,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);

-- What may run later.
create table {schema}.scheduled (
    due bigint not null,
    job bigint not null,
    start_within bigint not null,
    kind integer not null,
    queue integer not null,
    priority smallint not null,
    attempt smallint not null,
    failures smallint not null,
    primary key (job)
) with (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);
create index scheduled_due on {schema}.scheduled (due, job);

-- A process under one epoch; kept when it has ended, because attempts name it. Heartbeats are updates, which is why
-- they live here and not on the fence.
create table {schema}.node (
    epoch bigint generated always as identity primary key,
    name text not null,
    host text not null,
    pid bigint not null,
    kinds text[] not null,
    queues text[] not null,
    started bigint not null,
    backend integer,
    backend_start timestamptz,
    heartbeat bigint not null,
    running integer not null default 0,
    ended bigint
) with (fillfactor = 50);
create index node_alive on {schema}.node (epoch) where ended is null;

-- What a living epoch holds FOR KEY SHARE while it claims or finishes. Never updated: closing is a DELETE, which
-- waits for the holders. 32 rows an epoch, so that concurrent holders share no row (shared row locks are costly).
create table {schema}.fence (
    epoch bigint not null,
    slot integer not null,
    primary key (epoch, slot)
);

-- Epochs being closed. Committed before their fence is deleted: new holders look here first and stay away, so the
-- DELETE cannot starve behind a busy node.
create table {schema}.closing (
    epoch bigint primary key,
    since bigint not null
);

create sequence {schema}.lease_id as bigint minvalue 1;

create table {schema}.lease (
    id bigint primary key,
    epoch bigint not null,
    claimed bigint not null,
    jobs bigint[] not null,
    attempts smallint[] not null,
    failures smallint[] not null,
    start_bys bigint[] not null
) with (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);
create index lease_epoch on {schema}.lease (epoch);

-- What came of it. Append-only; the key makes a repeated flush harmless. Partitioned by lease, so that the rescue's
-- look for what a lease still owes touches one partition.
create table {schema}.attempt (
    lease bigint not null,
    job bigint not null,
    started bigint not null,
    took bigint not null,
    late bigint not null,
    epoch bigint not null,
    attempt smallint not null,
    outcome smallint not null,
    error text,
    primary key (lease, job)
) partition by range (lease);
create index attempt_job on {schema}.attempt (job);

create table {schema}.dead_letter (
    job bigint primary key,
    failed bigint not null,
    kind integer,
    queue integer not null,
    priority smallint not null,
    attempt smallint not null,
    code text not null,
    error text not null,
    discarded boolean not null default false
);
create index dead_letter_open on {schema}.dead_letter (failed desc, job desc) where not discarded;

-- What finished, by the minute; written with the heartbeats.
create table {schema}.tally (
    minute bigint not null,
    epoch bigint not null,
    queue integer not null,
    priority smallint not null,
    kind integer not null,
    succeeded bigint not null,
    failed bigint not null,
    met bigint not null,
    missed bigint not null,
    took bigint not null,
    primary key (minute, epoch, queue, priority, kind)
) with (fillfactor = 70);

-- Depths as last counted.
create table {schema}.rollup (
    name text primary key,
    at bigint not null,
    took bigint not null,
    body jsonb not null
) with (fillfactor = 50);

-- Makes the partitions that ids handed out soon will need: the current one and the next two of each kind. ATTACH
-- instead of CREATE .. PARTITION OF, because that would lock the parent against everything.
create function {schema}.make_partition(p_parent text, p_number bigint, p_size bigint) returns boolean
language plpgsql
as $$
declare
    v_name text := p_parent || '_' || p_number;
begin
    if to_regclass('{schema}.' || v_name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtextextended('{schema}.partition', 0));
    if to_regclass('{schema}.' || v_name) is not null then
        return false;
    end if;
    execute format('create table {schema}.%I (like {schema}.%I including defaults including constraints)',
                   v_name, p_parent);
    execute format('alter table {schema}.%I set (autovacuum_vacuum_insert_scale_factor = 0.2)', v_name);
    execute format('alter table {schema}.%I attach partition {schema}.%I for values from (%s) to (%s)',
                   p_parent, v_name, p_number * p_size, (p_number + 1) * p_size);
    return true;
end $$;

create function {schema}.make_partitions() returns integer
language plpgsql
as $$
declare
    v_job bigint := (select last_value / 10000 from {schema}.job_block);
    v_lease bigint := (select last_value / 2000000 from {schema}.lease_id);
    v_made integer := 0;
begin
    for i in 0..2 loop
        v_made := v_made + {schema}.make_partition('job', v_job + i, 10000000)::integer;
        v_made := v_made + {schema}.make_partition('tag', v_job + i, 10000000)::integer;
        v_made := v_made + {schema}.make_partition('attempt', v_lease + i, 2000000)::integer;
    end loop;
    return v_made;
end $$;

-- Holds the epoch's fence for the rest of the transaction. False means closed. Every engine transaction must be READ
-- COMMITTED: the statement after the lock needs a snapshot of its own.
create function {schema}.hold_fence(p_epoch bigint, p_slot integer) returns boolean
language plpgsql
as $$
begin
    perform from {schema}.closing c where c.epoch = p_epoch;
    if found then
        return false;
    end if;
    perform from {schema}.fence f where f.epoch = p_epoch and f.slot = p_slot for key share;
    return found;
end $$;

create function {schema}.require_fence(p_epoch bigint, p_slot integer) returns void
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Tidemill''s transactions must be READ COMMITTED, not %', current_setting('transaction_isolation')
            using errcode = 'TM002';
    end if;
    if not {schema}.hold_fence(p_epoch, p_slot) then
        raise exception 'epoch % is closed', p_epoch using errcode = 'TM001';
    end if;
end $$;

-- The earliest start_by beyond the positions in each of a queue's five lanes, null where there is none: five index
-- probes in one statement. Called from claim, under its settings.
create function {schema}.first_of_lanes(
    p_queue integer, p_kinds integer[], p_off_peak boolean, p_start_by bigint[], p_job bigint[])
returns bigint[]
language plpgsql
as $$
declare
    v_first bigint[] := array[null, null, null, null, null]::bigint[];
    v_lane integer;
    v_start_by bigint;
begin
    for v_lane, v_start_by in
        select l.lane, w.start_by
          from generate_series(0, case when p_off_peak then 4 else 3 end) l(lane)
         cross join lateral (
               select r.start_by
                 from {schema}.ready r
                where r.queue = p_queue and r.priority = l.lane
                  and (r.start_by, r.job) > (p_start_by[l.lane + 1], p_job[l.lane + 1])
                  and r.kind = any (p_kinds)
                order by r.start_by, r.job
                limit 1) w
    loop
        v_first[v_lane + 1] := v_start_by;
    end loop;
    return v_first;
end $$;

-- How many jobs to take from each of the lanes 1 to 4 of a queue (HIGH to OFF_PEAK), nothing locked. One lane with
-- jobs: all from it. Several, none overdue: by the earliest start_by. Several, some overdue: by weight, because
-- deadline order would give everything to the class that is latest; the first of each lane gets an exponential offset,
-- so that the shares hold on average even when one job is taken at a time. Called from claim, under its settings.
create function {schema}.plan_lanes(
    p_queue integer, p_kinds integer[], p_weights integer[], p_limit integer, p_first bigint[],
    p_start_by bigint[], p_job bigint[])
returns integer[]
language plpgsql
as $$
declare
    v_take integer[] := array[0, 0, 0, 0];
    v_first bigint;
    v_earliest bigint;
    v_filled integer := 0;
    v_last integer;
    v_lane integer;
    v_counts integer[] := array[0, 0, 0, 0];
begin
    for v_lane in 1..4 loop
        if p_first[v_lane + 1] is not null then
            v_filled := v_filled + 1;
            v_last := v_lane;
            v_counts[v_lane] := 1;
            v_earliest := least(v_earliest, p_first[v_lane + 1]);
        end if;
    end loop;
    if v_filled = 0 then
        return v_take;
    end if;
    if v_filled = 1 then
        v_take[v_last] := p_limit;
        return v_take;
    end if;
    if v_earliest >= {schema}.now_micros() then
        for v_lane, v_first in
            select m.lane, count(*)
              from (select l.lane, w.start_by
                      from generate_series(1, 4) l(lane)
                     cross join lateral (
                           select r.start_by
                             from {schema}.ready r
                            where v_counts[l.lane] > 0 and r.queue = p_queue and r.priority = l.lane
                              and (r.start_by, r.job) > (p_start_by[l.lane + 1], p_job[l.lane + 1])
                              and r.kind = any (p_kinds)
                            order by r.start_by, r.job
                            limit p_limit) w
                     order by w.start_by
                     limit p_limit) m
             group by m.lane
        loop
            v_take[v_lane] := v_first;
        end loop;
        return v_take;
    end if;
    for v_lane in 1..4 loop
        if v_counts[v_lane] > 0 then
            v_counts[v_lane] := (
                select count(*)
                  from (select from {schema}.ready r
                         where r.queue = p_queue and r.priority = v_lane
                           and (r.start_by, r.job) > (p_start_by[v_lane + 1], p_job[v_lane + 1])
                           and r.kind = any (p_kinds)
                         order by r.start_by, r.job
                         limit p_limit) c);
        end if;
    end loop;
    for v_lane, v_first in
        with offsets as materialized (
            select l.lane, -ln(1 - random()) as start from generate_series(1, 4) l(lane) where v_counts[l.lane] > 0)
        select m.lane, count(*)
          from (select o.lane
                  from offsets o
                 cross join lateral generate_series(1, v_counts[o.lane]) g(i)
                 order by (g.i - 1 + o.start) / p_weights[o.lane + 1]
                 limit p_limit) m
         group by m.lane
    loop
        v_take[v_lane] := v_first;
    end loop;
    return v_take;
end $$;

-- Takes up to p_limit jobs out of a lane, from a position on. Called from claim, under its settings.
create function {schema}.take_lane(
    p_queue integer, p_priority integer, p_kinds integer[], p_limit integer, p_start_by bigint, p_job bigint,
    out jobs bigint[], out attempts smallint[], out failures smallint[], out kinds integer[], out start_bys bigint[])
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
        returning r.job, r.attempt, r.failures, r.kind, r.start_by)
    select array_agg(t.job), array_agg(t.attempt), array_agg(t.failures), array_agg(t.kind), array_agg(t.start_by)
      into jobs, attempts, failures, kinds, start_bys
      from taken t;
end $$;

-- One claim for all queues of a process: critical jobs first, the rest as planned, one lease over all of it. For each
-- queue q, p_start_by[(q - 1) * 5 + priority + 1] and p_job likewise are the lane's position. p_modes: 1 strict
-- priority, 2 off-peak open. A body that is missing comes back as null instead of silently taking its job along.
-- The plans must walk ready's primary key and fetch bodies by theirs whatever the statistics say, hence the settings,
-- which also hold in what is called from here; jit off because with it 15 compiles every claim, generic plans because
-- planning each time costs more than running.
create function {schema}.claim(
    p_epoch bigint, p_slot integer, p_kinds integer[], p_weights integer[],
    p_queues integer[], p_limits integer[], p_critical integer[], p_modes integer[],
    p_start_by bigint[], p_job bigint[])
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
    v_left integer;
    v_got integer;
    v_take integer[];
    v_first bigint[];
    v_part record;
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    for q in 1..cardinality(p_queues) loop
        v_at := (q - 1) * 5;
        v_left := p_limits[q];
        v_first := {schema}.first_of_lanes(
            p_queues[q], p_kinds, p_modes[q] & 2 <> 0,
            p_start_by[v_at + 1:v_at + 5], p_job[v_at + 1:v_at + 5]);
        for p in 0..4 loop
            if p = 1 and v_left > 0 and p_modes[q] & 1 = 0 then
                v_take := {schema}.plan_lanes(
                    p_queues[q], p_kinds, p_weights, v_left, v_first,
                    p_start_by[v_at + 1:v_at + 5], p_job[v_at + 1:v_at + 5]);
            end if;
            v_got := case
                when v_first[p + 1] is null then 0
                when p = 0 then p_critical[q]
                when v_left <= 0 then 0
                when p_modes[q] & 1 = 0 then v_take[p]
                else v_left
            end;
            continue when coalesce(v_got, 0) <= 0;
            v_part := {schema}.take_lane(
                p_queues[q], p, p_kinds, v_got, p_start_by[v_at + p + 1], p_job[v_at + p + 1]);
            v_got := coalesce(cardinality(v_part.jobs), 0);
            continue when v_got = 0;
            v_jobs := v_jobs || v_part.jobs;
            v_attempts := v_attempts || v_part.attempts;
            v_failures := v_failures || v_part.failures;
            v_kinds := v_kinds || v_part.kinds;
            v_start_bys := v_start_bys || v_part.start_bys;
            v_queues := v_queues || array_fill(p_queues[q], array[v_got]);
            v_priorities := v_priorities || array_fill(p::smallint, array[v_got]);
            -- Critical jobs use the slots reserved for them first.
            v_left := v_left - case when p = 0 then greatest(0, v_got - (p_critical[q] - p_limits[q])) else v_got end;
        end loop;
    end loop;
    if cardinality(v_jobs) = 0 then
        return;
    end if;
    v_lease := nextval('{schema}.lease_id');
    insert into {schema}.lease (id, epoch, claimed, jobs, attempts, failures, start_bys)
    values (v_lease, p_epoch, {schema}.now_micros(), v_jobs, v_attempts, v_failures, v_start_bys);
    return query
        select v_lease, u.job, u.attempt, u.failures, u.kind, u.queue, u.priority, u.start_by, b.payload, b.meta
          from unnest(v_jobs, v_attempts, v_failures, v_kinds, v_queues, v_priorities, v_start_bys)
               u (job, attempt, failures, kind, queue, priority, start_by)
          left join lateral (select j.payload, j.meta from {schema}.job j where j.id = u.job) b on true;
end $$;

-- Writes successes and ends leases.
create function {schema}.finish(
    p_epoch bigint, p_slot integer,
    p_lease bigint[], p_job bigint[], p_attempt smallint[], p_started bigint[], p_took bigint[], p_late bigint[],
    p_ended bigint[])
returns void
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
    select u.lease, u.job, u.started, u.took, u.late, p_epoch, u.attempt, 0
      from unnest(p_lease, p_job, p_attempt, p_started, p_took, p_late)
           u (lease, job, attempt, started, took, late)
        on conflict do nothing;
    delete from {schema}.lease l where l.id = any (p_ended) and l.epoch = p_epoch;
end $$;

-- Writes attempts that did not succeed, and what follows: p_next 1 is another attempt after p_delay, 2 a dead letter.
-- Only rows that were not there before have consequences, so a repeated flush retries nothing twice.
create function {schema}.finish_failures(
    p_epoch bigint, p_slot integer,
    p_lease bigint[], p_job bigint[], p_attempt smallint[], p_failures smallint[], p_started bigint[],
    p_took bigint[], p_late bigint[], p_outcome smallint[], p_error text[], p_next smallint[], p_delay bigint[],
    p_within bigint[], p_code text[], p_kind integer[], p_queue integer[], p_priority smallint[])
returns table (queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now bigint;
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    v_now := {schema}.now_micros();
    return query
    with input as materialized (
        select *
          from unnest(p_lease, p_job, p_attempt, p_failures, p_started, p_took, p_late, p_outcome, p_error, p_next,
                      p_delay, p_within, p_code, p_kind, p_queue, p_priority)
               u (lease, job, attempt, failures, started, took, late, outcome, error, next,
                  delay, within, code, kind, queue, priority)),
    written as (
        insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome, error)
        select i.lease, i.job, i.started, i.took, i.late, p_epoch, i.attempt, i.outcome, i.error
          from input i
            on conflict do nothing
        returning attempt.lease, attempt.job),
    fresh as (
        select i.* from input i join written w on w.lease = i.lease and w.job = i.job),
    now_ready as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
        select v_now + f.within, f.job, f.kind, f.queue, f.priority, least(f.attempt + 1, 32767), f.failures
          from fresh f where f.next = 1 and f.delay <= 0),
    later as (
        insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures)
        select v_now + f.delay, f.job, f.within, f.kind, f.queue, f.priority, least(f.attempt + 1, 32767), f.failures
          from fresh f where f.next = 1 and f.delay > 0),
    dead as (
        insert into {schema}.dead_letter (job, failed, kind, queue, priority, attempt, code, error)
        select f.job, v_now, f.kind, f.queue, f.priority, f.attempt, f.code, coalesce(f.error, '')
          from fresh f where f.next = 2
            on conflict do nothing)
    select f.queue, f.priority, min(v_now + greatest(f.delay, 0) + f.within),
           min(case when f.delay > 0 then v_now + f.delay else 0 end)
      from fresh f where f.next = 1
     group by f.queue, f.priority, f.delay > 0;
end $$;

-- A success inside the application's transaction. It writes its attempt row and nothing else: handlers that touched
-- the shared lease row would deadlock. The fence must be held under any isolation: a row that was deleted meanwhile is
-- not found, or fails the transaction, both of which keep the outcome out.
create function {schema}.complete(
    p_epoch bigint, p_slot integer, p_lease bigint, p_job bigint, p_attempt smallint, p_started bigint, p_start_by bigint)
returns boolean
language plpgsql
as $$
begin
    if not {schema}.hold_fence(p_epoch, p_slot) then
        return false;
    end if;
    insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
    values (p_lease, p_job, p_started, greatest(0, {schema}.now_micros() - p_started), p_started - p_start_by,
            p_epoch, p_attempt, 0)
        on conflict do nothing;
    return found;
end $$;

-- Takes jobs that never started out of their leases and makes them ready again as they were. Only what the leases
-- still hold goes back, so repeating it is harmless.
create function {schema}.give_back(
    p_epoch bigint, p_slot integer, p_lease bigint[], p_job bigint[], p_kind integer[], p_queue integer[],
    p_priority smallint[])
returns integer
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_count integer;
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    -- The next statement must see what a repetition still under way has done.
    perform from {schema}.lease l where l.id = any (p_lease) and l.epoch = p_epoch order by l.id for update;
    with given as materialized (
        select * from unnest(p_lease, p_job, p_kind, p_queue, p_priority) g (lease, job, kind, queue, priority)),
    held as (
        select l.id as lease, u.*
          from {schema}.lease l
         cross join lateral unnest(l.jobs, l.attempts, l.failures, l.start_bys) u (job, attempt, failures, start_by)
         where l.id = any (p_lease) and l.epoch = p_epoch)
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
    select h.start_by, h.job, g.kind, g.queue, g.priority, h.attempt, h.failures
      from given g
      join held h on h.lease = g.lease and h.job = g.job;
    get diagnostics v_count = row_count;
    update {schema}.lease l
       set (jobs, attempts, failures, start_bys) = (
           select coalesce(array_agg(u.job), '{}'), coalesce(array_agg(u.attempt), '{}'),
                  coalesce(array_agg(u.failures), '{}'), coalesce(array_agg(u.start_by), '{}')
             from unnest(l.jobs, l.attempts, l.failures, l.start_bys) u (job, attempt, failures, start_by)
            where not exists (select from unnest(p_lease, p_job) g (lease, job) where g.lease = l.id and g.job = u.job))
     where l.id = any (p_lease) and l.epoch = p_epoch;
    delete from {schema}.lease l where l.id = any (p_lease) and l.epoch = p_epoch and l.jobs = '{}';
    return v_count;
end $$;

-- Makes ready again what leases hold and no attempt covers, and ends the leases. With p_outcome (4 released, 5 lost)
-- the attempt is recorded as such and the next one numbered on; without, it never happened. Runs only where the fence
-- of the leases' epoch is gone, or held by the caller.
create function {schema}.return_leases(p_epoch bigint, p_leases bigint[], p_outcome smallint)
returns table (queue integer, priority smallint, start_by bigint, jobs bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return query
    with ended as (
        delete from {schema}.lease l
         where l.epoch = p_epoch and (p_leases is null or l.id = any (p_leases))
        returning l.id, l.claimed, l.jobs, l.attempts, l.failures, l.start_bys),
    held as materialized (
        select e.id as lease, e.claimed, u.*
          from ended e
         cross join lateral unnest(e.jobs, e.attempts, e.failures, e.start_bys) u (job, attempt, failures, start_by)),
    recorded as (
        insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
        select h.lease, h.job, h.claimed, 0, h.claimed - h.start_by, p_epoch, h.attempt, p_outcome
          from held h where p_outcome is not null
            on conflict do nothing
        returning attempt.lease, attempt.job),
    owed as materialized (
        select h.*, j.kind, j.queue, j.priority
          from held h
          left join lateral (select b.kind, b.queue, b.priority from {schema}.job b where b.id = h.job) j on true
         where case when p_outcome is null
                    then not exists (select from {schema}.attempt a where a.lease = h.lease and a.job = h.job)
                    else exists (select from recorded r where r.lease = h.lease and r.job = h.job) end),
    again as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
        select o.start_by, o.job, o.kind, o.queue, o.priority,
               least(o.attempt + case when p_outcome is null then 0 else 1 end, 32767), o.failures
          from owed o where o.queue is not null),
    bodiless as (
        insert into {schema}.dead_letter (job, failed, kind, queue, priority, attempt, code, error)
        select o.job, {schema}.now_micros(), null, 0, 2, o.attempt, 'BODY_MISSING', 'The job has no body any more.'
          from owed o where o.queue is null
            on conflict do nothing)
    select o.queue, o.priority, min(o.start_by), count(*)
      from owed o where o.queue is not null
     group by o.queue, o.priority;
end $$;

-- Takes in plain jobs, due now; the shape of single enqueues. A function so that its plan is made once.
create function {schema}.add_ready(
    p_id bigint[], p_kind integer[], p_queue integer[], p_priority smallint[], p_payload text[], p_meta text[],
    p_within bigint[])
returns bigint
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now bigint := {schema}.now_micros();
begin
    insert into {schema}.job (id, created, kind, queue, priority, payload, meta)
    select u.id, v_now, u.kind, u.queue, u.priority, u.payload, u.meta
      from unnest(p_id, p_kind, p_queue, p_priority, p_payload, p_meta) u (id, kind, queue, priority, payload, meta);
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)
    select v_now + u.within, u.id, u.kind, u.queue, u.priority, 1, 0
      from unnest(p_id, p_kind, p_queue, p_priority, p_within) u (id, kind, queue, priority, within);
    return v_now;
end $$;
