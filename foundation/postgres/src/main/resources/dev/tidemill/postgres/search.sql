-- Searching for jobs. A search walks a place by one of its keys, a page of rows at a time, so that no answer costs more
-- than the rows it looked at. A page is one statement of three parts: search_asked, the place, and search_page. The
-- position (a, b, c, d) is that of the last row seen. {schema} is the schema's name.

-- :search_asked
with asked as (
    select ?::integer as kind, ?::integer as queue, ?::bigint as key, ?::bigint as since, ?::bigint as before,
           ?::text as tag, ?::text as value, ?::text as code, ?::text as error,
           ?::bigint as a, ?::bigint as b, ?::bigint as c, ?::bigint as d, ?::integer as most),

-- :search_page
-- The rows that fit, and the last row whether it fits or not.
select x.job, x.a, x.b, x.c, x.d, x.fits, x.total
  from (select p.job, p.a, p.b, p.c, p.d, p.fits, row_number() over () as n, count(*) over () as total
          from page p) x
 where x.fits or x.n = x.total
 order by x.n

-- :search_bodies
-- b is when the last row's job was enqueued, for the search to know that it has gone back far enough.
page as materialized (
    select j.id as job, j.id as a, j.created as b, 0 as c, 0 as d,
           (a.kind is null or j.kind = a.kind) and (a.queue is null or j.queue = a.queue)
           and (a.key is null or j.key & -2 = a.key)
           and (a.since is null or j.created >= a.since) and (a.before is null or j.created < a.before) as fits
      from (select x.id, x.created, x.kind, x.queue, x.key
              from {schema}.job x
             where x.id < (select a from asked)
             order by x.id desc
             limit (select most from asked)) j
     cross join asked a)

-- :search_kept
-- Bodies on their way are for a moment in both places, and then met where they were.
page as materialized (
    select j.id as job, j.id as a, j.created as b, 0 as c, 0 as d,
           (a.kind is null or j.kind = a.kind) and (a.queue is null or j.queue = a.queue)
           and (a.key is null or j.key & -2 = a.key)
           and (a.since is null or j.created >= a.since) and (a.before is null or j.created < a.before)
           and not exists (select from {schema}.job e where e.id = j.id offset 0) as fits
      from (select x.id, x.created, x.kind, x.queue, x.key
              from {schema}.job_kept x
             where x.id < (select a from asked)
             order by x.id desc
             limit (select most from asked)) j
     cross join asked a)

-- :search_tags
page as materialized (
    select t.job, t.job as a, 0 as b, 0 as c, 0 as d, true as fits
      from {schema}.tag t
     where t.name = (select tag from asked) and t.value = (select value from asked) and t.job < (select a from asked)
     order by t.job desc
     limit (select most from asked))

-- :search_tags_kept
page as materialized (
    select t.job, t.job as a, 0 as b, 0 as c, 0 as d,
           not exists (select from {schema}.job e where e.id = t.job offset 0) as fits
      from (select x.job
              from {schema}.tag_kept x
             where x.name = (select tag from asked) and x.value = (select value from asked)
               and x.job < (select a from asked)
             order by x.job desc
             limit (select most from asked)) t)

-- :search_ready
-- In the order of claims, which is the order of the primary key.
page as materialized (
    select r.job, r.queue as a, r.priority as b, r.start_by as c, r.job as d,
           (a.kind is null or r.kind = a.kind) and (a.key is null or r.key & -2 = a.key) as fits
      from (select x.job, x.queue, x.priority, x.start_by, x.kind, x.key
              from {schema}.ready x
             where (x.queue, x.priority, x.start_by, x.job)
                   > ((select a::integer from asked), (select b::smallint from asked), (select c from asked),
                      (select d from asked))
               and x.queue <= (select coalesce(queue, 2147483647) from asked)
             order by x.queue, x.priority, x.start_by, x.job
             limit (select most from asked)) r
     cross join asked a)

-- :search_parked
page as materialized (
    select p.job, p.job as a, 0 as b, 0 as c, 0 as d,
           (a.kind is null or p.kind = a.kind) and (a.queue is null or p.queue = a.queue)
           and (a.key is null or p.key & -2 = a.key) as fits
      from (select x.job, x.kind, x.queue, x.key
              from {schema}.parked x
             where x.job < (select a from asked)
             order by x.job desc
             limit (select most from asked)) p
     cross join asked a)

