-- Rules: what is to happen when rows of the application's tables change. Triggers append to rule_change in the writer's
-- transaction; a pump takes rows away in the transaction of their effect.

-- What there is to do. definition is what the code said last; it is what the triggers are made from. installed is a
-- transaction that came after the triggers: what is older than it may have written unseen.
create table {schema}.rule (
    id integer generated always as identity primary key,
    name text not null unique,
    table_name text not null,
    table_oid oid not null,
    definition jsonb not null,
    paused boolean not null default false,
    broken text,
    since timestamptz not null default now(),
    installed xid8
);

-- A table and its function, whose name never changes while the table's name does not.
create table {schema}.rule_table (
    table_name text primary key,
    function_name text not null,
    fingerprint text not null
);

create sequence {schema}.rule_change_id;

-- A row for each row that changed and each rule that watches it. Appended, never updated, so that writers do not wait for
-- each other; deleted one by one when their effect commits, so that a transaction which commits late is never passed over.
-- Of one row, numbers follow the order of commits: the writer has that row locked when its trigger takes the number.
-- op: i, u, d; c is a row as it is now, k is a key of which no more is known than that something changed.
create table {schema}.rule_change (
    rule integer not null,
    id bigint not null default nextval('{schema}.rule_change_id'),
    op "char" not null,
    key text not null,
    row_id jsonb,
    old jsonb,
    new jsonb,
    origin text,
    written timestamptz not null default clock_timestamp(),
    primary key (rule, id)
) with (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000);

-- Who has one of these has the keys of it: hashtextextended(key, 0) & 63. Never updated, only locked.
create table {schema}.rule_shard (
    rule integer not null,
    shard smallint not null,
    primary key (rule, shard)
);

-- Keys that are in the hands of a job of the engine: because a reaction failed, because rules went in a circle, or because
-- the reaction works outside the database. Their changes wait in rule_held.
create table {schema}.rule_parked (
    rule integer not null,
    key text not null,
    why text not null check (why in ('FAILED', 'CIRCLE', 'OUTSIDE')),
    job bigint,
    error text,
    since timestamptz not null default now(),
    primary key (rule, key)
);

create table {schema}.rule_held (
    rule integer not null,
    key text not null,
    id bigint not null,
    op "char" not null,
    row_id jsonb,
    old jsonb,
    new jsonb,
    origin text,
    written timestamptz not null,
    primary key (rule, key, id)
);

-- What a node did in a minute, written by that node alone. lag counts effects by the time from write to commit, in classes
-- of which each is 1.3 times the former.
create table {schema}.rule_minute (
    rule integer not null,
    minute timestamptz not null,
    node text not null,
    changes bigint not null,
    effects bigint not null,
    coalesced bigint not null,
    skipped bigint not null,
    failures bigint not null,
    reaction_micros bigint not null,
    slowest_micros bigint not null,
    lag bigint[] not null,
    primary key (rule, minute, node)
);

-- Backfills and sweeps: where they are. position is the primary key of the last row that was looked at.
create table {schema}.rule_run (
    id bigint generated always as identity primary key,
    rule integer not null,
    mode text not null check (mode in ('BACKFILL', 'SWEEP')),
    state text not null check (state in ('RUNNING', 'DONE', 'FAILED', 'CANCELLED')),
    position jsonb,
    last_change bigint,
    rows_per_second integer not null,
    rows_seen bigint not null default 0,
    rows_expected bigint not null default 0,
    drifted bigint not null default 0,
    repaired bigint not null default 0,
    cap bigint not null default 0,
    note text,
    started timestamptz not null default now(),
    updated timestamptz not null default now(),
    ended timestamptz
);
create index rule_run_latest on {schema}.rule_run (rule, id);
create unique index rule_run_one on {schema}.rule_run (rule, mode) where state = 'RUNNING';

-- What sweeps found, the latest thousand of a rule.
create table {schema}.rule_drift (
    id bigint generated always as identity primary key,
    rule integer not null,
    run bigint not null,
    key text not null,
    cause text not null check (cause in ('MISSED_CAPTURE', 'HANDLER_ERROR', 'MANUAL_EDIT', 'UNKNOWN')),
    repaired boolean not null,
    found timestamptz not null default now()
);
create index rule_drift_latest on {schema}.rule_drift (rule, id);

-- What a row looked like when its rule last saw it; for rules that are swept, so that a sweep can tell a write that nobody
-- captured from an effect that somebody undid.
create table {schema}.rule_seen (
    rule integer not null,
    row_id text not null,
    digest bigint not null,
    primary key (rule, row_id)
) with (fillfactor = 70);

-- Which of these rules have something to do, from a number on, and how old the first of it is. The plan is pinned: the
-- primary key is right however full or empty the table is said to be.
create function {schema}.rule_pending(rules integer[], from_ids bigint[])
returns table (rule integer, first_id bigint, age_ms bigint)
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
    return query
    select r.id, c.id, greatest((extract(epoch from clock_timestamp() - c.written) * 1000)::bigint, 0)
    from unnest(rules, from_ids) as g (rule, from_id)
    join {schema}.rule r on r.id = g.rule and not r.paused
    cross join lateral (
        select x.id, x.written from {schema}.rule_change x
        where x.rule = g.rule and x.id >= g.from_id order by x.id limit 1) c;
end
$$;

-- Takes some of the shards in which the first changes are, passing over those that another pump has.
create function {schema}.rule_claim(of_rule integer, from_id bigint, most integer, first_shard integer, shards integer)
returns smallint[]
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off
as $$
declare
    wanted smallint[];
    got smallint[];
begin
    select array_agg(distinct (hashtextextended(c.key, 0) & 63)::smallint) into wanted
    from (select x.key from {schema}.rule_change x
          where x.rule = of_rule and x.id >= from_id order by x.id limit most) c;
    if wanted is null then
        return '{}';
    end if;
    with held as (
        select s.shard from {schema}.rule_shard s
        where s.rule = of_rule and s.shard = any (wanted)
        order by (s.shard + first_shard) % 64 limit shards for update skip locked)
    select array_agg(h.shard) into got from held h;
    return coalesce(got, '{}');
end
$$;

-- The first changes in these shards, which the caller has locked in a former statement. parked: 0 no; 1 yes, and the row
-- that says so is locked against being removed; 2 yes, and a job is at it.
create function {schema}.rule_take(of_rule integer, from_id bigint, most integer, shards smallint[])
returns table (id bigint, op "char", key text, row_id jsonb, old jsonb, new jsonb, origin text, age_micros bigint,
               parked integer)
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
           case when h.key is null then 0 when m.key is null then 2 else 1 end
    from taken t left join there h on h.key = t.key left join mine m on m.key = t.key
    order by t.id;
end
$$;
