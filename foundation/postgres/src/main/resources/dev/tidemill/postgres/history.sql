-- Retention. {schema} is the schema's name as an identifier, {name} bare.

-- :begin_copy
-- What looks at the floor in one statement and writes in the next holds the floor it saw, until it commits.
select {schema}.now_micros(), pg_advisory_xact_lock_shared(hashtextextended('{name}.floor', f.id))
  from {schema}.job_floor f
 where f.id <= ?

-- :keep_history
update {schema}.history_setting set value = ? where name = 'age'

-- :keep_kind
insert into {schema}.keep_rule (kind, completed, failed, age) values (?, ?, ?, ?)
    on conflict (kind) do update set completed = excluded.completed, failed = excluded.failed, age = excluded.age

-- :history_before
-- What holds, and what the code said last. Starts take turns at this row.
select s.value::text, coalesce(w.words, '')
  from {schema}.history_setting s
  left join {schema}.history_word w on w.subject = ?
 where s.name = 'age'
   for update of s

-- :kind_before
select coalesce(r.completed || ' ' || r.failed || ' ' || r.age, ''), coalesce(w.words, '')
  from (select) one
  left join {schema}.keep_rule r on r.kind = ?
  left join {schema}.history_word w on w.subject = ?

-- :say_history
insert into {schema}.history_word (subject, words) values (?, ?)
    on conflict (subject) do update set words = excluded.words

-- :keep_rules
-- How long history stays, and in each row what a kind asks for beyond that, if any does.
select s.value, k.name, r.completed, r.failed, r.age
  from {schema}.history_setting s
  left join ({schema}.keep_rule r join {schema}.kind k on k.id = r.kind) on true
 where s.name = 'age'
 limit 10000

-- :history_parts
select p.family, p.number, coalesce(p.opened, 0), coalesce(p.left_at, 0), p.step
  from {schema}.part p
 order by p.family, p.number
 limit 1000

-- :advance_history
select p_did, p_part, p_command from {schema}.advance_history()