-- :search_scheduled
page as materialized (
    select s.job, s.job as a, 0 as b, 0 as c, 0 as d,
           (a.kind is null or s.kind = a.kind) and (a.queue is null or s.queue = a.queue)
           and (a.key is null or s.key & -2 = a.key) as fits
      from (select x.job, x.kind, x.queue, x.key
              from {schema}.scheduled x
             where x.job < (select a from asked)
             order by x.job desc
             limit (select most from asked)) s
     cross join asked a)

-- :search_running
-- A lease holds what it was given until all of it is through. a is the lease; of the last one seen all jobs may have been,
-- so that one more is looked at.
page as materialized (
    select l.job, l.lease as a, l.job as b, 0 as c, 0 as d,
           not exists (select from {schema}.attempt e where e.lease = l.lease and e.job = l.job offset 0) as fits
      from (select x.id as lease, u.job
              from (select i.id, i.jobs
                      from {schema}.lease i
                     where i.id <= (select a from asked)
                     order by i.id desc
                     limit (select most + 1 from asked)) x
             cross join lateral unnest(x.jobs) u (job)
             where (x.id, u.job) < ((select a from asked), (select b from asked))
             order by x.id desc, u.job desc
             limit (select most from asked)) l)

-- :search_dead
-- Those that failed last first. a is when, by which the search knows that it has gone back far enough.
page as materialized (
    select d.job, d.failed as a, d.job as b, 0 as c, 0 as d,
           (a.kind is null or d.kind = a.kind) and (a.queue is null or d.queue = a.queue)
           and (a.code is null or d.code = a.code)
           and (a.error is null or strpos(lower(d.error), lower(a.error)) > 0) as fits
      from (select x.job, x.failed, x.kind, x.queue, x.code, x.error
              from {schema}.dead_letter x
             where not x.discarded and (x.failed, x.job) < ((select a from asked), (select b from asked))
             order by x.failed desc, x.job desc
             limit (select most from asked)) d
     cross join asked a)

-- :search_discarded
page as materialized (
    select d.job, d.job as a, 0 as b, 0 as c, 0 as d,
           d.discarded
           and (a.kind is null or d.kind = a.kind) and (a.queue is null or d.queue = a.queue)
           and (a.code is null or d.code = a.code)
           and (a.error is null or strpos(lower(d.error), lower(a.error)) > 0) as fits
      from (select x.job, x.discarded, x.kind, x.queue, x.code, x.error
              from {schema}.dead_letter x
             where x.job < (select a from asked)
             order by x.job desc
             limit (select most from asked)) d
     cross join asked a)

-- :search_to_cancel
-- Asked for, and not carried out yet; of those that run the state says so.
page as materialized (
    select c.job, c.job as a, 0 as b, 0 as c, 0 as d, true as fits
      from {schema}.cancel_request c
     where c.job < (select a from asked)
     order by c.job desc
     limit (select most from asked))

-- :search_cancelled
page as materialized (
    select c.job, c.job as a, 0 as b, 0 as c, 0 as d, true as fits
      from {schema}.cancelled c
     where c.job < (select a from asked)
     order by c.job desc
     limit (select most from asked))

-- :search_cancelled_kept
page as materialized (
    select c.job, c.job as a, 0 as b, 0 as c, 0 as d,
           not exists (select from {schema}.cancelled e where e.job = c.job offset 0) as fits
      from (select x.job
              from {schema}.cancelled_kept x
             where x.job < (select a from asked)
             order by x.job desc
             limit (select most from asked)) c)

-- :search_succeeded
-- Those that were claimed last first. a is the lease.
page as materialized (
    select t.job, t.lease as a, t.job as b, 0 as c, 0 as d, t.outcome = 0 as fits
      from {schema}.attempt t
     where (t.lease, t.job) < ((select a from asked), (select b from asked))
     order by t.lease desc, t.job desc
     limit (select most from asked))

-- :search_succeeded_kept
page as materialized (
    select t.job, t.lease as a, t.job as b, 0 as c, 0 as d,
           t.outcome = 0
           and not exists (select from {schema}.attempt e where e.lease = t.lease and e.job = t.job offset 0) as fits
      from (select x.lease, x.job, x.outcome
              from {schema}.attempt_kept x
             where (x.lease, x.job) < ((select a from asked), (select b from asked))
             order by x.lease desc, x.job desc
             limit (select most from asked)) t)

