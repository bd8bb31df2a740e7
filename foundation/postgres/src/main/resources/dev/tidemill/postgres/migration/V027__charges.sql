-- What limits and fair turns cost, once more. {schema} is the schema's name.
-- needs 1: what changes is how the same is found out.

-- As in V021, but that jobs of a bulk and their keys are not compared each with each, and that a key's last turn is found
-- in one step, whatever the planner thinks of it: only the index by key can compare rows as a whole. It goes no further
-- back than the turn being served, however many of the key's jobs went before.
create or replace function {schema}.fair_starts(
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
            select u.queue, u.priority, u.key & -2 as key, u.start_by, u.o,
                   coalesce(u.key & -2, 0) <> 0
                   and exists (select from {schema}.fair_queue f where f.queue = u.queue) as fair
              from unnest(p_queue, p_priority, p_key, p_start_by) with ordinality
                   u (queue, priority, key, start_by, o)),
        turn as materialized (
            select i.queue, i.priority, i.key, min(i.start_by) as start_by, array_agg(i.o order by i.o) as places
              from input i
             where i.fair
             group by i.queue, i.priority, i.key),
        lane as materialized (
            select l.queue, l.priority, least((
                       select r.start_by
                         from {schema}.ready r
                        where r.queue = l.queue and r.priority = l.priority and r.start_by >= coalesce(c.start_by, 0)
                        order by r.start_by
                        limit 1),
                       case when exists (
                                select from {schema}.parked p
                                 where p.queue = l.queue and p.priority = l.priority and p.start_by >= c.turn)
                            then c.turn end) as served
              from (select distinct t.queue, t.priority from turn t) l
              left join {schema}.fair_clock c on c.queue = l.queue and c.priority = l.priority),
        base as materialized (
            select t.places, s.step, greatest(s.earliest, s.step + (
                       select max(x.start_by)
                         from unnest(array[t.key, t.key | 1]) k (key)
                        cross join lateral (
                              (select r.start_by
                                 from {schema}.ready r
                                where r.key is not null
                                  and (r.key, r.queue, r.priority, r.start_by)
                                      >= (k.key, t.queue, t.priority, s.earliest - 16)
                                  and (r.key, r.queue, r.priority, r.start_by)
                                      <= (k.key, t.queue, t.priority, 9223372036854775807)
                                order by r.key desc, r.queue desc, r.priority desc, r.start_by desc
                                limit 1)
                              union all
                              (select p.start_by
                                 from {schema}.parked p
                                where (p.key, p.queue, p.priority, p.start_by)
                                      >= (k.key, t.queue, t.priority, s.earliest - 16)
                                  and (p.key, p.queue, p.priority, p.start_by)
                                      <= (k.key, t.queue, t.priority, 9223372036854775807)
                                order by p.key desc, p.queue desc, p.priority desc, p.start_by desc
                                limit 1)) x)) as first
              from turn t
              join lane l on l.queue = t.queue and l.priority = t.priority
             cross join lateral (
                   select least(t.start_by, l.served) as earliest,
                          16.0 / coalesce((select w.weight from {schema}.key_weight w
                                            where w.queue = t.queue and w.key = t.key), 1) as step) s)
        select array_agg(x.start_by order by x.o)
          from (select p.o, (b.first + (p.n - 1) * b.step)::bigint as start_by
                  from base b
                 cross join lateral unnest(b.places) with ordinality p (o, n)
                union all
                select i.o, i.start_by from input i where not i.fair) x);
end $$;

-- Takes the tokens of jobs about to start from every rate that holds for them, if there are enough for all of them;
-- else takes none and returns false. What rooms and spend do in two passes, for the claims that find enough, in one over
-- the buckets, which is not a join: there is no plan of it that walks all buckets. Under the rules' locks.
create function {schema}.charge(p_rules integer[], p_queue integer, p_kinds integer[], p_keys bigint[])
returns boolean
language plpgsql
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_rule {schema}.limit_rule;
    v_gates bigint[];
    v_jobs integer[];
    v_charged integer;
    v_least double precision;
begin
    for v_rule in
        select * from {schema}.limit_rule r
         where r.id = any (p_rules) and r.rate is not null and (r.scope = 2 or r.target = p_queue)
         order by r.id
    loop
        -- In their order, so that a gate's place is found by halving.
        select array_agg(a.gate order by a.gate), array_agg(a.jobs order by a.gate) into v_gates, v_jobs
          from (select case when v_rule.per_key then u.key & -2 else 0 end as gate, count(*)::integer as jobs
                  from unnest(p_kinds, p_keys) u (kind, key)
                 where (v_rule.scope = 1 or u.kind = v_rule.target)
                   and (not v_rule.per_key or coalesce(u.key & -2, 0) <> 0)
                 group by 1) a;
        continue when v_gates is null;
        with charged as (
            update {schema}.bucket b
               set tokens = least(v_rule.burst::double precision,
                                  b.tokens + (v_now - b.at)::double precision * v_rule.rate / v_rule.per)
                            - v_jobs[width_bucket(b.key, v_gates)],
                   at = v_now
             where b.rule = v_rule.id and b.key = any (v_gates)
            returning b.tokens)
        select count(*), min(c.tokens) into v_charged, v_least from charged c;
        if v_charged < cardinality(v_gates) then
            with made as (
                insert into {schema}.bucket (rule, key, tokens, at)
                select v_rule.id, a.gate, v_rule.burst - a.jobs, v_now
                  from unnest(v_gates, v_jobs) a (gate, jobs)
                    on conflict do nothing
                returning bucket.tokens)
            select least(v_least, min(m.tokens)) into v_least from made m;
        end if;
        if v_least < 0 then
            raise exception using errcode = 'TM000', message = 'short of tokens';
        end if;
    end loop;
    return true;
