-- Keys, limits, fairness, pauses, cancelling, and what becomes of jobs that take their process down.
-- needs 1: every function the first version calls is still there under its name.

-- A job's key, as a number: 63 bits of its text's hash; the lowest bit is left to engine marks. Null for plain jobs,
-- and in ready it is the eighth column, so that a plain row is no byte longer.
alter table {schema}.job add column key bigint;
alter table {schema}.ready add column key bigint;
alter table {schema}.scheduled add column key bigint;
create index ready_key on {schema}.ready (key, queue, priority, start_by) where key is not null;

create function {schema}.key_number(p_key text) returns bigint
language sql immutable parallel safe
as $$ select hashtextextended(p_key, 0) & -2 $$;

-- What nodes must know before they claim. A claim names the version it was made for; whoever changes a limit, a pause
-- or a breaker raises it, so that no claim begins under old rules once the change is committed.
create table {schema}.control (
    version bigint primary key
);
insert into {schema}.control values (1);

-- scope 0: everything, 1: a queue, 2: a kind, 3: a key, of which number holds the hash.
create table {schema}.pause (
    scope smallint not null,
    name text not null,
    number bigint not null,
    since bigint not null,
    by text not null,
    reason text not null,
    primary key (scope, name)
);

-- scope 1: the jobs of a queue, 2: of a kind. per_key: each key by itself. rate tokens come per period (microseconds),
-- at most burst of them are saved up.
create table {schema}.limit_rule (
    id integer generated always as identity primary key,
    scope smallint not null,
    target integer not null,
    per_key boolean not null,
    concurrency integer,
    rate integer,
    per bigint,
    burst integer,
    changed bigint not null,
    unique (scope, target, per_key)
);

-- Tokens left at a time; no row means all of them.
create table {schema}.bucket (
    rule integer not null,
    key bigint not null,
    tokens double precision not null,
    at bigint not null,
    primary key (rule, key)
) with (fillfactor = 50);

-- Jobs that a claim found at a limit wait here, so that the next claim need not walk over them. A gate row is there
-- while a rule (0: a paused key) has jobs of a key parked. Both are written under the rule's lock only.
create table {schema}.gate (
    rule integer not null,
    key bigint not null,
    primary key (rule, key)
);

create table {schema}.parked (
    rule integer not null,
    gate bigint not null,
    priority smallint not null,
    start_by bigint not null,
    job bigint not null,
    kind integer not null,
    queue integer not null,
    attempt smallint not null,
    failures smallint not null,
    key bigint,
    primary key (rule, gate, priority, start_by, job)
) with (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);
create index parked_job on {schema}.parked (job);
create index parked_key on {schema}.parked (key, queue, priority, start_by);

-- Queues in which keys take turns, and keys whose share is not 1.
create table {schema}.fair_queue (
    queue integer primary key
);
create table {schema}.key_weight (
    queue integer not null,
    key bigint not null,
    name text not null,
    weight integer not null,
    primary key (queue, key)
);

-- Where a fair lane stands: the start_by of what was claimed last. Only where to begin looking, never the truth.
create table {schema}.fair_clock (
    queue integer not null,
    priority smallint not null,
    start_by bigint not null,
    at bigint not null,
    primary key (queue, priority)
) with (fillfactor = 20);

-- What a lease of a limited queue says beyond the others: which queue, kinds and keys its jobs are of. Such a lease
-- shrinks as its jobs finish, so that leases are what limits are counted from.
alter table {schema}.lease add column queue integer;
alter table {schema}.lease add column kinds integer[];
alter table {schema}.lease add column keys bigint[];

-- Asked for and not yet carried out; few rows. A claim drops the jobs it finds here.
create table {schema}.cancel_request (
    job bigint primary key,
    at bigint not null,
    by text not null
);

create table {schema}.cancelled (
    job bigint not null,
    at bigint not null,
    by text not null,
    primary key (job)
) partition by range (job);

-- What people changed by hand, and programs on their behalf.
create table {schema}.audit (
    id bigint generated always as identity primary key,
    at bigint not null,
    by text not null,
    action text not null,
    target text not null,
    detail text not null
);

