-- What handlers report, and what they depend on. {schema} is the schema's name.
--
-- needs 1: it only adds a function.

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
