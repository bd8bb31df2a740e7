-- What a person decides about jobs that wait, about dead letters and about nodes. {schema} is the schema's name as an
-- identifier, {name} bare.
-- needs 1: it adds, and drop_cancelled does for older programs what it did.

-- Nodes that claim nothing until they are called back. By name, so that it outlives an epoch and a process.
create table {schema}.drained (
    node text primary key,
    since bigint not null,
    by text not null,
    reason text not null
);

create index audit_target on {schema}.audit (target, id);
create index audit_action on {schema}.audit (action, id);

-- A job that was taken out of where it waited. due is null for one that could run; start_by is from due on for others.
create type {schema}.waiting_job as (
    job bigint,
    kind integer,
    queue integer,
    priority smallint,
    attempt smallint,
    failures smallint,
    key bigint,
    start_by bigint,
    due bigint
);

-- Takes note that jobs are cancelled. Where the bodies of a partition are about to leave, or have left, it is noted
-- beside those that stay: what is written to the partition from then on would leave with it.
create function {schema}.note_cancelled(p_jobs bigint[], p_by text[]) returns void
language plpgsql
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_floor bigint := (select f.id from {schema}.job_floor f);
begin
    insert into {schema}.cancelled (job, at, by)
    select u.job, v_now, u.by from unnest(p_jobs, p_by) u (job, by) where u.job >= v_floor
        on conflict do nothing;
    if exists (select from unnest(p_jobs) u (job) where u.job < v_floor) then
        insert into {schema}.cancelled_kept (job, at, by, generation)
        select u.job, v_now, u.by, (select max(p.number) from {schema}.part p where p.family = 'kept')
          from unnest(p_jobs, p_by) u (job, by) where u.job < v_floor
            on conflict do nothing;
    end if;
end $$;

-- As in V006, but for jobs whose bodies were kept when their partition left.
create or replace function {schema}.drop_cancelled(p_jobs bigint[]) returns bigint[]
language plpgsql
as $$
declare
    v_dropped bigint[];
    v_by text[];
begin
    -- In almost every claim nobody has cancelled anything, and that is all it costs.
    if not exists (select from {schema}.cancel_request) then
        return '{}';
    end if;
    with ended as (
        delete from {schema}.cancel_request c where c.job = any (p_jobs) returning c.job, c.by)
    select array_agg(e.job), array_agg(e.by) into v_dropped, v_by from ended e;
    if v_dropped is null then
        return '{}';
    end if;
    perform {schema}.note_cancelled(v_dropped, v_by);
    return v_dropped;
end $$;

-- Nobody copies bodies meanwhile: one that is changed here, and in between there, would be kept as it was before. A
-- statement of its own, because what follows has to see what was copied.
create function {schema}.hold_bodies() returns void
language plpgsql
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Tidemill''s transactions must be READ COMMITTED, not %', current_setting('transaction_isolation')
            using errcode = 'TM002';
    end if;
    perform pg_advisory_xact_lock_shared(hashtextextended('{name}.history', 0));
end $$;

-- Lets jobs that were taken out of where they waited wait again: from p_due on (0: ready; null: as before), with
-- p_priority (null: theirs). With another priority the start deadline moves by the difference, so that the time waited
-- counts, and the body says so as well: it is what limited claims and the rescue of a dead node go by. p_within is the
-- start deadline of each priority. Bodies are held by the caller if there is a priority.
create function {schema}.settle_waiting(
    p_jobs {schema}.waiting_job[], p_due bigint, p_priority smallint, p_within bigint[])