exception
    when sqlstate 'TM000' then
        return false;
end $$;

-- Removes buckets that are full again, which say no more than none: keys come and go, and each leaves one. Some at a
-- time, of each rule from anywhere on, which is as good as any place, since keys are numbered by a hash; and not for
-- long, since a claim that charges one of them waits, with the rules' locks in its hands.
create function {schema}.prune_buckets() returns bigint
language plpgsql
set enable_seqscan = off
set jit = off
as $$
declare
    v_until bigint := {schema}.now_micros() + 50000;
    v_rule {schema}.limit_rule;
    v_from bigint;
    v_keys bigint[];
    v_removed bigint;
    v_all bigint := 0;
begin
    for v_rule in select * from {schema}.limit_rule r where r.rate is not null order by r.id loop
        loop
            v_from := ((random() - 0.5) * 18000000000000000000)::bigint;
            v_keys := array(
                (select b.key from {schema}.bucket b where b.rule = v_rule.id and b.key > v_from
                  order by b.key limit 2000)
                union all
                (select b.key from {schema}.bucket b where b.rule = v_rule.id and b.key <= v_from
                  order by b.key limit 2000));
            delete from {schema}.bucket b
             where b.ctid = any (array(
                   select c.ctid
                     from {schema}.bucket c
                    where c.rule = v_rule.id and c.key = any (v_keys)
                      and c.tokens + ({schema}.now_micros() - c.at)::double precision * v_rule.rate / v_rule.per
                          >= v_rule.burst
                      for update skip locked));
            get diagnostics v_removed = row_count;
            v_all := v_all + v_removed;
            exit when v_removed < 1000 or {schema}.now_micros() > v_until;
        end loop;
    end loop;
    return v_all;
end $$;

-- Two functions change word by word. crowded looks at rates only where somebody waits for tokens; others are charged at
-- once. A claim does that, and does not count jobs set aside at the only limit there is at it again when there is room
-- for them.
do $do$
declare
    v_change record;
    v_text text;
begin
    for v_change in
        select * from (values
            ('crowded',
             $was$where r.id = any (p_rules) and (r.scope = 2 or r.target = p_queue and r.per_key)$was$,
             $becomes$where r.id = any (p_rules) and (r.scope = 2 or r.target = p_queue and r.per_key)
           and (r.concurrency is not null or exists (select from {schema}.gate g where g.rule = r.id))$becomes$),
            ('claim_within_limits',
             $was$    v_last boolean;
$was$,
             $becomes$    v_last boolean;
    v_alone boolean;
$becomes$),
            ('claim_within_limits',
             $was$        v_told := p_queues[q] = any (v_fair);
$was$,
             $becomes$        v_alone := not v_pauses and (
            select count(*) <= 1
              from {schema}.limit_rule r
             where r.id = any (v_rules) and (r.scope = 2 or r.target = p_queues[q] and r.per_key));
        v_told := p_queues[q] = any (v_fair);
$becomes$),
            ('claim_within_limits',
             $was$                           or {schema}.crowded(v_rules, p_queues[q], v_part.kinds, v_part.keys);
$was$,
             $becomes$                           or {schema}.crowded(v_rules, p_queues[q], v_part.kinds, v_part.keys);
                if v_rated and not v_tight then
                    v_tight := not {schema}.charge(v_rules, p_queues[q], v_part.kinds, v_part.keys);
                end if;
$becomes$),
            ('claim_within_limits',
             $was$                    v_blocked := {schema}.admit(v_rules, v_pauses, p_queues[q], v_part.kinds, v_part.keys);
$was$,
             $becomes$                    v_blocked := case
                        when v_alone and v_pass <> 2 then array_fill(0, array[v_seen])
                        else {schema}.admit(v_rules, v_pauses, p_queues[q], v_part.kinds, v_part.keys)
                    end;
$becomes$),
            ('claim_within_limits',
             $was$if v_rated then$was$,
             $becomes$if v_rated and v_tight then$becomes$)) v (name, was, becomes)
    loop
        select pg_get_functiondef(p.oid) into strict v_text
          from pg_proc p
         where p.pronamespace = '{schema}'::regnamespace and p.proname = v_change.name;
        if cardinality(string_to_array(v_text, v_change.was)) <> 2 then
            raise exception 'the function % is not as expected', v_change.name;
        end if;
        execute replace(v_text, v_change.was, v_change.becomes);
    end loop;
end $do$;
