-- What handlers report, and what they depend on. {schema} is the schema's name.
--
-- needs 1: it only adds.

-- The successes of jobs that ran together, inside the application's transaction; see complete. Returns how many of
-- them were written: fewer than were given means that the caller must roll back. The time is a share for each.
create function {schema}.complete_all(
    p_epoch bigint, p_slot integer, p_lease bigint[], p_job bigint[], p_attempt smallint[], p_started bigint,
    p_start_by bigint[])
returns integer
language plpgsql
as $$
declare
    v_written integer;
begin
    if not {schema}.hold_fence(p_epoch, p_slot) then
        return 0;
    end if;
    insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
    select u.lease, u.job, p_started,
           greatest(0, {schema}.now_micros() - p_started) / cardinality(p_job), p_started - u.start_by,
           p_epoch, u.attempt, 0
      from unnest(p_lease, p_job, p_attempt, p_start_by) u (lease, job, attempt, start_by)
     order by u.lease, u.job
        on conflict do nothing;
    get diagnostics v_written = row_count;
    return v_written;
end $$;

-- When a kind fails too often; kinds without a row have the standard alarm.
create table {schema}.failure_alarm (
    kind integer primary key,
    ratio double precision not null,
    at_least integer not null,
    minutes integer not null
);

-- What came of an attempt, where its handler kept something. Partitioned as tag is, to leave with the
-- bodies; a later file sees to the partitions.
create table {schema}.result (
    job bigint not null,
    lease bigint not null,
    body text not null,
    primary key (job, lease)
) partition by range (job);

-- What handlers logged; number counts the lines of an attempt.
create table {schema}.log_line (
    job bigint not null,
    lease bigint not null,
    number integer not null,
    attempt smallint not null,
    at bigint not null,
    level smallint not null,
    line text not null,
    primary key (job, lease, number)
) partition by range (job);

-- How far running jobs are: a row for each that says so, written at most once a second, gone with the attempt.
create table {schema}.progress (
    job bigint primary key,
    lease bigint not null,
    done bigint not null,
    total bigint not null,
    message text,
    at bigint not null
) with (fillfactor = 50, vacuum_truncate = off);
