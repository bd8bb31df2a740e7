-- Where a pump may begin to look. {schema} is the schema's name.
-- needs 1: programs that do not know it look from where they did.

-- The last number that was given to a change, and, in a snapshot taken after it, which transactions run and which number the
-- next one gets. So whatever begins to write later has a higher number of both.
create function {schema}.rule_horizon() returns table (last_id bigint, next_xid bigint, running bigint[])
language plpgsql volatile
as $$
declare
    v_last bigint := coalesce(pg_sequence_last_value('{schema}.rule_change_id'::regclass), 0);
begin
    return query
    select v_last, pg_snapshot_xmax(s.now)::text::bigint,
           array(select x::text::bigint from pg_snapshot_xip(s.now) x)
    from (select pg_current_snapshot() as now) s;
end
$$;
