-- Jobs of which there is one at a time. {schema} is the schema's name.
-- needs 1: programs that know nothing of it go on; whether a job has its key is read from where the job is.

-- Which job was the last to take a key. The row says what was wished, never what became of it: whether the job still
-- has the key is inferred (unique_taken), so no crash and no old program can leave a key behind. A job that is through
-- leaves a row to be tidied away. held: until the job's start (at_start) or end; false for a throttled key, which is
-- taken for its window, until. since: what a debounced job's maximum is counted from.
create table {schema}.unique_key (
    kind integer not null,
    key text not null,
    job bigint not null,
    since bigint not null,
    until bigint not null,
    held boolean not null,
    at_start boolean not null,
    primary key (kind, key)
) with (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    vacuum_truncate = off
);
create index unique_key_job on {schema}.unique_key (job);

-- The lowest bit of a job's key says that it is unique and holds its key. Plain and limited jobs have no entry here.
create index ready_unique on {schema}.ready (job) where key & 1 = 1;

-- How a job stands to its key: 0 it is through, 1 it has started, 2 it waits for its first attempt. In one statement:
-- every move between places is one transaction, so a snapshot finds a job in one of them, or in a lease. A job that
-- waits and was asked to be cancelled will not run.
create function {schema}.unique_state(p_job bigint) returns integer
language plpgsql stable
set enable_seqscan = off
set jit = off
as $$
begin
    return (
        select case
                   when {schema}.job_end(p_job) is not null then 0
                   when w.attempt is null then 1
                   when exists (select from {schema}.cancel_request c where c.job = p_job) then 0
                   when w.attempt = 1 then 2
                   else 1
               end
          from (select) one
          left join lateral (
               select s.attempt from {schema}.scheduled s where s.job = p_job
               union all
               select r.attempt from {schema}.ready r where r.job = p_job and r.key & 1 = 1
               union all
               select p.attempt from {schema}.parked p where p.job = p_job
               limit 1) w on true);
end $$;

-- Whether a key is taken, by the job that its row names.
create function {schema}.unique_taken(p_row {schema}.unique_key) returns boolean
language plpgsql stable
as $$
begin
    return p_row.until > {schema}.now_micros()
           or p_row.held and {schema}.unique_state(p_row.job) >= case when p_row.at_start then 2 else 1 end;
end $$;

-- Locks a job where it waits for its first attempt, so that it does not start before the transaction ends: claims and
-- the move to ready pass over what is locked. A claim under way is waited for. Nulls when it has started. due: 0 unless
-- it is for later; start_by: 0 if it is parked.
create function {schema}.lock_waiting(
    p_job bigint, out queue integer, out priority smallint, out start_by bigint, out due bigint)
language plpgsql
set enable_seqscan = off
set jit = off
as $$
begin
    for i in 1..100 loop
        select s.queue, s.priority, s.due + s.start_within, s.due into queue, priority, start_by, due
          from {schema}.scheduled s
         where s.job = p_job and s.attempt = 1
           for no key update;
        if found then
            return;
        end if;
        select r.queue, r.priority, r.start_by, 0 into queue, priority, start_by, due
          from {schema}.ready r
         where r.job = p_job and r.key & 1 = 1 and r.attempt = 1
           for no key update;
        if found then
            return;
        end if;
        select p.queue, p.priority, 0, 0 into queue, priority, start_by, due
          from {schema}.parked p
         where p.job = p_job and p.attempt = 1
           for no key update;
        if found then
            return;
        end if;
        -- It may have moved on behind each of these looks; this one is a single snapshot.
        if {schema}.unique_state(p_job) < 2 then
            return;
        end if;
    end loop;
    raise exception 'job % moved a hundred times meanwhile', p_job using errcode = '55P03';
end $$;

-- Changes the payload of a job that lock_waiting has locked. Retention may be copying the body: its lock is waited for
-- first, and the statements after see the copy. Planned with the id at hand, so that one partition is locked and not
-- all of them.
create function {schema}.replace_payload(p_job bigint, p_payload text) returns boolean
language plpgsql
set plan_cache_mode = force_custom_plan
set enable_seqscan = off
as $$
declare
    v_found boolean;
