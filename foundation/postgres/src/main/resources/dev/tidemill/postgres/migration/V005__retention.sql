-- History leaves by partition. Partitions end by number and by time, and are dropped behind, after what must stay was
-- copied to the tables named .._kept. {schema} is the schema's name as an identifier, {name} bare.
--
-- needs 1: what older programs call is still there; make_partitions, which they call, does it the new way.

-- Nobody makes partitions the old way meanwhile: both of the keys that V001's function may have got.
select pg_advisory_xact_lock(hashtextextended('{schema}.partition', 0)),
       pg_advisory_xact_lock(hashtextextended('{name}.partition', 0));

-- age: how long history stays (microseconds); job_size, attempt_size: ids in a partition, at least; block_life: how
-- long ids may be used once handed out; settle: how long an id that was just declared void may still be on its way.
create table {schema}.history_setting (
    name text primary key,
    value bigint not null
);
insert into {schema}.history_setting (name, value)
values ('age', 604800000000), ('job_size', 10000000), ('attempt_size', 2000000), ('block_life', 600000000),
       ('settle', 60000000);

-- What a kind asks for beyond that: the last so many completed and failed jobs, and all that are younger than age.
create table {schema}.keep_rule (
    kind integer primary key,
    completed integer not null,
    failed integer not null,
    age bigint not null
);

-- The tables whose partitions are made and dropped together: family job by the jobs' ids, attempt by the leases', kept
-- by generation. What stays goes to the table kept, by the column that has the job's id.
create table {schema}.history_table (
    name text primary key,
    family text not null,
    job_column text not null,
    kept text not null
);

-- A partition of each table of a family: ids from low to below high. opened: ids were handed out; left_at: none will
-- be any more, nor is a lease alive. step: 0 in use or waiting its turn, 1 its ids are void, 2 what stays is listed, 3
-- what stays is copied.
create table {schema}.part (
    family text not null,
    number bigint not null,
    low bigint not null,
    high bigint not null,
    made bigint not null,
    opened bigint,
    left_at bigint,
    ids bigint,
    jobs_below bigint,
    step smallint not null default 0,
    step_at bigint,
    floor_before bigint,
    detaching text,
    primary key (family, number)
);

-- Ids below this are void. Looked at in the statement that uses an id, so it is the database that decides whether an
-- id is still good, whenever the statement arrives. A table of its own, because every enqueue reads it.
create table {schema}.job_floor (
    id bigint not null
);
insert into {schema}.job_floor (id) values (0);

-- What is being copied.
create table {schema}.survivor (
    family text not null,
    number bigint not null,
    job bigint not null,
    primary key (family, number, job)
);

create function {schema}.history_value(p_name text) returns bigint
language sql stable
as $$ select s.value from {schema}.history_setting s where s.name = p_name $$;

-- Makes a table that is partitioned by job (or lease) a part of history, and its counterpart for what stays.
create function {schema}.add_history(p_name text, p_family text, p_job_column text) returns void
language plpgsql
as $$
declare
    v_kept text := p_name || '_kept';
    v_key text := (
        select string_agg(quote_ident(a.attname), ', ' order by k.n)
          from pg_index i
         cross join lateral unnest(i.indkey) with ordinality k (attnum, n)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
         where i.indrelid = to_regclass('{schema}.' || quote_ident(p_name)) and i.indisprimary);
begin
    execute format('create table {schema}.%I (like {schema}.%I including defaults, generation bigint not null,'
                   || ' primary key (%s, generation)) partition by list (generation)', v_kept, p_name, v_key);
    execute format('create index on {schema}.%I (%I)', v_kept, p_job_column);
    insert into {schema}.history_table (name, family, job_column, kept)
    values (p_name, p_family, p_job_column, v_kept), (v_kept, 'kept', p_job_column, v_kept);
end $$;

drop table if exists {schema}.job_kept;
select {schema}.add_history('job', 'job', 'id'), {schema}.add_history('tag', 'job', 'job'),
       {schema}.add_history('result', 'job', 'job'), {schema}.add_history('log_line', 'job', 'job'),
       {schema}.add_history('attempt', 'attempt', 'job');

-- The next id that will be handed out, if nothing jumps.
create function {schema}.next_id(p_family text) returns bigint
language plpgsql
as $$
begin
    if p_family = 'job' then
        return (select (last_value + is_called::integer) * 1000 from {schema}.job_block);
    end if;
    return (select last_value + is_called::integer from {schema}.lease_id);