returns table (queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set enable_seqscan = off
set jit = off
as $$
declare
    v_now bigint := {schema}.now_micros();
    v_ids bigint[] := array(select u.job from unnest(p_jobs) u);
    v_ready {schema}.waiting_job[];
    v_later {schema}.waiting_job[];
    v_turns bigint[];
begin
    if p_priority is not null then
        update {schema}.job j set priority = p_priority where j.id = any (v_ids) and j.priority <> p_priority;
        update {schema}.job_kept k set priority = p_priority where k.id = any (v_ids) and k.priority <> p_priority;
    end if;
    with input as materialized (
        select u.*, coalesce(p_due, u.due, 0) as wanted, coalesce(p_priority, u.priority) as put,
               case when u.due is null then p_within[u.priority + 1] else u.start_by - u.due end as had
          from unnest(p_jobs) u),
    timed as materialized (
        select i.*, case when i.put = i.priority then i.had else p_within[i.put + 1] end as within from input i)
    select array_agg(row(t.job, t.kind, t.queue, t.put, t.attempt, t.failures, t.key,
                         case when t.due is null then t.start_by - t.had + t.within else v_now + t.within end,
                         null)::{schema}.waiting_job) filter (where t.wanted <= v_now),
           array_agg(row(t.job, t.kind, t.queue, t.put, t.attempt, t.failures, t.key, t.wanted + t.within,
                         t.wanted)::{schema}.waiting_job) filter (where t.wanted > v_now)
      into v_ready, v_later
      from timed t;
    if v_ready is not null then
        v_turns := {schema}.fair_starts(
            array(select u.queue from unnest(v_ready) u), array(select u.priority from unnest(v_ready) u),
            array(select u.key from unnest(v_ready) u), array(select u.start_by from unnest(v_ready) u));
        return query
        with moved as (
            insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
            select u.turn, u.job, u.kind, u.queue, u.priority, u.attempt, u.failures, u.key
              from rows from (unnest(v_ready), unnest(v_turns))
                   u (job, kind, queue, priority, attempt, failures, key, start_by, due, turn)
            returning ready.queue, ready.priority, ready.start_by)
        select m.queue, m.priority, min(m.start_by), 0::bigint from moved m group by m.queue, m.priority;
    end if;
    if v_later is not null then
        return query
        with moved as (
            insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures, key)
            select u.due, u.job, u.start_by - u.due, u.kind, u.queue, u.priority, u.attempt, u.failures, u.key
              from unnest(v_later) u
            returning scheduled.queue, scheduled.priority, scheduled.due, scheduled.start_within)
        select m.queue, m.priority, min(m.due + m.start_within), min(m.due) from moved m group by m.queue, m.priority;
    end if;
end $$;

