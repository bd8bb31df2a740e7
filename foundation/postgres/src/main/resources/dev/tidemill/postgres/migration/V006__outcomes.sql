-- Outcomes: what they free, what a retry keeps, and what a node leaves behind when it dies. {schema} is the schema's
-- name.
-- needs 1: every function the first version calls is still there under its name.

select {schema}.add_history('cancelled', 'job', 'job');

-- Jobs to which something is still to happen.
create or replace function {schema}.live_jobs(p_low bigint, p_high bigint) returns setof bigint
language plpgsql
as $$
begin
    return query
        select r.job from {schema}.ready r where r.job >= p_low and r.job < p_high
        union
        select p.job from {schema}.parked p where p.job >= p_low and p.job < p_high
        union
        select s.job from {schema}.scheduled s where s.job >= p_low and s.job < p_high
        union
        select u.job from {schema}.lease l cross join lateral unnest(l.jobs) u (job)
         where u.job >= p_low and u.job < p_high
        union
        select d.job from {schema}.dead_letter d where d.job >= p_low and d.job < p_high and not d.discarded;
end $$;

-- As before, but that a cancelled job has come to its end.
create or replace function {schema}.job_end(p_job bigint) returns bigint
language sql stable
as $$
    select coalesce(
        (select min(a.started + a.took) from {schema}.attempt a where a.job = p_job and a.outcome = 0),
        (select min(a.started + a.took) from {schema}.attempt_kept a where a.job = p_job and a.outcome = 0),
        (select d.failed from {schema}.dead_letter d where d.job = p_job),
        (select c.at from {schema}.cancelled c where c.job = p_job),
        (select c.at from {schema}.cancelled_kept c where c.job = p_job),
        case when not exists (select from {schema}.job j where j.id = p_job)
              and not exists (select from {schema}.job_kept k where k.id = p_job) then 0 end)
$$;

-- A job's key, wherever its body is.
create function {schema}.key_of(p_job bigint) returns bigint
language plpgsql stable
set enable_seqscan = off
as $$
begin
    return (select j.key from {schema}.job j where j.id = p_job
            union all
            select k.key from {schema}.job_kept k where k.id = p_job
            limit 1);
end $$;

-- Which of these jobs somebody cancelled before they started; they are done with that.
create function {schema}.drop_cancelled(p_jobs bigint[]) returns bigint[]
language plpgsql
as $$
declare
    v_dropped bigint[];
begin
    -- In almost every claim nobody has cancelled anything, and that is all it costs.
    if not exists (select from {schema}.cancel_request) then
        return '{}';
    end if;
    with ended as (
        delete from {schema}.cancel_request c where c.job = any (p_jobs) returning c.job, c.by),
    noted as (
        insert into {schema}.cancelled (job, at, by)
        select e.job, {schema}.now_micros(), e.by from ended e
            on conflict do nothing)
    select array_agg(e.job) into v_dropped from ended e;
    return coalesce(v_dropped, '{}');
end $$;

-- Writes successes, ends leases, and takes finished jobs out of the leases of limited queues, so that they no longer
-- count.
create function {schema}.finish(
    p_epoch bigint, p_slot integer,
    p_lease bigint[], p_job bigint[], p_attempt smallint[], p_started bigint[], p_took bigint[], p_late bigint[],
    p_ended bigint[], p_freed_lease bigint[], p_freed_job bigint[])
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
    if cardinality(p_freed_lease) > 0 then
        perform {schema}.take_out(p_epoch, p_freed_lease, p_freed_job);
    end if;
end $$;

-- Takes jobs out of leases; a lease that holds no more is ended.
create function {schema}.take_out(p_epoch bigint, p_lease bigint[], p_job bigint[]) returns void
language plpgsql
set jit = off
as $$
begin
    update {schema}.lease l
       set (jobs, attempts, failures, start_bys, kinds, keys) = (
           select coalesce(array_agg(u.job), '{}'), coalesce(array_agg(u.attempt), '{}'),
                  coalesce(array_agg(u.failures), '{}'), coalesce(array_agg(u.start_by), '{}'),
                  case when l.kinds is not null then coalesce(array_agg(u.kind), '{}') end,
                  case when l.kinds is not null then coalesce(array_agg(u.key), '{}') end
             from unnest(l.jobs, l.attempts, l.failures, l.start_bys, l.kinds, l.keys)
                  u (job, attempt, failures, start_by, kind, key)
            where u.job <> all (array(select g.job from unnest(p_lease, p_job) g (lease, job) where g.lease = l.id)))
     where l.id = any (p_lease) and l.epoch = p_epoch;
    delete from {schema}.lease l where l.id = any (p_lease) and l.epoch = p_epoch and l.jobs = '{}';
end $$;

-- As in V001, and: a retry keeps its key (one that has a key passes through scheduled, where it gets its turn), and a job that was cancelled meanwhile is not tried again.
create or replace function {schema}.finish_failures(
    p_epoch bigint, p_slot integer,
    p_lease bigint[], p_job bigint[], p_attempt smallint[], p_failures smallint[], p_started bigint[],
    p_took bigint[], p_late bigint[], p_outcome smallint[], p_error text[], p_next smallint[], p_delay bigint[],
    p_within bigint[], p_code text[], p_kind integer[], p_queue integer[], p_priority smallint[])
