-- Schedules, and what became of their fires.
-- needs 1: it only adds tables that older programs do not know, and that want nothing of them.

-- Few rows, rewritten at every fire. wake is when somebody has to look at it: at its next fire, or sooner where the end
-- of a job matters; null while it is paused or through. format is the oldest program that understands the row.
create table {schema}.schedule (
    id bigint generated always as identity primary key,
    name text collate "C" not null unique,
    format smallint not null default 1,
    timing text not null,
    anchor bigint not null,
    kind text not null,
    payload text not null,
    queue text not null,
    priority smallint not null,
    attempts integer,
    timeout_millis bigint,
    tag_names text[] not null,
    tag_values text[] not null,
    catch_up integer not null,
    overlap smallint not null,
    code_hash text,
    code_at bigint,
    edited boolean not null,
    paused boolean not null default false,
    created bigint not null,
    changed bigint not null,
    next_fire bigint,
    last_fire bigint,
    wake bigint,
    open_jobs bigint[] not null default '{}',
    last_job bigint,
    error text
) with (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_cost_delay = 0
);
create index schedule_wake on {schema}.schedule (wake) where wake is not null;

-- The key is what makes a fire happen once: even a planner gone wrong could not record, and so not enqueue, it twice.
-- outcome: 0 enqueued, 1 waiting, 2 skipped, 3 missed.
create table {schema}.schedule_fire (
    schedule bigint not null references {schema}.schedule (id) on delete cascade,
    fire bigint not null,
    manual boolean not null,
    at bigint not null,
    outcome smallint not null,
    job bigint,
    since bigint,
    primary key (schedule, fire, manual)
);
create index schedule_fire_waiting on {schema}.schedule_fire (schedule, fire) where outcome = 1;

-- When a job came to its end; null while it is unfinished. A body past retention had ended.
create function {schema}.job_end(p_job bigint) returns bigint
language sql stable
as $$
    select coalesce(
        (select min(a.started + a.took) from {schema}.attempt a where a.job = p_job and a.outcome = 0),
        (select d.failed from {schema}.dead_letter d where d.job = p_job),
        case when not exists (select from {schema}.job j where j.id = p_job) then 0 end)
$$;