-- Lets one waiting job wait otherwise; see settle_waiting. A job is looked for in the order in which jobs move on, each
-- look a statement with a fresh snapshot that waits for whoever holds the row at that moment; a claim that has it by
-- then keeps it. ready has no index by job: there the job's lane is walked in the index, 0.15 s for a million jobs.
-- said: 0 no such job, 1 done, 2 it was so, 3 it runs, 4 it has succeeded, 5 it is a dead letter, 6 it is cancelled, 7
-- it was on its way each time.
create function {schema}.steer_job(p_job bigint, p_due bigint, p_priority smallint, p_within bigint[])
returns table (said integer, queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
set lock_timeout = '5s'
as $$
declare
    v_taken {schema}.waiting_job;
    v_body record;
    v_said integer := 7;
    v_ready boolean := p_due <= {schema}.now_micros() and p_priority is null;
begin
    perform {schema}.hold_bodies();
    for v_try in 1..5 loop
        select b.queue, b.priority into v_body
          from (select j.queue, j.priority from {schema}.job j where j.id = p_job
                union all
                select k.queue, k.priority from {schema}.job_kept k where k.id = p_job
                limit 1) b;
        if not found then
            v_said := 0;
            exit;
        end if;
        if exists (select from {schema}.cancel_request c where c.job = p_job)
           or exists (select from {schema}.cancelled c where c.job = p_job)
           or exists (select from {schema}.cancelled_kept c where c.job = p_job)
        then
            v_said := 6;
            exit;
        end if;
        delete from {schema}.scheduled s
         where s.job = p_job and (p_due is not null or s.priority <> p_priority)
        returning s.job, s.kind, s.queue, s.priority, s.attempt, s.failures, s.key, s.due + s.start_within, s.due
          into v_taken;
        v_said := case when found then 1 else 7 end;
        exit when found;
        perform from {schema}.scheduled s where s.job = p_job;
        v_said := case when found then 2 else 7 end;
        exit when found;
        delete from {schema}.parked p
         where p.job = p_job and not coalesce(v_ready, false) and (p_due is not null or p.priority <> p_priority)
        returning p.job, p.kind, p.queue, p.priority, p.attempt, p.failures, p.key, p.start_by, null
          into v_taken;
        v_said := case when found then 1 else 7 end;
        exit when found;
        perform from {schema}.parked p where p.job = p_job;
        v_said := case when found then 2 else 7 end;
        exit when found;
        if coalesce(v_ready, false) or p_due is null and v_body.priority = p_priority then
            perform from {schema}.ready r
              where r.queue = v_body.queue and r.priority = v_body.priority and r.job = p_job;
            v_said := case when found then 2 else 7 end;
        else
            delete from {schema}.ready r
             where r.queue = v_body.queue and r.priority = v_body.priority and r.job = p_job
            returning r.job, r.kind, r.queue, r.priority, r.attempt, r.failures, r.key, r.start_by, null
              into v_taken;
            v_said := case when found then 1 else 7 end;
        end if;
        exit when found;
        perform from {schema}.lease l
          where p_job = any (l.jobs)
            and not exists (select from {schema}.attempt a where a.lease = l.id and a.job = p_job);
        v_said := case when found then 3 else 7 end;
        exit when found;
        perform from {schema}.attempt a where a.job = p_job and a.outcome = 0
          union all select from {schema}.attempt_kept a where a.job = p_job and a.outcome = 0;
        v_said := case when found then 4 else 7 end;
        exit when found;
        perform from {schema}.dead_letter d where d.job = p_job;
        v_said := case when found then 5 else 7 end;
        exit when found;
    end loop;
    if v_said = 1 then
        return query select 1, s.* from {schema}.settle_waiting(array[v_taken], p_due, p_priority, p_within) s;
    else
        return query select v_said, null::integer, null::smallint, null::bigint, null::bigint;
    end if;
end $$;

-- Whether a job has this tag, was enqueued in this time and has this key, each where it is given.
create function {schema}.fits(
    p_job bigint, p_tag text, p_value text, p_from bigint, p_to bigint, p_key bigint)
returns boolean
language plpgsql stable
set enable_seqscan = off
as $$
begin
    if p_tag is not null
       and not exists (select from {schema}.tag t where t.name = p_tag and t.value = p_value and t.job = p_job)
       and not exists (select from {schema}.tag_kept t where t.name = p_tag and t.value = p_value and t.job = p_job)
    then
        return false;
    end if;
    return coalesce(p_from, p_to, p_key) is null or exists (
        select from (
               select j.created, j.key from {schema}.job j where j.id = p_job
               union all
               select k.created, k.key from {schema}.job_kept k where k.id = p_job
               limit 1) b
         where (p_from is null or b.created >= p_from) and (p_to is null or b.created < p_to)
           and (p_key is null or b.key & -2 = p_key));
end $$;

-- Does something to what waits in one place and fits, from a position on: one page of it. p_place 1 scheduled, 2 ready,
-- 3 parked; p_after is the position, of one number but in ready, where it is the four of its key; p_action 0 nothing
-- but counting, 1 cancelled, 2 moved as settle_waiting does. p_page rows are looked at, up to p_most of them taken.
-- What a claim holds just then is left to it. Rows are found again by their place and their job, because their place
-- may be another's by then.
create function {schema}.act_on_waiting(
    p_place integer, p_after bigint[], p_page integer, p_most integer,
    p_kind integer, p_queue integer, p_key bigint, p_tag text, p_value text, p_from bigint, p_to bigint,
    p_action integer, p_due bigint, p_priority smallint, p_within bigint[], p_by text,
    out seen integer, out fitting integer, out done integer, out upto bigint[],
    out queues integer[], out priorities smallint[], out start_bys bigint[], out dues bigint[])
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set lock_timeout = '5s'
as $$
declare
    v_more boolean := coalesce(p_tag, p_from::text, p_to::text) is not null;
    v_at tid[];
    v_jobs bigint[];
    v_taken {schema}.waiting_job[];
begin
    perform {schema}.hold_bodies();
    if p_place = 1 then
        with page as materialized (
            select s.job, s.kind, s.queue, s.priority, s.key, s.due
              from {schema}.scheduled s where s.job > p_after[1] order by s.job limit p_page),
        matched as (
            select p.job
              from page p
             where (p_kind is null or p.kind = p_kind) and (p_queue is null or p.queue = p_queue)
               and (p_key is null or p.key & -2 = p_key)
               and (p_due is null or p.due <> p_due) and (p_priority is null or p.priority <> p_priority)
               and (not v_more or {schema}.fits(p.job, p_tag, p_value, p_from, p_to, null))
             limit p_most)
        select (select count(*) from page), (select array[max(p.job)] from page p), array(select m.job from matched m)
          into seen, upto, v_jobs;
        if p_action > 0 then
            with taken as (
                delete from {schema}.scheduled s
                 where s.ctid = any (array(
                       select c.ctid from {schema}.scheduled c where c.job = any (v_jobs) for update skip locked))
                returning s.*)
            select array_agg(row(t.job, t.kind, t.queue, t.priority, t.attempt, t.failures, t.key,
                                 t.due + t.start_within, t.due)::{schema}.waiting_job)
              into v_taken from taken t;
        end if;
    elsif p_place = 2 then
        with page as materialized (
            select r.ctid as at, r.job, r.kind, r.queue, r.priority, r.key, r.start_by,
                   row_number() over (order by r.queue, r.priority, r.start_by, r.job) as n
              from (select c.ctid, c.* from {schema}.ready c
                     where (c.queue, c.priority, c.start_by, c.job)
                           > (p_after[1]::integer, p_after[2]::smallint, p_after[3], p_after[4])
                       and c.queue <= coalesce(p_queue, 2147483647)
                     order by c.queue, c.priority, c.start_by, c.job
                     limit p_page) r),
        matched as materialized (
            select p.at, p.job
              from page p
             where (p_kind is null or p.kind = p_kind) and (p_queue is null or p.queue = p_queue)
               and (p_key is null or p.key & -2 = p_key)
               and (p_priority is null or p.priority <> p_priority)
               and (not v_more or {schema}.fits(p.job, p_tag, p_value, p_from, p_to, null))
             order by p.n
             limit p_most)
        select (select count(*) from page),
               (select array[p.queue, p.priority, p.start_by, p.job] from page p order by p.n desc limit 1),
               array(select m.at from matched m), array(select m.job from matched m)
          into seen, upto, v_at, v_jobs;
        if p_action > 0 then
            with taken as (
                delete from {schema}.ready r
                 where r.ctid = any (array(
                       select c.ctid from {schema}.ready c
                        where c.ctid = any (v_at) and c.job = any (v_jobs)
                          for update skip locked))
                returning r.*)
            select array_agg(row(t.job, t.kind, t.queue, t.priority, t.attempt, t.failures, t.key, t.start_by,
                                 null)::{schema}.waiting_job)
              into v_taken from taken t;
        end if;
    else
        with page as materialized (
            select k.job, k.kind, k.queue, k.priority, k.key
              from {schema}.parked k where k.job > p_after[1] order by k.job limit p_page),
        matched as (
            select p.job
              from page p
             where (p_kind is null or p.kind = p_kind) and (p_queue is null or p.queue = p_queue)
               and (p_key is null or p.key & -2 = p_key)
               and (p_priority is null or p.priority <> p_priority)
               and (not v_more or {schema}.fits(p.job, p_tag, p_value, p_from, p_to, null))
             limit p_most)
        select (select count(*) from page), (select array[max(p.job)] from page p), array(select m.job from matched m)
          into seen, upto, v_jobs;
        if p_action > 0 then
            with taken as (
                delete from {schema}.parked k
                 where k.ctid = any (array(
                       select c.ctid from {schema}.parked c where c.job = any (v_jobs) for update skip locked))
                returning k.*)
            select array_agg(row(t.job, t.kind, t.queue, t.priority, t.attempt, t.failures, t.key, t.start_by,
                                 null)::{schema}.waiting_job)
              into v_taken from taken t;
        end if;
    end if;
    fitting := cardinality(v_jobs);
    done := coalesce(cardinality(v_taken), 0);
    if p_action = 1 and done > 0 then
        v_jobs := array(select u.job from unnest(v_taken) u);
        delete from {schema}.cancel_request c where c.job = any (v_jobs);
        perform {schema}.note_cancelled(v_jobs, array_fill(p_by, array[done]));
    elsif p_action = 2 and done > 0 then
        select array_agg(s.queue), array_agg(s.priority), array_agg(s.start_by), array_agg(s.due)
          into queues, priorities, start_bys, dues
          from {schema}.settle_waiting(v_taken, p_due, p_priority, p_within) s;
    end if;
end $$;

-- The same for dead letters, the newest first: p_after is when the last one seen failed, and its job. p_action 0 counts,
-- 3 replays, 4 discards.
create function {schema}.act_on_dead(
    p_after bigint[], p_page integer, p_most integer,
    p_kind integer, p_queue integer, p_key bigint, p_tag text, p_value text, p_from bigint, p_to bigint,
    p_code text, p_action integer, p_within bigint[],
    out seen integer, out fitting integer, out done integer, out upto bigint[],
    out queues integer[], out priorities smallint[], out start_bys bigint[], out dues bigint[])
language plpgsql
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
set lock_timeout = '5s'
as $$
declare
    v_more boolean := coalesce(p_tag, p_from::text, p_to::text, p_key::text) is not null;
    v_jobs bigint[];
    v_taken {schema}.waiting_job[];
begin
    with page as materialized (
        select d.job, d.failed, d.kind, d.queue, d.code
          from {schema}.dead_letter d
         where not d.discarded and (d.failed, d.job) < (p_after[1], p_after[2])
         order by d.failed desc, d.job desc
         limit p_page),
    matched as (
        select p.job
          from page p
         where (p_kind is null or p.kind = p_kind) and (p_queue is null or p.queue = p_queue)
           and (p_code is null or p.code = p_code) and (p_action <> 3 or p.kind is not null)
           and (not v_more or {schema}.fits(p.job, p_tag, p_value, p_from, p_to, p_key))
         limit p_most)
    select (select count(*) from page),
           (select array[p.failed, p.job] from page p order by p.failed, p.job limit 1),
           array(select m.job from matched m)
      into seen, upto, v_jobs;
    fitting := cardinality(v_jobs);
    done := 0;
    if p_action = 3 then
        with taken as (
            delete from {schema}.dead_letter d
             where d.ctid = any (array(
                   select c.ctid from {schema}.dead_letter c
                    where c.job = any (v_jobs) and not c.discarded
                      for update skip locked))
            returning d.*)
        select array_agg(row(t.job, t.kind, t.queue, t.priority, least(t.attempt + 1, 32767), 0,
                             {schema}.key_of(t.job), p_within[t.priority + 1], 0)::{schema}.waiting_job)
          into v_taken from taken t;
        done := coalesce(cardinality(v_taken), 0);
        select array_agg(s.queue), array_agg(s.priority), array_agg(s.start_by), array_agg(s.due)
          into queues, priorities, start_bys, dues
          from {schema}.settle_waiting(coalesce(v_taken, '{}'), 0, null, p_within) s;
    elsif p_action = 4 then
        update {schema}.dead_letter d set discarded = true
         where d.ctid = any (array(
               select c.ctid from {schema}.dead_letter c
                where c.job = any (v_jobs) and not c.discarded
                  for update skip locked));
        get diagnostics done = row_count;
    end if;
end $$;

-- Replays a dead letter with another payload. No row if there is no such dead letter, or its body is gone.
create function {schema}.replay_edited(p_job bigint, p_payload text, p_within bigint[])
returns table (queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set enable_seqscan = off
set jit = off
set lock_timeout = '5s'
as $$
declare
    v_taken {schema}.waiting_job;
    v_bodies integer;
    v_kept integer;
begin
    perform {schema}.hold_bodies();
    delete from {schema}.dead_letter d
     where d.job = p_job and not d.discarded and d.kind is not null
       and (exists (select from {schema}.job j where j.id = p_job)
            or exists (select from {schema}.job_kept k where k.id = p_job))
    returning d.job, d.kind, d.queue, d.priority, least(d.attempt + 1, 32767), 0, {schema}.key_of(d.job),
              p_within[d.priority + 1], 0
      into v_taken;
    if not found then
        return;
    end if;
    update {schema}.job j set payload = p_payload where j.id = p_job;
    get diagnostics v_bodies = row_count;
    update {schema}.job_kept k set payload = p_payload where k.id = p_job;
    get diagnostics v_kept = row_count;
    if v_bodies + v_kept = 0 then
        raise exception 'the body of job % is gone', p_job;
    end if;
    return query select s.* from {schema}.settle_waiting(array[v_taken], 0, null, p_within) s;
end $$;