-- Every change of a limit, a pause or a breaker ends with this, in its own transaction.
create function {schema}.control_changed() returns void
language sql
as $$ update {schema}.control set version = version + 1 $$;

create function {schema}.note_change(p_by text, p_action text, p_target text, p_detail text) returns void
language sql
as $$
insert into {schema}.audit (at, by, action, target, detail)
values ({schema}.now_micros(), p_by, p_action, p_target, p_detail)
$$;

create function {schema}.require_control(p_version bigint) returns void
language plpgsql
as $$
begin
    perform from {schema}.control c where c.version = p_version;
    if not found then
        raise exception 'the rules for claims have changed since version %', p_version using errcode = 'TM003';
    end if;
end $$;

-- Start deadlines in fair queues, for jobs about to become ready. A fair lane is in order of start_by like any other;
-- what is fair is the start_by: the jobs of a key that waits already come after it, sixteen microseconds (by its
-- weight) apart, and a key that does not wait yet begins where the lane's head is. So the head of the lane is the turn
-- of whoever had least: start-time fair queueing (Goyal, Vin and Cheng, 1996) with the virtual time kept in the lane.
create function {schema}.fair_starts(
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
                        limit 1)),
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

-- Takes in jobs with keys, due now.
create function {schema}.add_keyed(
    p_id bigint[], p_kind integer[], p_queue integer[], p_priority smallint[], p_payload text[], p_meta text[],
    p_within bigint[], p_key text[])
returns table (now bigint, start_by bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_keys bigint[] := array(select {schema}.key_number(u.key)
                               from unnest(p_key) with ordinality u (key, o) order by u.o);
    v_start_bys bigint[];
begin
    v_start_bys := {schema}.fair_starts(p_queue, p_priority, v_keys, array(
        select v_now + u.within from unnest(p_within) with ordinality u (within, o) order by u.o));
    insert into {schema}.job (id, created, kind, queue, priority, payload, meta, key)
    select u.id, v_now, u.kind, u.queue, u.priority, u.payload, u.meta, u.key
      from unnest(p_id, p_kind, p_queue, p_priority, p_payload, p_meta, v_keys)
           u (id, kind, queue, priority, payload, meta, key);
    insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
    select u.start_by, u.id, u.kind, u.queue, u.priority, 1, 0, u.key
      from unnest(p_id, p_kind, p_queue, p_priority, v_start_bys, v_keys) u (id, kind, queue, priority, start_by, key);
    return query select v_now, u.start_by from unnest(v_start_bys) with ordinality u (start_by, o) order by u.o;
end $$;

-- Moves due jobs to ready, a batch at a time.
create function {schema}.move_due(p_limit integer)
returns table (queue integer, priority smallint, start_by bigint, jobs bigint)
language plpgsql
set jit = off
as $$
declare
    v_jobs bigint[];
    v_kinds integer[];
    v_queues integer[];
    v_priorities smallint[];
    v_attempts smallint[];
    v_failures smallint[];
    v_start_bys bigint[];
    v_keys bigint[];
begin
    with due as (
        delete from {schema}.scheduled s
         where s.ctid = any (array(
               select c.ctid from {schema}.scheduled c
                where c.due <= {schema}.now_micros()
                order by c.due, c.job
                limit p_limit
                  for update skip locked))
        returning s.*)
    select array_agg(d.job), array_agg(d.kind), array_agg(d.queue), array_agg(d.priority), array_agg(d.attempt),
           array_agg(d.failures), array_agg(d.due + d.start_within), array_agg(d.key)
      into v_jobs, v_kinds, v_queues, v_priorities, v_attempts, v_failures, v_start_bys, v_keys
      from due d;
    if v_jobs is null then
        return;
    end if;
    v_start_bys := {schema}.fair_starts(v_queues, v_priorities, v_keys, v_start_bys);
    return query
    with moved as (
        insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
        select u.*
          from unnest(v_start_bys, v_jobs, v_kinds, v_queues, v_priorities, v_attempts, v_failures, v_keys)
               u (start_by, job, kind, queue, priority, attempt, failures, key)
        returning ready.queue, ready.priority, ready.start_by)
    select m.queue, m.priority, min(m.start_by), count(*) from moved m group by m.queue, m.priority;
end $$;
