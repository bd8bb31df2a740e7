-- Jobs that take their process down, and looks aside. {schema} is the schema's name.
-- needs 1: every function the first version calls is still there under its name.

-- The job that an epoch is about to run alone, because it was lost with its node before: if the node is lost once more
-- while this stands, it was the job. Written before the handler's first step; a later job's note replaces it, and one
-- whose attempt has an outcome is past.
create table {schema}.suspect (
    epoch bigint primary key,
    job bigint not null,
    lease bigint not null,
    since bigint not null
) with (fillfactor = 20);

create function {schema}.note_suspect(p_epoch bigint, p_slot integer, p_lease bigint, p_job bigint) returns void
language plpgsql
as $$
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    insert into {schema}.suspect as s (epoch, job, lease, since)
    values (p_epoch, p_job, p_lease, {schema}.now_micros())
        on conflict (epoch) do update set job = excluded.job, lease = excluded.lease, since = excluded.since;
end $$;

-- As in V006, and a suspect that was running when its node was lost (outcome 5) becomes a dead letter.
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
    poison as materialized (
        select o.lease, o.job
          from owed o
          join {schema}.suspect s on s.epoch = p_epoch and s.lease = o.lease and s.job = o.job
         where p_outcome = 5 and o.queue is not null),
    convicted as (
        insert into {schema}.dead_letter (job, failed, kind, queue, priority, attempt, code, error)
        select o.job, {schema}.now_micros(), o.kind, o.queue, o.priority, o.attempt, 'POISONED',
               'The job took its node down with it as often as is allowed.'
          from owed o
         where exists (select from poison p where p.lease = o.lease and p.job = o.job)
            on conflict do nothing),
    again as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select o.start_by, o.job, o.kind, o.queue, o.priority,
               least(o.attempt + case when p_outcome is null then 0 else 1 end, 32767), o.failures, o.key
          from owed o
         where o.queue is not null
           and not exists (select from poison p where p.lease = o.lease and p.job = o.job)),
    bodiless as (
        insert into {schema}.dead_letter (job, failed, kind, queue, priority, attempt, code, error)
        select o.job, {schema}.now_micros(), null, 0, 2, o.attempt, 'BODY_MISSING', 'The job has no body any more.'
          from owed o where o.queue is null
            on conflict do nothing)
    select o.queue, o.priority, min(o.start_by), count(*)
      from owed o
     where o.queue is not null and not exists (select from poison p where p.lease = o.lease and p.job = o.job)
     group by o.queue, o.priority;
    delete from {schema}.suspect s where s.epoch = p_epoch and (p_leases is null or s.lease = any (p_leases));
end $$;

-- The first job of each lane that has one of these kinds, from the beginning. Under the settings of a claim.
create function {schema}.look(p_queues integer[], p_kinds integer[])
returns table (queue integer, priority integer, start_by bigint)
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
    v_queue integer;
    v_beginning bigint[] := array_fill('-9223372036854775808'::bigint, array[5]);
begin
    foreach v_queue in array p_queues loop
        return query
            select v_queue, u.lane::integer - 1, u.start_by
              from unnest({schema}.first_of_lanes(v_queue, p_kinds, true, v_beginning, v_beginning))
                   with ordinality u (start_by, lane)
             where u.start_by is not null;
    end loop;
end $$;
