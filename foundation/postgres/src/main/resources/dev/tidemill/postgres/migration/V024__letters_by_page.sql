-- Discarded dead letters leave by the page. {schema} is the schema's name as an identifier, {name} bare.
-- needs 1: a step more that a program takes like the others.

-- As in V005, but that the discarded dead letters of bodies that have left are deleted a thousand at a time, each page a
-- step of its own (tidied) before the partition counts as dropped: there may be millions of one bad night, and deleted in
-- one statement they were one transaction of any length.
create or replace function {schema}.advance_history(out p_did text, out p_part text, out p_command text)
language plpgsql
set lock_timeout = '1s'
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_part {schema}.part;
    v_table record;
    v_letters integer;
begin
    p_did := 'elsewhere';
    if not pg_try_advisory_xact_lock(hashtextextended('{name}.history', 0)) then
        return;
    end if;
    p_did := 'nothing';
    select * into v_part
      from {schema}.part p
     where p.step > 0 and (p.step > 1 or p.step_at <= v_now - {schema}.history_value('settle'))
     order by p.step desc, p.family, p.number
     limit 1;
    if not found then
        -- Partitions are made under the same lock.
        perform pg_advisory_xact_lock(hashtextextended('{name}.partition', 0));
        v_part := {schema}.begin_drop();
        if v_part.family is not null then
            p_did := case when v_part.step = 1 then 'void' else 'listed' end;
            p_part := v_part.family || '_' || v_part.number;
        end if;
        return;
    end if;
    p_part := v_part.family || '_' || v_part.number;
    if v_part.step = 1 then
        -- Nobody adds to it any more: neither a bulk that looked at the floor before it rose, nor one whose rows are
        -- written and not committed. From here on the jobs that something is to happen to can only become fewer.
        p_did := 'waiting';
        if not pg_try_advisory_xact_lock(hashtextextended('{name}.floor', v_part.floor_before)) then
            return;
        end if;
        for v_table in select t.name from {schema}.history_table t where t.family = 'job' loop
            execute format('lock table {schema}.%I in share mode', v_table.name || '_' || v_part.number);
        end loop;
        perform {schema}.list_survivors(v_part);
        update {schema}.part p set step = 2, step_at = v_now
         where p.family = v_part.family and p.number = v_part.number;
        p_did := 'listed';
    elsif v_part.step = 2 then
        if not {schema}.copy_survivors(v_part) then
            update {schema}.part p set step = 3, step_at = v_now
             where p.family = v_part.family and p.number = v_part.number;
        end if;
        p_did := 'copied';
    else
        select t.name as parent, t.name || '_' || v_part.number as part, i.inhdetachpending as pending into v_table
          from {schema}.history_table t
          join pg_inherits i on i.inhparent = to_regclass('{schema}.' || quote_ident(t.name))
           and i.inhrelid = to_regclass('{schema}.' || quote_ident(t.name || '_' || v_part.number))
         where t.family = v_part.family
         order by t.name desc
         limit 1;
        if found then
            if v_part.detaching = v_table.part and v_part.step_at > v_now - 60000000 then
                p_did := 'elsewhere';
                return;
            end if;
            update {schema}.part p set detaching = v_table.part, step_at = v_now
             where p.family = v_part.family and p.number = v_part.number;
            p_did := 'detach';
            p_command := format('alter table {schema}.%I detach partition {schema}.%I %s', v_table.parent, v_table.part,
                                case when v_table.pending then 'finalize' else 'concurrently' end);
            return;
        end if;
        for v_table in select t.name || '_' || v_part.number as part
                         from {schema}.history_table t where t.family = v_part.family
        loop
            execute format('drop table if exists {schema}.%I', v_table.part);
        end loop;
        -- Whose bodies have left are below the floor, the longest gone first.
        delete from {schema}.dead_letter d
         where d.discarded and d.job in (
               select o.job
                 from {schema}.dead_letter o
                where o.discarded and o.job < (select f.id from {schema}.job_floor f)
                  and not exists (select from {schema}.job j where j.id = o.job)
                  and not exists (select from {schema}.job_kept k where k.id = o.job)
                order by o.job
                limit 1000);
        get diagnostics v_letters = row_count;
        if v_letters = 1000 then
            p_did := 'tidied';
            return;
        end if;
        delete from {schema}.part p where p.family = v_part.family and p.number = v_part.number;
        p_did := 'dropped';
    end if;
end $$;
