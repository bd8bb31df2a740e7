-- Nodes that nothing names any more leave, and breakers that open and close by themselves say so in the audit trail.
-- {schema} is the schema's name.
-- needs 1: what older programs call is still there. An epoch that one of them ends is noted by the next look.

-- Below which number all leases of an epoch that ended are; null while it lives. Attempts name their epoch and leave by
-- lease, so this says when the last of them may have left.
alter table {schema}.node add column leases_below bigint;

-- Which epochs still have attempts among those that were kept.
create index attempt_kept_epoch on {schema}.attempt_kept (epoch);

-- Removes nodes that ended two days ago, as long as minutes are counted, and whose attempts and leases have left; those of
-- the next five hundred epochs. Returns where it came to, 0 at the end. An epoch that is removed stays closed: it is
-- never given again, and without its fence rows, which were deleted before it ended, nothing can be written under it.
create function {schema}.prune_nodes(p_after bigint) returns bigint
language plpgsql
as $$
declare
    -- Before the kept attempts are looked at: what a partition has that leaves is there by then.
    v_floor bigint := (select min(p.low) from {schema}.part p where p.family = 'attempt');
    v_before bigint := {schema}.now_micros() - 172800000000;
    v_upto bigint;
    v_seen bigint;
begin
    select max(e.epoch), count(*) into v_upto, v_seen
      from (select n.epoch from {schema}.node n where n.epoch > p_after order by n.epoch limit 500) e;
    if v_seen = 0 then
        return 0;
    end if;
    update {schema}.node n
       set leases_below = {schema}.next_id('attempt')
     where n.epoch > p_after and n.epoch <= v_upto and n.ended is not null and n.leases_below is null;
    delete from {schema}.node n
     where n.epoch > p_after and n.epoch <= v_upto and n.ended < v_before and n.leases_below <= v_floor
       and not exists (select from {schema}.lease l where l.epoch = n.epoch)
       and not exists (select from {schema}.fence f where f.epoch = n.epoch)
       and not exists (select from {schema}.attempt_kept a where a.epoch = n.epoch);
    -- Also what a process that had been taken for dead left when it went.
    delete from {schema}.closing c
     where c.epoch > p_after and c.epoch <= v_upto and c.since < v_before
       and not exists (select from {schema}.node n where n.epoch = c.epoch);
    return case when v_seen = 500 then v_upto else 0 end;
end $$;

-- As in V011, and an opening that nobody asked for is told. The row is locked already.
create or replace function {schema}.open_breaker(p_id integer, p_until bigint, p_by_hand boolean, p_error text) returns void
language sql
as $$
update {schema}.breaker b
   set state = 1, by_hand = p_by_hand, since = {schema}.now_micros(), until = p_until, opened = 1, in_row = 0,
       span_calls = 0, span_failures = 0, probe_epoch = null, probe_lease = null, probe_job = null, probe_until = null,
       error = coalesce(p_error, b.error)
 where b.id = p_id;
select {schema}.note_change('engine', 'open breaker', 'BREAKER ' || b.name, left(coalesce(p_error, ''), 500))
  from {schema}.breaker b
 where b.id = p_id and not p_by_hand;
select {schema}.control_changed();
$$;

-- As in V011, and a closing is told. What a failed probe prolongs was open and stays so.
create or replace function {schema}.end_probes(
    p_epoch bigint, p_slot integer, p_lease bigint[], p_job bigint[], p_result smallint[], p_down text[],
    p_error text[])
returns void
language plpgsql
as $$
declare
    v_told record;
    v_breaker {schema}.breaker;
    v_now bigint := {schema}.now_micros();
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    for v_told in
        select * from unnest(p_lease, p_job, p_result, p_down, p_error) u (lease, job, result, down, error)
    loop
        for v_breaker in
            select * from {schema}.breaker b
             where b.probe_lease = v_told.lease and b.probe_job = v_told.job
             order by b.name
               for update
        loop
            if v_told.result = 0 and not v_breaker.by_hand then
                perform {schema}.close_breaker(v_breaker.id);
                perform {schema}.note_change('engine', 'close breaker', 'BREAKER ' || v_breaker.name,
                                             'job ' || v_told.job || ' succeeded');
            else
                update {schema}.breaker b
                   set probe_epoch = null, probe_lease = null, probe_job = null, probe_until = null,
                       opened = b.opened + case when v_told.result = 1 and v_told.down = b.name then 1 else 0 end,
                       until = v_now + case when v_told.result = 1 and v_told.down = b.name
                                            then least(b.longest::double precision,
                                                       b.open_for * power(2, least(b.opened, 40)))::bigint
                                            else 1000000 end,
                       error = case when v_told.result = 1 and v_told.down = b.name
                                    then coalesce(v_told.error, b.error) else b.error end
                 where b.id = v_breaker.id;
            end if;
        end loop;
    end loop;
end $$;
