-- The statements of what handlers report, one an operation. {schema} is the schema's name.

-- :complete_all
select {schema}.complete_all(?, ?, ?, ?, ?, ?, ?)

-- :probe_completion
-- Waits for a transaction that has written the same attempt and is open. It is always rolled back.
insert into {schema}.attempt (lease, job, started, took, late, epoch, attempt, outcome)
values (?, ?, 0, 0, 0, ?, 0, 0)
    on conflict do nothing
