-- Jobs that the process which enqueues them runs at once. {schema} is the schema's name.
-- needs 1: it adds a function.

-- Takes in plain jobs, due now, as add_ready does, but into a lease of an epoch: what a claim right after would have done,
-- in the same transaction. Refused as a claim is when the epoch is closed or the rules have changed.
create function {schema}.add_leased(
    p_epoch bigint, p_slot integer, p_version bigint, p_id bigint[], p_kind integer[], p_queue integer[],
    p_priority smallint[], p_payload text[], p_meta text[], p_within bigint[], out now bigint, out lease bigint)
language plpgsql
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    perform {schema}.require_control(p_version);
    now := {schema}.now_micros();
    lease := nextval('{schema}.lease_id');
    insert into {schema}.job (id, created, kind, queue, priority, payload, meta)
    select u.id, now, u.kind, u.queue, u.priority, u.payload, u.meta
      from unnest(p_id, p_kind, p_queue, p_priority, p_payload, p_meta) u (id, kind, queue, priority, payload, meta);
    insert into {schema}.lease (id, epoch, claimed, jobs, attempts, failures, start_bys)
    select lease, p_epoch, now, array_agg(u.id), array_agg(1::smallint), array_agg(0::smallint),
           array_agg(now + u.within)
      from unnest(p_id, p_within) u (id, within);
end $$;
