-- Circuit breakers. {schema} is the schema's name.

-- :add_breaker
insert into {schema}.breaker (name, failures, ratio, at_least, span, open_for, longest, since)
values (?, ?, ?, ?, ?, ?, ?, {schema}.now_micros())
    on conflict (name) do nothing

-- :count_breakers
select count(*) from {schema}.breaker

-- :breaker_settings
-- What holds, and what the code said last. Whoever changes settings takes turns at the row.
select b.name, b.failures, b.ratio, b.at_least, b.span, b.open_for, b.longest, coalesce(b.said, '')
  from {schema}.breaker b
 where b.name = ?
   for update

-- :set_breaker
-- Settings alone: the state is everybody's.
update {schema}.breaker
   set failures = ?, ratio = ?, at_least = ?, span = ?, open_for = ?, longest = ?
 where name = ?

-- :say_breaker
update {schema}.breaker set said = ? where name = ?

-- :put_breaker_kinds
-- What kinds depend on, in place of what they did; says how many rows changed.
with wanted as (
    select u.kind, b.id from unnest(?, ?) u (kind, name) join {schema}.breaker b on b.name = u.name),
gone as (
    delete from {schema}.breaker_kind k
     where k.kind = any (?)
       and not exists (select from wanted w where w.kind = k.kind and w.id = k.breaker)
    returning 1),
fresh as (
    insert into {schema}.breaker_kind (kind, breaker)
    select w.kind, w.id from wanted w
        on conflict do nothing
    returning 1)
select (select count(*) from gone) + (select count(*) from fresh)

-- :breakers
select b.name, b.failures, b.ratio, b.at_least, b.span, b.open_for, b.longest, b.state, b.by_hand, b.since, b.until,
       b.in_row, b.opened, b.error, b.probe_job is not null and b.probe_until > {schema}.now_micros(),
       coalesce((select array_agg(n.name order by n.name)
                   from {schema}.breaker_kind k join {schema}.kind n on n.id = k.kind
                  where k.breaker = b.id), '{}')
  from {schema}.breaker b
 order by b.name
 limit 1000

-- :breaker_states
select b.name, b.state, b.in_row > 0 from {schema}.breaker b where b.state <> 0 or b.in_row > 0

-- :lock_breaker
select b.id, b.state, b.by_hand from {schema}.breaker b where b.name = ? for update

-- :open_breaker
select {schema}.open_breaker(?, 0, true, null)

-- :close_breaker
select {schema}.close_breaker(?)

-- :count_calls
select {schema}.count_calls(?, ?, ?, ?, ?, ?, ?)

-- :reserve_probe
select {schema}.reserve_probe(?, ?, ?)

-- :begin_probe
select {schema}.begin_probe(?, ?, ?, ?)

-- :drop_probe
select {schema}.drop_probe(?, ?)

-- :end_probes
select {schema}.end_probes(?, ?, ?, ?, ?, ?, ?)

-- :why_breakers
select b.name, b.by_hand, b.since, b.until, b.error, b.probe_job is not null and b.probe_until > {schema}.now_micros()
  from {schema}.breaker b
  join {schema}.breaker_kind k on k.breaker = b.id
  join {schema}.kind n on n.id = k.kind
 where n.name = ? and b.state = 1
 order by b.name
