-- The cache: the log of invalidations, the entries that all nodes share, and who is loading what.

-- One row for each thing that is no longer true. It is written in the transaction that changed the thing, which need not
-- be the first to commit: who reads this log goes by snapshots, never by the order of numbers. target is what an entry is
-- looked up by (its key, its tags, the beginnings of its key); pattern is for those few that have to be compared.
create table {schema}.cache_invalidation (
    xid xid8 not null default pg_current_xact_id(),
    cache text not null,
    target text not null,
    pattern text not null default '',
    matches text not null default '',
    at timestamptz not null default clock_timestamp()
);
create index cache_invalidation_news on {schema}.cache_invalidation (xid);
create index cache_invalidation_target on {schema}.cache_invalidation (cache, target, xid);

-- Below which transaction the log has been forgotten. It moves in the transaction that deletes.
create table {schema}.cache_horizon (
    one boolean primary key default true check (one),
    forgotten_below xid8 not null
);
insert into {schema}.cache_horizon (forgotten_below) values ('0');

-- Which transactions were the oldest still open, and when: what is below such a mark had ended by then.
create table {schema}.cache_mark (
    at timestamptz primary key,
    oldest xid8 not null
);

-- Unlogged, so that it is gone exactly when the entries are: after a crash, a fail-over or a restore. What nodes then
-- remember of snapshots is of another history, in which the same numbers meant other transactions.
create unlogged table {schema}.cache_life (
    one boolean primary key default true check (one),
    id text not null
);

-- The entries. By the time of their end, so that they leave a table at a time. as_of is a snapshot that the value
-- reflects; own is the transaction that wrote the value and the invalidation of what was there before together.
create table {schema}.cache_entry (
    cache text not null,
    key text not null,
    version bigint not null,
    as_of pg_snapshot not null,
    own xid8,
    tags text[] not null,
    targets text[] not null,
    loaded_at timestamptz not null,
    fresh_until timestamptz not null,
    usable_until timestamptz not null,
    ends_at timestamptz not null,
    bytes bytea not null
) partition by range (ends_at);
alter table {schema}.cache_entry alter column bytes set storage external;
create index cache_entry_key on {schema}.cache_entry (cache, key);
create sequence {schema}.cache_version;

-- Who loads a key. The token is the fence: who stores a value takes the row with that token away, and stores nothing if
-- it is not there.
create unlogged table {schema}.cache_fill (
    cache text not null,
    key text not null,
    token bigint not null,
    until timestamptz not null,
    primary key (cache, key)
) with (fillfactor = 50);
create sequence {schema}.cache_token;

-- The entries of some keys that no invalidation has made void, and the snapshot at which that was so. One row without
-- a key tells the snapshot when there are none. The plan is pinned: an index is right here however full the tables are.
create function {schema}.cache_read(of_cache text, keys text[])
returns table (key text, bytes bytea, tags text[], age_ms bigint, fresh_ms bigint, usable_ms bigint, kept_ms bigint,
               as_of text, own xid8, checked_at text, life text)
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
    return query
    select f.key, f.bytes, f.tags, f.age_ms, f.fresh_ms, f.usable_ms, f.kept_ms, f.as_of::text, f.own,
           pg_current_snapshot()::text, (select l.id from {schema}.cache_life l)
    from (select 1) one
    left join lateral (
        select distinct on (e.key) e.key, e.bytes, e.tags,
               (extract(epoch from clock_timestamp() - e.loaded_at) * 1000)::bigint as age_ms,
               (extract(epoch from e.fresh_until - clock_timestamp()) * 1000)::bigint as fresh_ms,
               (extract(epoch from e.usable_until - clock_timestamp()) * 1000)::bigint as usable_ms,
               (extract(epoch from e.ends_at - clock_timestamp()) * 1000)::bigint as kept_ms,
               e.as_of, e.own
        from {schema}.cache_entry e
        where e.cache = of_cache and e.key = any (keys) and e.ends_at > now()
          and pg_snapshot_xmin(e.as_of) >= (select h.forgotten_below from {schema}.cache_horizon h)
          and not exists (
              select from unnest(e.targets) t (target)
              join {schema}.cache_invalidation i
                on i.cache = e.cache and i.target = t.target and i.xid >= pg_snapshot_xmin(e.as_of)
              where not pg_visible_in_snapshot(i.xid, e.as_of)
                and i.xid is distinct from e.own
                and (i.matches = '' or e.key like i.matches))
        order by e.key, e.version desc) f on true;
end
$$;

-- Claims keys and reads them again, in this order and with a snapshot taken after: a value that was stored just before
-- its claim ended is found, not loaded once more. The keys are taken in order, so that nobody waits in a circle.
create function {schema}.cache_claim(of_cache text, keys text[], lease_ms bigint)
returns table (key text, bytes bytea, tags text[], age_ms bigint, fresh_ms bigint, usable_ms bigint, kept_ms bigint,
               as_of text, own xid8, checked_at text, life text, claimed text[], tokens bigint[])
language plpgsql volatile
as $$
declare
    got_keys text[];
    got_tokens bigint[];
begin
    with taken as (
        insert into {schema}.cache_fill as f (cache, key, token, until)
        select of_cache, k, nextval('{schema}.cache_token'), clock_timestamp() + lease_ms * interval '1 ms'
        from (select distinct k from unnest(keys) k order by k) sorted
        on conflict on constraint cache_fill_pkey do update set token = excluded.token, until = excluded.until
            where f.until < clock_timestamp()
        returning f.key, f.token)
    select coalesce(array_agg(taken.key), '{}'), coalesce(array_agg(taken.token), '{}')
      into got_keys, got_tokens from taken;
    return query select r.*, got_keys, got_tokens from {schema}.cache_read(of_cache, keys) r;
