-- Keys of any length can be parked. A page of an index has room for some 2,700 bytes, and a key is as long as the application
-- makes it; so the tables of parked keys are looked up by a hash of the key, whose own index entry is always short.
-- needs 1: programs that do not know the hashes find the keys by their rule.

-- The hash is the one that tells the shard. Two keys may share it: whoever looks up by it compares the key, too. That a key is
-- parked once is said by a digest, which no two keys share. PostgreSQL counts its own conversions of text to bytes among what
-- may change, but for this one; chr(92) is the backslash, which it would take for the beginning of something else.
alter table {schema}.rule_parked
    add column key_hash bigint generated always as (hashtextextended(key, 0)) stored,
    add column key_digest bytea
        generated always as (sha256(decode(replace(key, chr(92), chr(92) || chr(92)), 'escape'))) stored,
    drop constraint rule_parked_pkey,
    add primary key (rule, key_hash, key_digest);

-- A number is given to one change, so that this needs no digest.
alter table {schema}.rule_held
    add column key_hash bigint generated always as (hashtextextended(key, 0)) stored,
    drop constraint rule_held_pkey,
    add primary key (rule, key_hash, id);

-- As it was, by the hash. What former programs call, rule_take, finds parked keys by their rule.
create or replace function {schema}.rule_take_at(of_rule integer, from_id bigint, most integer, shards smallint[])
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
        select p.key_hash, p.key from {schema}.rule_parked p
        where p.rule = of_rule and p.key_hash = any (array(select hashtextextended(t.key, 0) from taken t))
          and p.key = any (array(select t.key from taken t))),
    mine as materialized (
        select p.key from {schema}.rule_parked p
        where p.rule = of_rule and p.key_hash = any (array(select h.key_hash from there h))
          and p.key = any (array(select h.key from there h))
        for key share skip locked)
    select t.id, t.op, t.key, t.row_id, t.old, t.new, t.origin,
           greatest((extract(epoch from clock_timestamp() - t.written) * 1000000)::bigint, 0),
           case when h.key is null then 0 when m.key is null then 2 else 1 end,
           (select r.released from {schema}.rule r where r.id = of_rule)
    from taken t left join there h on h.key = t.key left join mine m on m.key = t.key
    order by t.id;
end
$$;

-- Whether a query tells what is wrong: without one a rule for deletes alone cannot be swept. Null where no program has said.
alter table {schema}.rule add column queried boolean;
