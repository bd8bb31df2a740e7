-- Schedules whose jobs have a key. {schema} is the schema's name.
-- needs 1: a schedule with a key is of format 2, which former programs leave to the others.

-- What limits and fairness tell its jobs apart by; null for none.
alter table {schema}.schedule add column key text;