end $$;

-- Partitions made by V001, or by hand.
create function {schema}.adopt_partitions() returns void
language sql
as $$
insert into {schema}.part (family, number, low, high, made)
select f.name, substring(c.relname from '_(\d+)$')::bigint, b.bound[1]::bigint, b.bound[2]::bigint,
       {schema}.now_micros()
  from unnest(array['job', 'attempt']) f (name)
  join pg_inherits i on i.inhparent = to_regclass('{schema}.' || f.name)
  join pg_class c on c.oid = i.inhrelid
 cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)') b (bound)
    on conflict do nothing
$$;

-- Makes the tables that parts lack. ATTACH instead of CREATE .. PARTITION OF, because that would lock the parent
-- against everything.
create function {schema}.make_part_tables() returns integer
language plpgsql
as $$
declare
    v_made integer := 0;
    v_table record;
begin
    for v_table in
        select t.name, t.name || '_' || p.number as part, p.family, p.number, p.low, p.high
          from {schema}.part p
          join {schema}.history_table t on t.family = p.family
         where p.step = 0
           and to_regclass('{schema}.' || quote_ident(t.name || '_' || p.number)) is null
         order by p.family, p.number, t.name
    loop
        execute format('create table {schema}.%I (like {schema}.%I including defaults including constraints)',
                       v_table.part, v_table.name);
        execute format('alter table {schema}.%I set (autovacuum_vacuum_insert_scale_factor = 0.2)', v_table.part);
        execute format('alter table {schema}.%I attach partition {schema}.%I for values %s',
                       v_table.name, v_table.part,
                       case when v_table.family = 'kept' then format('in (%s)', v_table.number)
                            else format('from (%s) to (%s)', v_table.low, v_table.high) end);
        v_made := v_made + 1;
    end loop;
    return v_made;
end $$;

-- How many ids a new partition gets: what a sixteenth of history took at the pace last seen, doubled up from the least.
-- Time ends a partition as well, so one that is too large is only a wide range of numbers, while one that is too
-- small makes more of them, and looking for bodies in hundreds is slow.
create function {schema}.part_size(p_family text, p_next bigint) returns bigint
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_least double precision := {schema}.history_value(p_family || '_size');
    v_wanted double precision := (
        select max(coalesce(p.ids, least(p_next, p.high) - p.low)::double precision
                   / greatest(coalesce(p.left_at, v_now) - p.opened, 10000000))
          from {schema}.part p
         where p.family = p_family and p.opened is not null
           and coalesce(p.left_at, v_now) > v_now - {schema}.history_value('age') / 4)
        * {schema}.history_value('age') / 16;
    v_alive bigint := (select count(*) from {schema}.part p where p.family = p_family);
begin
    if v_alive >= 24 then
        v_wanted := greatest(v_wanted, v_least) * 8;
    end if;
    if coalesce(v_wanted, 0) <= v_least then
        return v_least;
    end if;
    return (v_least * 2 ^ least(20, ceil(ln(v_wanted / v_least) / ln(2))))::bigint;
end $$;

-- Takes note of how far the ids of a family are, ends the partition in use if it is as old as a sixteenth of history,
-- and sees to it that two are ahead.
create function {schema}.roll_parts(p_family text) returns void
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_sequence text := case when p_family = 'job' then 'job_block' else 'lease_id' end;
    v_unit bigint := case when p_family = 'job' then 1000 else 1 end;
    v_next bigint := {schema}.next_id(p_family);
    v_behind bigint;
    v_end bigint;
