-- Where a pump may begin to look. {schema} is the schema's name.
-- needs 1: programs that do not know it look from where they did.

-- The last number that was given to a change, and the transactions that are under way, of those that began to write before
-- another that is over.
create function {schema}.rule_horizon() returns table (last_id bigint, running bigint[])
language plpgsql volatile
as $$
begin
    return query
    select coalesce(pg_sequence_last_value('{schema}.rule_change_id'::regclass), 0),
           array(select x::text::bigint from pg_snapshot_xip(pg_current_snapshot()) x);
end
$$;

-- The last number that was given to a change, and a transaction that began to write after that. Whatever begins to write later
-- has a higher number of both. A snapshot does not tell as much: its end is that of what is over, not of what has begun.
create function {schema}.rule_fence() returns table (last_id bigint, transaction bigint)
language plpgsql volatile
as $$
declare
    v_last bigint := coalesce(pg_sequence_last_value('{schema}.rule_change_id'::regclass), 0);
begin
    return query select v_last, pg_current_xact_id()::text::bigint;
end
$$;

-- How often changes of parked keys were given back, under the low numbers they had.
alter table {schema}.rule add column released bigint not null default 0;

-- As rule_take, and in the same snapshot how often changes were given back: whoever does not know that yet has to look from
-- the beginning.
create function {schema}.rule_take_at(of_rule integer, from_id bigint, most integer, shards smallint[])
returns table (id bigint, op "char", key text, row_id jsonb, old jsonb, new jsonb, origin text, age_micros bigint,
               parked integer, released bigint)
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $$
begin
    return query
    with taken as materialized (
        select x.* from {schema}.rule_change x
        where x.rule = of_rule and x.id >= from_id
          and (hashtextextended(x.key, 0) & 63)::smallint = any (shards)
        order by x.id limit most),
    there as materialized (
        select p.key from {schema}.rule_parked p
        where p.rule = of_rule and p.key = any (array(select t.key from taken t))),
    mine as materialized (
        select p.key from {schema}.rule_parked p
        where p.rule = of_rule and p.key = any (array(select h.key from there h))
        for key share skip locked)
    select t.id, t.op, t.key, t.row_id, t.old, t.new, t.origin,
           greatest((extract(epoch from clock_timestamp() - t.written) * 1000000)::bigint, 0),
           case when h.key is null then 0 when m.key is null then 2 else 1 end,
           (select r.released from {schema}.rule r where r.id = of_rule)
    from taken t left join there h on h.key = t.key left join mine m on m.key = t.key
    order by t.id;
end
$$;