begin
    perform from {schema}.job j where j.id = p_job for no key update;
    perform from {schema}.job_kept k where k.id = p_job for no key update;
    update {schema}.job j set payload = p_payload where j.id = p_job;
    v_found := found;
    update {schema}.job_kept k set payload = p_payload where k.id = p_job;
    return v_found or found;
end $$;

-- Takes in unique jobs, in the order of their keys, so that two calls never wait for each other. p_mode: 0 keep first,
-- 1 replace, 2 debounce, 3 throttle. For each job: which job has the key, and how that came: 0 created, 1 its payload
-- replaced, 2 it was there; and what to look for where, if there is anything to claim or to wait for: lane, start_by,
-- due (0: now). No rows when the smallest id, p_first, is void. The first to insert the key's row has it; another waits
-- for that one's commit, and then reads the row in a statement of its own, because the snapshot of its insert may be
-- older than the row. A row that vanishes, or a job that moves, in between starts it over. A wait ends after thirty
-- seconds. Enqueues wait for claims under way, which are short; claims never wait for enqueues.
create function {schema}.add_unique(
    p_id bigint[], p_kind integer[], p_queue integer[], p_priority smallint[], p_payload text[], p_meta text[],
    p_within bigint[], p_key text[], p_delay bigint[], p_at bigint[], p_unique text[], p_mode smallint[],
    p_window bigint[], p_max bigint[], p_at_start boolean[], p_first bigint)
returns table (job bigint, how smallint, queue integer, priority smallint, start_by bigint, due bigint)
language plpgsql
set lock_timeout = '30s'
set enable_seqscan = off
set jit = off
as $$
declare
    v_now bigint;
    v_until bigint;
    v_number bigint;
    v_tries integer;
    v_row {schema}.unique_key;
    v_queue integer;
    v_priority smallint;
    v_start_by bigint;
    v_due bigint;
begin
    -- Bodies are inserted later than the floor is looked at, so it is held.
    perform pg_advisory_xact_lock_shared(hashtextextended('{name}.floor', f.id))
       from {schema}.job_floor f
      where f.id <= p_first;
    if not found then
        return;
    end if;
    for i in 1..cardinality(p_id) loop
        v_tries := 0;
        loop
            v_tries := v_tries + 1;
            if v_tries > 100 then
                raise exception 'the unique key was taken and freed a hundred times meanwhile' using errcode = '55P03';
            end if;
            v_now := {schema}.now_micros();
            v_until := case when p_window[i] > 0 then v_now + p_window[i] else 0 end;
            job := p_id[i];
            how := 0;
            insert into {schema}.unique_key (kind, key, job, since, until, held, at_start)
            values (p_kind[i], p_unique[i], p_id[i], v_now, v_until, p_mode[i] <> 3, p_at_start[i])
                on conflict do nothing;
            exit when found;
            select * into v_row from {schema}.unique_key k where k.kind = p_kind[i] and k.key = p_unique[i];
            continue when not found;
            how := 2;
            job := v_row.job;
            exit when p_mode[i] in (0, 3) and {schema}.unique_taken(v_row);
            select * into v_row
              from {schema}.unique_key k
             where k.kind = p_kind[i] and k.key = p_unique[i]
               for update;
            continue when not found;
            job := v_row.job;
            if p_mode[i] in (1, 2) and v_row.held and {schema}.unique_state(v_row.job) = 2 then
                select w.queue, w.priority, w.start_by, w.due into v_queue, v_priority, v_start_by, v_due
                  from {schema}.lock_waiting(v_row.job) w;
                continue when v_queue is null;
                how := case when {schema}.replace_payload(v_row.job, p_payload[i]) then 1 else 2 end;
                exit;
            end if;
            exit when {schema}.unique_taken(v_row);
            job := p_id[i];
            how := 0;
            v_now := {schema}.now_micros();
            update {schema}.unique_key k
               set job = p_id[i], since = v_now, held = p_mode[i] <> 3, at_start = p_at_start[i],
                   until = case when p_window[i] > 0 then v_now + p_window[i] else 0 end
             where k.kind = p_kind[i] and k.key = p_unique[i];
            exit;
        end loop;
        v_now := {schema}.now_micros();
        queue := null;
        if how = 0 then
            v_number := nullif(coalesce({schema}.key_number(p_key[i]), 0)
                               | case when p_mode[i] <> 3 then 1 else 0 end, 0);
            queue := p_queue[i];
            priority := p_priority[i];
            insert into {schema}.job (id, created, kind, queue, priority, payload, meta, key)
            values (job, v_now, p_kind[i], queue, priority, p_payload[i], p_meta[i], v_number);
            if p_delay[i] = 0 and p_at[i] = 0 then
                due := 0;
                start_by := ({schema}.fair_starts(array[queue], array[priority], array[v_number],
                                                  array[v_now + p_within[i]]))[1];
                insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures, key)
                values (start_by, job, p_kind[i], queue, priority, 1, 0, v_number);
            else
                due := case when p_at[i] > 0 then p_at[i] else v_now + p_delay[i] end;
                start_by := due + p_within[i];
                insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures, key)
                values (due, job, p_within[i], p_kind[i], queue, priority, 1, 0, v_number);
            end if;
        elsif how = 1 and (p_mode[i] = 2 or v_due = 0) then
            queue := v_queue;
            priority := v_priority;
            start_by := v_start_by;
            due := 0;
            -- One that is ready already has waited long enough; a claim may have passed over it while it was locked.
            if v_due > 0 then
                due := least(v_now + p_delay[i], v_row.since + p_max[i]);
                start_by := start_by - v_due + due;
                update {schema}.scheduled s set due = add_unique.due where s.job = v_row.job;
            end if;
        end if;
        return next;
    end loop;