-- :search_failed
-- A job is met at the last of its attempts that failed so. What failed since the search began is left to the next one:
-- c is the lease where it began.
page as materialized (
    select t.job, t.lease as a, t.job as b, (select c from asked) as c, 0 as d,
           case when t.outcome <> 0 and strpos(lower(t.error), lower((select error from asked))) > 0
                then not exists (
                     select from {schema}.attempt e
                      where e.job = t.job and e.lease > t.lease and e.lease <= (select c from asked)
                        and strpos(lower(e.error), lower((select error from asked))) > 0 offset 0)
                else false end as fits
      from (select x.lease, x.job, x.outcome, x.error
              from {schema}.attempt x
             where (x.lease, x.job) < ((select a from asked), (select b from asked))
             order by x.lease desc, x.job desc
             limit (select most from asked)) t)

-- :search_failed_kept
page as materialized (
    select t.job, t.lease as a, t.job as b, (select c from asked) as c, 0 as d,
           case when t.outcome <> 0 and strpos(lower(t.error), lower((select error from asked))) > 0
                then not exists (
                         select from {schema}.attempt e
                          where e.job = t.job and e.lease >= t.lease
                            and strpos(lower(e.error), lower((select error from asked))) > 0 offset 0)
                     and not exists (
                         select from {schema}.attempt_kept e
                          where e.job = t.job and e.lease > t.lease and e.lease <= (select c from asked)
                            and strpos(lower(e.error), lower((select error from asked))) > 0 offset 0)
                else false end as fits
      from (select x.lease, x.job, x.outcome, x.error
              from {schema}.attempt_kept x
             where (x.lease, x.job) < ((select a from asked), (select b from asked))
             order by x.lease desc, x.job desc
             limit (select most from asked)) t)

-- :search_fitting
-- Which of these jobs fit in what the place they were found in does not say. OFFSET 0 keeps each look a look for one
-- job: the planner might otherwise read a whole table to spare many.
with asked as (
    select ?::integer as kind, ?::integer as queue, ?::bigint as key, ?::bigint as since, ?::bigint as before,
           ?::text as tag, ?::text as value, ?::text as code, ?::text as error)
select i.id
  from asked a
 cross join unnest(?::bigint[]) i (id)
 cross join lateral (
       select x.kind, x.queue, x.key, x.created from {schema}.job x where x.id = i.id
       union all
       select x.kind, x.queue, x.key, x.created from {schema}.job_kept x where x.id = i.id
       limit 1) b
 where (a.kind is null or b.kind = a.kind) and (a.queue is null or b.queue = a.queue)
   and (a.key is null or b.key & -2 = a.key)
   and (a.since is null or b.created >= a.since) and (a.before is null or b.created < a.before)
   and (a.tag is null
        or exists (select from {schema}.tag t
                    where t.name = a.tag and t.value = a.value and t.job = i.id offset 0)
        or exists (select from {schema}.tag_kept t
                    where t.name = a.tag and t.value = a.value and t.job = i.id offset 0))
   and (a.code is null
        or exists (select from {schema}.dead_letter d where d.job = i.id and d.code = a.code offset 0))
   and (a.error is null
        or exists (select from {schema}.dead_letter d
                    where d.job = i.id and strpos(lower(d.error), lower(a.error)) > 0 offset 0)
        or exists (select from {schema}.attempt t
                    where t.job = i.id and t.outcome <> 0 and strpos(lower(t.error), lower(a.error)) > 0 offset 0)
        or exists (select from {schema}.attempt_kept t
                    where t.job = i.id and t.outcome <> 0 and strpos(lower(t.error), lower(a.error)) > 0 offset 0))

-- :search_names
-- What the names of a filter are in the tables; null where there is nothing of that name.
select (select k.id from {schema}.kind k where k.name = ?), (select q.id from {schema}.queue q where q.name = ?),
       {schema}.key_number(?), {schema}.history_value('block_life')

-- :search_settings
-- For this transaction alone. Places are walked by their keys, whatever the statistics say.
select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
       set_config('enable_sort', 'off', true), set_config('jit', 'off', true),
       set_config('statement_timeout', ?, true), set_config('transaction_read_only', 'on', true)

-- :search_range
select min(j.id), max(j.id) from {schema}.job j

-- :search_probe
select j.id, j.created from {schema}.job j where j.id >= ? order by j.id limit 1

-- :search_sizes
-- How much the jobs' bodies are, in the order given.
select i.id, coalesce(octet_length(b.payload), 0), b.created
  from unnest(?::bigint[]) with ordinality i (id, n)
  left join lateral (
       select x.payload, x.created from {schema}.job x where x.id = i.id
       union all
       select x.payload, x.created from {schema}.job_kept x where x.id = i.id
       limit 1) b on true
 order by i.n