begin
    update {schema}.part p set opened = v_now
     where p.family = p_family and p.opened is null and greatest(p.low, v_unit) < v_next;
    select p.high into v_end
      from {schema}.part p
     where p.family = p_family and p.low < v_next and v_next < p.high
       and p.opened < v_now - {schema}.history_value('age') / 16
       and exists (select from {schema}.part n where n.family = p_family and n.low = p.high)
       and (select count(*) from {schema}.part n where n.family = p_family) < 28;
    if found then
        begin
            -- ALTER SEQUENCE waits for whoever takes a number just now, and keeps others waiting until the commit: a
            -- setval could put a sequence back that has moved on meanwhile.
            perform set_config('lock_timeout', '100ms', true);
            execute format('alter sequence {schema}.%I no cycle', v_sequence);
            v_next := {schema}.next_id(p_family);
            if v_next < v_end then
                update {schema}.part p set ids = v_next - p.low where p.family = p_family and p.high = v_end;
                execute format('alter sequence {schema}.%I restart with %s', v_sequence, v_end / v_unit);
                v_next := v_end;
            end if;
        exception when lock_not_available then
            null;
        end;
        perform set_config('lock_timeout', '1s', true);
    end if;
    v_behind := v_next;
    if p_family = 'attempt' then
        v_behind := least(v_next, (select min(l.id) from {schema}.lease l));
    end if;
    update {schema}.part p
       set left_at = v_now, opened = coalesce(p.opened, v_now), ids = coalesce(p.ids, p.high - p.low),
           jobs_below = {schema}.next_id('job')
     where p.family = p_family and p.left_at is null and p.high <= v_behind;
    while (select count(*) from {schema}.part p where p.family = p_family and p.low > v_next) < 2 loop
        insert into {schema}.part (family, number, low, high, made)
        select p_family, coalesce(max(p.number) + 1, 0), coalesce(max(p.high), 0),
               coalesce(max(p.high), 0) + {schema}.part_size(p_family, v_next), v_now
          from {schema}.part p
         where p.family = p_family;
    end loop;
end $$;

create or replace function {schema}.make_partitions() returns integer
language plpgsql
set lock_timeout = '1s'
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('{name}.partition', 0));
    perform {schema}.adopt_partitions();
    perform {schema}.roll_parts('job');
    perform {schema}.roll_parts('attempt');
    insert into {schema}.part (family, number, low, high, made)
    select 'kept', 0, 0, 1, {schema}.now_micros()
     where not exists (select from {schema}.part p where p.family = 'kept');
    return {schema}.make_part_tables();
end $$;

-- The jobs from p_low to below p_high that something is still to happen to. One statement, so that a job on its way
-- from one table to the next is in exactly one of them.
create function {schema}.live_jobs(p_low bigint, p_high bigint) returns setof bigint
language plpgsql
as $$
begin
    return query
        select r.job from {schema}.ready r where r.job >= p_low and r.job < p_high
        union
        select s.job from {schema}.scheduled s where s.job >= p_low and s.job < p_high
        union
        select u.job from {schema}.lease l cross join lateral unnest(l.jobs) u (job)
         where u.job >= p_low and u.job < p_high
        union
        select d.job from {schema}.dead_letter d where d.job >= p_low and d.job < p_high and not d.discarded;
end $$;

-- Lists which jobs of a partition of bodies stay: those that something is still to happen to; those that something
-- happened to within the age that holds for their kind; and of each kind that asks for it the newest completed and
-- failed ones. The last are too many rather than too few: newer ones elsewhere are not counted, except among those
-- that were kept before.
create function {schema}.list_survivors(p_part {schema}.part) returns void
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_age bigint := {schema}.history_value('age');
    v_bodies text := case when p_part.family = 'job' then 'job_' else 'job_kept_' end || p_part.number;
    v_low bigint;
    v_high bigint;
    v_rule {schema}.keep_rule;
    v_take text := format('insert into {schema}.survivor (family, number, job) select %L, %s, x.job from (',
                          p_part.family, p_part.number);
    v_end text := ') x (job) on conflict do nothing';
