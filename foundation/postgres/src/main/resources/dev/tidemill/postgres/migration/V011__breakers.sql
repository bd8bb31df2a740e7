-- Circuit breakers: what jobs depend on, and whether it is worth calling.
-- needs 1: programs that know no breakers go on as if there were none.

-- One row a dependency. Settings: failures in a row that open it; or ratio of at_least calls within span; open_for and
-- longest are the first and the longest time until a probe. State 0: closed, 1: open, from until on for one probe at a
-- time; by_hand: open until somebody closes it. opened counts how often in a row it opened. A probe is reserved
-- (probe_epoch, until probe_until) before a job is claimed for it, and then names that job. Times are microseconds.
create table {schema}.breaker (
    id integer generated always as identity primary key,
    name text not null unique,
    failures integer not null,
    ratio double precision,
    at_least integer not null,
    span bigint not null,
    open_for bigint not null,
    longest bigint not null,
    state smallint not null default 0,
    by_hand boolean not null default false,
    since bigint not null,
    until bigint not null default 0,
    opened integer not null default 0,
    in_row integer not null default 0,
    span_began bigint not null default 0,
    span_calls bigint not null default 0,
    span_failures bigint not null default 0,
    probe_epoch bigint,
    probe_lease bigint,
    probe_job bigint,
    probe_until bigint,
    error text
) with (fillfactor = 50);

create table {schema}.breaker_kind (
    kind integer not null,
    breaker integer not null,
    primary key (kind, breaker)
);

-- Opens a breaker on the way to a row that is locked already.
create function {schema}.open_breaker(p_id integer, p_until bigint, p_by_hand boolean, p_error text) returns void
language sql
as $$
update {schema}.breaker b
   set state = 1, by_hand = p_by_hand, since = {schema}.now_micros(), until = p_until, opened = 1, in_row = 0,
       span_calls = 0, span_failures = 0, probe_epoch = null, probe_lease = null, probe_job = null, probe_until = null,
       error = coalesce(p_error, b.error)
 where b.id = p_id;
select {schema}.control_changed();
$$;

create function {schema}.close_breaker(p_id integer) returns void
language sql
as $$
update {schema}.breaker b
   set state = 0, by_hand = false, since = {schema}.now_micros(), until = 0, opened = 0, in_row = 0, span_calls = 0,
       span_failures = 0, probe_epoch = null, probe_lease = null, probe_job = null, probe_until = null
 where b.id = p_id;
select {schema}.control_changed();
$$;