returns table (queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
declare
    v_now bigint;
    v_dropped bigint[];
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    v_now := {schema}.now_micros();
    v_dropped := {schema}.drop_cancelled(array(
        select u.job
          from unnest(p_lease, p_job, p_next, p_outcome) u (lease, job, next, outcome)
         where (u.next = 1 or u.outcome = 6)
               -- A flush that is repeated after a lost answer has its consequences behind it, and none for cancels.
           and not exists (select from {schema}.attempt a where a.lease = u.lease and a.job = u.job)));
    return query
    with input as materialized (
        select u.lease, u.job, u.attempt, u.failures, u.started, u.took, u.late, u.outcome, u.error,
               case when u.job = any (v_dropped) then 0 else u.next end as next,
               u.delay, u.within, u.code, u.kind, u.queue, u.priority
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
    fresh as materialized (
        select i.*, case when i.next = 1 then {schema}.key_of(i.job) end as key
          from input i join written w on w.lease = i.lease and w.job = i.job),
    now_ready as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select v_now + f.within, f.job, f.kind, f.queue, f.priority, least(f.attempt + 1, 32767), f.failures, f.key
          from fresh f where f.next = 1 and f.delay <= 0 and f.key is null),
    later as (
        insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures, key)
        select v_now + greatest(f.delay, 0), f.job, f.within, f.kind, f.queue, f.priority, least(f.attempt + 1, 32767), f.failures,
               f.key
          from fresh f where f.next = 1 and (f.delay > 0 or f.key is not null)),
    dead as (
        insert into {schema}.dead_letter (job, failed, kind, queue, priority, attempt, code, error)
        select f.job, v_now, f.kind, f.queue, f.priority, f.attempt, f.code, coalesce(f.error, '')
          from fresh f where f.next = 2
            on conflict do nothing)
    select f.queue, f.priority, min(v_now + greatest(f.delay, 0) + f.within),
           min(case when f.delay > 0 or f.key is not null then v_now + greatest(f.delay, 0) else 0 end)
      from fresh f where f.next = 1
     group by f.queue, f.priority, f.delay > 0 or f.key is not null;
end $$;

-- As in V001, with keys.
create or replace function {schema}.give_back(
    p_epoch bigint, p_slot integer, p_lease bigint[], p_job bigint[], p_kind integer[], p_queue integer[],
    p_priority smallint[])
returns integer
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
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
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
    select h.start_by, h.job, g.kind, g.queue, g.priority, h.attempt, h.failures,
           {schema}.key_of(h.job)
      from given g
      join held h on h.lease = g.lease and h.job = g.job;
    get diagnostics v_count = row_count;
    perform {schema}.take_out(p_epoch, p_lease, p_job);
    return v_count;
end $$;

-- As in V001, with keys, and bodies that were kept.
create or replace function {schema}.return_leases(p_epoch bigint, p_leases bigint[], p_outcome smallint)
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
        select h.*, j.kind, j.queue, j.priority, j.key
          from held h
          left join lateral (
               select b.kind, b.queue, b.priority, b.key from {schema}.job b where b.id = h.job
               union all
               select k.kind, k.queue, k.priority, k.key from {schema}.job_kept k where k.id = h.job
               limit 1) j on true
         where case when p_outcome is null
                    then not exists (select from {schema}.attempt a where a.lease = h.lease and a.job = h.job)
                    else exists (select from recorded r where r.lease = h.lease and r.job = h.job) end),
    again as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select o.start_by, o.job, o.kind, o.queue, o.priority,
               least(o.attempt + case when p_outcome is null then 0 else 1 end, 32767), o.failures, o.key
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

-- Makes ready again what is parked at a rule's gates (one of them, or all), which the caller is about to remove or
-- has opened: under the rule's lock, taken by the statement before.
create function {schema}.open_gates(p_rule integer, p_gate bigint)
returns table (queue integer, priority smallint, start_by bigint)
language plpgsql
set jit = off
as $$
begin
    delete from {schema}.gate g where g.rule = p_rule and (p_gate is null or g.key = p_gate);
    return query
    with freed as (
        delete from {schema}.parked p
         where p.rule = p_rule and (p_gate is null or p.gate = p_gate)
        returning p.*),
    again as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select f.start_by, f.job, f.kind, f.queue, f.priority, f.attempt, f.failures, f.key from freed f)
    select f.queue, f.priority, min(f.start_by) from freed f group by f.queue, f.priority;
end $$;

-- What becomes of a job whose cancelling was asked for, in a transaction before this one: claims and failures that
-- begin from then on see the request and drop the job, so each look here may be late but none can be wrong for good.
-- 0 no such job, 1 cancelled, 2 will not start any more, 3 is running, 4 has succeeded, 5 is a dead letter.
create function {schema}.carry_out_cancel(p_job bigint) returns integer
language plpgsql
set enable_seqscan = off
set jit = off
as $$
declare
    v_found boolean;
begin
    delete from {schema}.scheduled s where s.job = p_job;
    v_found := found;
    if not v_found then
        delete from {schema}.parked p where p.job = p_job;
        v_found := found;
    end if;
    if v_found then
        perform {schema}.drop_cancelled(array[p_job]);
        return 1;
    end if;
    perform from {schema}.lease l
      where p_job = any (l.jobs)
        and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = p_job);
    if found then
        return 3;
    end if;
    perform from {schema}.attempt a where a.job = p_job and a.outcome = 0;
    if found then
        delete from {schema}.cancel_request c where c.job = p_job;
        return 4;
    end if;
    perform from {schema}.dead_letter d where d.job = p_job;
    if found then
        delete from {schema}.cancel_request c where c.job = p_job;
        return 5;
    end if;
    perform from {schema}.cancelled c where c.job = p_job;
    if found then
        delete from {schema}.cancel_request c where c.job = p_job;
        return 1;
    end if;
    perform from {schema}.job j where j.id = p_job union all select from {schema}.job_kept k where k.id = p_job;
    if found then
        return 2;
    end if;
    delete from {schema}.cancel_request c where c.job = p_job;
    return 0;
end $$;