begin
    execute format('select min(b.id), max(b.id) + 1 from {schema}.%I b', v_bodies) into v_low, v_high;
    if v_low is null then
        return;
    end if;
    execute v_take || format('select b.id from {schema}.live_jobs($1, $2) l (job) join {schema}.%I b on b.id = l.job',
                             v_bodies) || v_end
      using v_low, v_high;
    for v_rule in
        select null::integer, 0, 0, v_age
        union all
        select * from {schema}.keep_rule k where k.age > v_age
    loop
        execute v_take || format(
            'select b.id
               from (select a.job from {schema}.attempt a
                      where a.job >= $1 and a.job < $2 and a.lease >= $3 and a.started + a.took > $4
                      union
                     select a.job from {schema}.attempt_kept a
                      where a.job >= $1 and a.job < $2 and a.started + a.took > $4
                      union
                     select d.job from {schema}.dead_letter d where d.job >= $1 and d.job < $2 and d.failed > $4
                      union
                     select c.job from {schema}.cancelled c where c.job >= $1 and c.job < $2 and c.at > $4
                      union
                     select c.job from {schema}.cancelled_kept c where c.job >= $1 and c.job < $2 and c.at > $4) e
               join {schema}.%I b on b.id = e.job
              where $5 is null or b.kind = $5', v_bodies) || v_end
          using v_low, v_high,
                coalesce((select min(p.low) from {schema}.part p
                           where p.family = 'attempt' and coalesce(p.left_at, v_now) > v_now - v_rule.age), 0),
                v_now - v_rule.age, v_rule.kind;
    end loop;
    for v_rule in select * from {schema}.keep_rule k where k.completed > 0 or k.failed > 0 loop
        execute v_take || format(
            'select b.id
               from (select s.id from {schema}.%I s
                      where s.kind = $1
                        and (exists (select from {schema}.attempt a where a.job = s.id and a.outcome = 0)
                             or exists (select from {schema}.attempt_kept a where a.job = s.id and a.outcome = 0))
                      order by s.id desc
                      limit $2) n
               join {schema}.%I b on b.id = n.id',
            case when p_part.family = 'job' then v_bodies else 'job_kept' end, v_bodies) || v_end
          using v_rule.kind, v_rule.completed;
        execute v_take || format(
            'select b.id
               from (select d.job from {schema}.dead_letter d
                      where d.discarded and d.kind = $1
                        and ($3 and d.job >= $4 and d.job < $5
                             or not $3 and exists (select from {schema}.job_kept k where k.id = d.job))
                      order by d.job desc
                      limit $2) n
               join {schema}.%I b on b.id = n.job', v_bodies) || v_end
          using v_rule.kind, v_rule.failed, p_part.family = 'job', v_low, v_high;
    end loop;
end $$;

-- Copies what a partition has on the next ten thousand of its survivors; false when none were left. A partition is
-- read by its own name, so it makes no difference whether it is attached any more.
create function {schema}.copy_survivors(p_part {schema}.part) returns boolean
language plpgsql
as $$
declare
    v_jobs bigint[];
    v_table record;
begin
    with chunk as (
        delete from {schema}.survivor s
         where s.ctid = any (array(
               select c.ctid from {schema}.survivor c
                where c.family = p_part.family and c.number = p_part.number
                order by c.job
                limit 10000))
        returning s.job)
    select array_agg(c.job) into v_jobs from chunk c;
    if v_jobs is null then
        return false;
    end if;
    for v_table in
        select t.name || '_' || p_part.number as source, t.kept, t.job_column,
               (select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
                  from pg_attribute a
                 where a.attrelid = to_regclass('{schema}.' || quote_ident(t.name || '_' || p_part.number))
                   and a.attnum > 0 and not a.attisdropped and a.attname <> 'generation') as columns
          from {schema}.history_table t
         where t.family = p_part.family
    loop
        execute format(
            'insert into {schema}.%I (%s, generation)
             select %2$s, (select max(p.number) from {schema}.part p where p.family = ''kept'')
               from {schema}.%I s
              where s.%I = any ($1)
                 on conflict do nothing', v_table.kept, v_table.columns, v_table.source, v_table.job_column)
          using v_jobs;
    end loop;
    return true;
end $$;

-- Begins with the partition whose turn it is, if one is due; null if none is. Bodies leave in the order of their ids,
-- and no attempt leaves before the bodies of all jobs that may have one beside it: a job without its attempts would
-- look as if it had never run. No attempt partition leaves that a living lease may still write to.
create function {schema}.begin_drop() returns {schema}.part
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_age bigint := {schema}.history_value('age');
    v_part {schema}.part;
    v_some boolean;
begin
    select * into v_part from {schema}.part p where p.family = 'job' and p.step = 0 order by p.low limit 1;
    if v_part.left_at < v_now - greatest(v_age, {schema}.history_value('block_life')) then
        update {schema}.part p set step = 1, step_at = v_now, floor_before = f.id
          from {schema}.job_floor f
         where p.family = v_part.family and p.number = v_part.number
        returning p.* into v_part;
        update {schema}.job_floor set id = v_part.high where id < v_part.high;
        return v_part;
    end if;
    select * into v_part from {schema}.part p where p.family = 'attempt' and p.step = 0 order by p.low limit 1;
    if v_part.left_at < v_now - v_age
       and not exists (select from {schema}.part p where p.family = 'job' and p.low < v_part.jobs_below)
       and not exists (select from {schema}.lease l where l.id < v_part.high)
    then
        execute format('lock table {schema}.%I in share mode', 'attempt_' || v_part.number);
        if exists (select from {schema}.lease l where l.id < v_part.high) then
            return null;
        end if;
        execute format(
            'insert into {schema}.survivor (family, number, job)
             select distinct $1, $2, k.id
               from {schema}.job_kept k
              where exists (select from {schema}.%I a where a.job = k.id)', 'attempt_' || v_part.number)
          using v_part.family, v_part.number;
        update {schema}.part p set step = 2, step_at = v_now
         where p.family = v_part.family and p.number = v_part.number
        returning p.* into v_part;
        return v_part;
    end if;
    select * into v_part from {schema}.part p where p.family = 'kept' order by p.number desc limit 1;
    if v_part.made < v_now - v_age then
        execute format('select exists (select from {schema}.%I)', 'job_kept_' || v_part.number) into v_some;
        if not v_some then
            update {schema}.part p set made = v_now where p.family = 'kept' and p.number = v_part.number;
            return null;
        end if;
        insert into {schema}.part (family, number, low, high, made)
        values ('kept', v_part.number + 1, v_part.high, v_part.high + 1, v_now);
        perform {schema}.make_part_tables();
        perform {schema}.list_survivors(v_part);
        update {schema}.part p set left_at = v_now, step = 2, step_at = v_now
         where p.family = 'kept' and p.number = v_part.number
        returning p.* into v_part;
        return v_part;
    end if;
    return null;
end $$;

-- Takes dropping behind one step further. Each step is a transaction of its own and any node may take the next one, so
-- it does not matter where a node dies. p_did says what was done: nothing, elsewhere (another node is at it), waiting
-- (for a transaction to end), void, listed, copied, detach, dropped. What is looked up is few beside what it is looked
-- up in, whatever the statistics say, hence the settings. With detach comes the command to run outside of a
-- transaction, as DETACH CONCURRENTLY wants it.
create function {schema}.advance_history(out p_did text, out p_part text, out p_command text)
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
        delete from {schema}.part p where p.family = v_part.family and p.number = v_part.number;
        delete from {schema}.dead_letter d
         where d.discarded
           and not exists (select from {schema}.job j where j.id = d.job)
           and not exists (select from {schema}.job_kept k where k.id = d.job);
        p_did := 'dropped';
    end if;
end $$;

-- What the jobs of an epoch being closed are given as their outcome: 4 released, where it leaves by itself; null is 5,
-- lost.
alter table {schema}.closing add column outcome smallint;

-- As before, but that a body which was kept is no sign of an end, and an attempt that was kept is one.
create or replace function {schema}.job_end(p_job bigint) returns bigint
language sql stable
as $$
    select coalesce(
        (select min(a.started + a.took) from {schema}.attempt a where a.job = p_job and a.outcome = 0),
        (select min(a.started + a.took) from {schema}.attempt_kept a where a.job = p_job and a.outcome = 0),
        (select d.failed from {schema}.dead_letter d where d.job = p_job),
        case when not exists (select from {schema}.job j where j.id = p_job)
              and not exists (select from {schema}.job_kept k where k.id = p_job) then 0 end)
$$;

-- Bodies are looked for among those that were kept when they are not where they were written: in what V001 made and
-- older programs call, word by word, and left alone where a later file has made it look there already.
do $do$
declare
    v_function record;
    v_text text;
begin
    for v_function in
        select p.oid, p.proname
          from pg_proc p
         where p.pronamespace = '{schema}'::regnamespace and p.prosrc not like '%job_kept%'
           and (p.proname = 'claim' and p.prosrc like '%b.payload, b.meta%'
                or p.proname = 'return_leases' and p.prosrc like '%j.kind, j.queue, j.priority%')
    loop
        v_text := regexp_replace(
            pg_get_functiondef(v_function.oid),
            'select ([jb])\.(\w+), [jb]\.(\w+)(, [jb]\.\w+)? from ("[^"]+"|\w+)\.job [jb] where [jb]\.id = ([uh])\.job',
            '\& union all select \1.\2, \1.\3\4 from \5.job_kept \1 where \1.id = \6.job limit 1');
        if v_text not like '%job_kept%' then
            raise exception 'the function % does not look for bodies as expected', v_function.proname;
        end if;
        execute v_text;
    end loop;
end $do$;