-- Adds what calls came to since a node told last: failures, those of them after its last success (unbroken), successes. Rows are
-- locked by name, and the rules' version after them, as everybody does who changes a breaker.
create function {schema}.count_calls(
    p_epoch bigint, p_slot integer, p_name text[], p_failures integer[], p_unbroken integer[], p_successes integer[],
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
        select * from unnest(p_name, p_failures, p_unbroken, p_successes, p_error)
                      u (name, failures, unbroken, successes, error)
         order by u.name
    loop
        select * into v_breaker from {schema}.breaker b where b.name = v_told.name for update;
        -- An open one knows already.
        continue when not found or v_breaker.state <> 0;
        if v_now - v_breaker.span_began > v_breaker.span then
            v_breaker.span_began := v_now;
            v_breaker.span_calls := 0;
            v_breaker.span_failures := 0;
        end if;
        v_breaker.span_calls := v_breaker.span_calls + v_told.failures + v_told.successes;
        v_breaker.span_failures := v_breaker.span_failures + v_told.failures;
        v_breaker.in_row := case when v_told.successes > 0 then v_told.unbroken
                                 else v_breaker.in_row + v_told.failures end;
        if v_breaker.in_row >= v_breaker.failures
           or v_breaker.ratio is not null and v_told.failures > 0 and v_breaker.span_calls >= v_breaker.at_least
              and v_breaker.span_failures >= v_breaker.ratio * v_breaker.span_calls then
            perform {schema}.open_breaker(v_breaker.id, v_now + v_breaker.open_for, false, v_told.error);
        else
            update {schema}.breaker b
               set in_row = v_breaker.in_row, span_began = v_breaker.span_began, span_calls = v_breaker.span_calls,
                   span_failures = v_breaker.span_failures, error = coalesce(v_told.error, b.error)
             where b.id = v_breaker.id;
        end if;
    end loop;
end $$;

-- Whether a breaker may be probed now: it is time, and nobody is at it, or whoever was has lost his epoch.
create function {schema}.may_probe(p_breaker {schema}.breaker, p_now bigint) returns boolean
language sql stable
as $$
select p_breaker.state = 1 and not p_breaker.by_hand and p_breaker.until <= p_now
   and (p_breaker.probe_until is null or p_breaker.probe_until <= p_now
        or not exists (select from {schema}.fence f where f.epoch = p_breaker.probe_epoch))
$$;

-- Reserves a probe of one breaker, for five seconds, and returns the kinds of which one job may be claimed for it. A
-- kind that depends on several open ones probes all of them at once, when all of them may be probed.
create function {schema}.reserve_probe(p_epoch bigint, p_slot integer, p_kinds integer[]) returns integer[]
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_breaker {schema}.breaker;
    v_kind integer;
    v_kinds integer[];
    v_ids integer[];
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    for v_breaker in select * from {schema}.breaker b where b.state = 1 order by b.name for update skip locked loop
        continue when not {schema}.may_probe(v_breaker, v_now);
        v_ids := array[v_breaker.id];
        v_kinds := array(
            select k.kind
              from {schema}.breaker_kind k
             where k.breaker = v_breaker.id and k.kind = any (p_kinds)
               and not exists (select from {schema}.breaker_kind o
                                 join {schema}.breaker x on x.id = o.breaker
                                where o.kind = k.kind and x.id <> v_breaker.id and x.state = 1));
        if v_kinds = '{}' then
            for v_kind in
                select k.kind from {schema}.breaker_kind k where k.breaker = v_breaker.id and k.kind = any (p_kinds)
            loop
                v_ids := array(
                    select x.id
                      from {schema}.breaker x
                     where x.id in (select o.breaker from {schema}.breaker_kind o where o.kind = v_kind)
                       and {schema}.may_probe(x, v_now)
                     order by x.name
                       for update skip locked);
                if not exists (select from {schema}.breaker_kind o
                                 join {schema}.breaker x on x.id = o.breaker
                                where o.kind = v_kind and x.state = 1 and x.id <> all (v_ids)) then
                    v_kinds := array[v_kind];
                    exit;
                end if;
            end loop;
        end if;
        if v_kinds <> '{}' then
            update {schema}.breaker b
               set probe_epoch = p_epoch, probe_lease = null, probe_job = null, probe_until = v_now + 5000000
             where b.id = any (v_ids);
            return v_kinds;
        end if;
    end loop;
    return '{}';
end $$;

-- The job that was claimed for the probe this epoch had reserved, which from now on has a minute; false if the
-- reservation was lost meanwhile.
create function {schema}.begin_probe(p_epoch bigint, p_slot integer, p_lease bigint, p_job bigint) returns boolean
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    update {schema}.breaker b
       set probe_lease = p_lease, probe_job = p_job, probe_until = v_now + 60000000
     where b.state = 1 and not b.by_hand and b.probe_epoch = p_epoch and b.probe_job is null and b.probe_until > v_now;
    return found;
end $$;

-- Nothing was there to probe with; somebody looks again in a second.
create function {schema}.drop_probe(p_epoch bigint, p_slot integer) returns void
language plpgsql
as $$
begin
    perform {schema}.require_fence(p_epoch, p_slot);
    update {schema}.breaker b
       set probe_epoch = null, probe_until = null, until = {schema}.now_micros() + 1000000
     where b.probe_epoch = p_epoch and b.probe_job is null;
end $$;

-- What probes came to: 0 it is up, 1 the one named is down, 2 that says nothing, so the next may go in a second.
create function {schema}.end_probes(
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
