-- Answers by their senders' keys. {schema} is the schema's name.

-- :isolation
-- So that whoever waited for another sees what that one wrote.
set transaction isolation level read committed

-- :patience
select set_config('lock_timeout', '5s', true)

-- :reserve
-- Waits for a transaction that has the key at this moment. One whose day is over counts for nothing.
insert into {schema}.idempotency as i (caller, key, request, at)
values (?, ?, ?, {schema}.now_micros())
    on conflict (caller, key) do update
   set request = excluded.request, at = excluded.at, status = null, location = null, answer = null
 where i.at < {schema}.now_micros() - 86400000000

-- :answered
select i.request, i.status, i.location, i.answer from {schema}.idempotency i where i.caller = ? and i.key = ?

-- :answer
update {schema}.idempotency set status = ?, location = ?, answer = ? where caller = ? and key = ?

-- :tidy
-- Those whose day is over, a few at a time. Never beside a key that is held: two that waited for each other's would fail.
delete from {schema}.idempotency i
 where i.ctid = any (array(
       select o.ctid from {schema}.idempotency o
        where o.at < {schema}.now_micros() - 86400000000
        order by o.at
        limit 200
          for update skip locked))