end
$$;

-- Stores values; returns the keys of those stored. With a token: only while the claim is still there, which ends with it.
-- Without one (0): always, and whoever has claimed the key stores nothing any more. Nothing that was loaded in a former
-- life is stored. Former rows are removed unless somebody holds them; the newest version counts anyway. Arrays are parallel; tags are separated by unit separators.
create function {schema}.cache_store(of_cache text, keys text[], tokens bigint[], bodies bytea[], tag_lists text[],
                                     target_lists text[], as_ofs text[], owns text[], ages_ms bigint[],
                                     fresh_ms bigint[], usable_ms bigint[], kept_ms bigint[])
returns setof text
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off
as $$
declare
    mine text[];
    of_life text := (select l.id from {schema}.cache_life l);
begin
    perform from {schema}.cache_fill f where f.cache = of_cache and f.key = any (keys) order by f.key for update;
    with given as (select * from unnest(keys, tokens) g (key, token)),
    ended as (
        delete from {schema}.cache_fill f using given g
        where f.cache = of_cache and f.key = g.key and (f.token = g.token or g.token = 0)
        returning f.key)
    select coalesce(array_agg(g.key), '{}') into mine
    from given g join unnest(keys, as_ofs) s (key, as_of) on s.key = g.key
    where (g.token = 0 or g.key in (select e.key from ended e)) and split_part(s.as_of, '|', 1) = of_life;
    if cardinality(mine) = 0 then
        return;
    end if;
    delete from {schema}.cache_entry e
    where e.cache = of_cache and e.key = any (mine) and e.ends_at > now()
      and (e.tableoid, e.ctid) in (
          select x.tableoid, x.ctid from {schema}.cache_entry x
          where x.cache = of_cache and x.key = any (mine) and x.ends_at > now()
          for update skip locked);
    insert into {schema}.cache_entry
        (cache, key, version, as_of, own, tags, targets, loaded_at, fresh_until, usable_until, ends_at, bytes)
    select of_cache, g.key, nextval('{schema}.cache_version'), split_part(g.as_of, '|', 2)::pg_snapshot, nullif(g.own, '0')::xid8,
           string_to_array(g.tags, e'\x1f'), string_to_array(g.targets, e'\x1f'),
           clock_timestamp() - g.age * interval '1 ms', clock_timestamp() + g.fresh * interval '1 ms',
           clock_timestamp() + g.usable * interval '1 ms', clock_timestamp() + g.kept * interval '1 ms', g.body
    from unnest(keys, bodies, tag_lists, target_lists, as_ofs, owns, ages_ms, fresh_ms, usable_ms, kept_ms)
         g (key, body, tags, targets, as_of, own, age, fresh, usable, kept)
    where g.key = any (mine) and g.kept > 0;
    return query select unnest(mine);
end
$$;

-- For triggers, and for programs that are not Java: the key is no longer true once the transaction commits.
create function {schema}.cache_invalidate(of_cache text, of_key text) returns void
language sql volatile
as $$
    insert into {schema}.cache_invalidation (cache, target) values (of_cache, 'k:' || of_key)
$$;

-- Tables for what ends in the next hours, ten minutes each; made beside the others and then attached, which waits for
-- nobody but other upkeep. Those whose time is over are dropped whole.
create function {schema}.cache_tables(ahead interval) returns void
language plpgsql
as $$
declare
    width constant integer := 600;
    slot bigint := floor(extract(epoch from clock_timestamp()) / width);
    last bigint := floor(extract(epoch from clock_timestamp() + ahead) / width) + 1;
    old regclass;
begin
    for n in slot .. last loop
        if to_regclass(format('%s.%I', '{schema}', 'cache_entry_' || n)) is null then
            execute format('create unlogged table %s.%I (like {schema}.cache_entry including defaults including storage)',
                           '{schema}', 'cache_entry_' || n);
            execute format('alter table {schema}.cache_entry attach partition %s.%I for values from (%L) to (%L)',
                           '{schema}', 'cache_entry_' || n,
                           to_timestamp(n * width), to_timestamp((n + 1) * width));
        end if;
    end loop;
    for old in
        select i.inhrelid from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = '{schema}.cache_entry'::regclass
          and substring(c.relname from 'cache_entry_(\d+)$')::bigint < slot
    loop
        execute format('drop table %s', old);
    end loop;
end
$$;

-- Forgets invalidations of transactions that had ended before a mark that is old enough, and only then moves the
-- horizon; both commit together. Returns how many.
create function {schema}.cache_forget(keep interval) returns bigint
language plpgsql
as $$
declare
    below xid8;
    gone bigint := 0;
begin
    insert into {schema}.cache_mark (at, oldest)
    select clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot())
    where not exists (select from {schema}.cache_mark m where m.at > clock_timestamp() - interval '30 s')
    on conflict do nothing;
    select m.oldest into below from {schema}.cache_mark m where m.at < clock_timestamp() - keep
    order by m.at desc limit 1;
    if below is not null then
        update {schema}.cache_horizon h set forgotten_below = below where h.forgotten_below < below;
        delete from {schema}.cache_invalidation i where i.xid < below;
        get diagnostics gone = row_count;
        delete from {schema}.cache_mark m where m.oldest < below;
    end if;
    return gone;
end
$$;