end $$;

-- Tidies away rows of jobs that are through and whose window is over, two thousand at a time for as long as most of
-- them are, half a second at most. Takes and returns where to go on: a job's number, or 0 for the beginning. A row that
-- somebody has locked is passed over. An open dead letter's stays, so that a replay finds the key if nobody took it.
create function {schema}.prune_unique(p_after bigint) returns bigint
language plpgsql
set enable_seqscan = off
set jit = off
as $$
declare
    v_until bigint := {schema}.now_micros() + 500000;
    v_after bigint := p_after;
    v_jobs bigint[];
    v_over bigint[];
begin
    loop
        v_jobs := array(
            select k.job from {schema}.unique_key k where k.job > v_after order by k.job limit 2000);
        v_over := array(
            select k.job
              from {schema}.unique_key k
             where k.job = any (v_jobs) and k.until <= {schema}.now_micros()
               and (not k.held
                    or {schema}.unique_state(k.job) = 0
                       and not exists (select from {schema}.dead_letter d where d.job = k.job and not d.discarded)));
        delete from {schema}.unique_key k
         where k.ctid = any (array(
               select c.ctid from {schema}.unique_key c
                where c.job = any (v_over) and c.until <= {schema}.now_micros()
                  for update skip locked));
        if cardinality(v_jobs) < 2000 then
            return 0;
        end if;
        v_after := v_jobs[2000];
        if cardinality(v_over) < 1000 or {schema}.now_micros() > v_until then
            return v_after;
        end if;
    end loop;
end $$;

-- Two functions learn to get along with replacements under way, word by word: what is taken out of parking passes over
-- locked jobs, as the lanes do, for the rule's lock is held; and survivors are locked as they are copied, so that a
-- payload is replaced either before or in the copy.
do $do$
declare
    v_change record;
    v_text text;
begin
    for v_change in
        select * from (values
            ('unpark', 'array(select k.at from picked k)',
             'array(select l.ctid from {schema}.parked l'
             ' where l.ctid = any (array(select k.at from picked k)) for update skip locked)'),
            ('copy_survivors', 's.%I = any ($1)', 's.%I = any ($1) for share of s')) v (name, was, becomes)
    loop
        select pg_get_functiondef(p.oid) into strict v_text
          from pg_proc p
         where p.pronamespace = '{schema}'::regnamespace and p.proname = v_change.name;
        if strpos(v_text, v_change.was) = 0 then
            raise exception 'the function % is not as expected', v_change.name;
        end if;
        execute replace(v_text, v_change.was, v_change.becomes);
    end loop;
end $do$;
