-- Claims of processes that died stay where nobody asks for their key again.
-- needs 1: the function is called as before, and does what it did.

-- Forgets invalidations of transactions that had ended before a mark that is old enough, and only then moves the
-- horizon; both commit together. Returns how many. Claims that ended a minute ago and more go too, but for those that
-- somebody is taking over.
create or replace function {schema}.cache_forget(keep interval) returns bigint
language plpgsql
as $$
declare
    below xid8;
    gone bigint := 0;
begin
    delete from {schema}.cache_fill f
    where (f.cache, f.key) in (
        select x.cache, x.key from {schema}.cache_fill x
        where x.until < clock_timestamp() - interval '1 min'
        limit 10000 for update skip locked);
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
