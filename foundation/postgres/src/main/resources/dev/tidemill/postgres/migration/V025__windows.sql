-- What a node says of its off-peak windows. {schema} is the schema's name.
-- needs 1: a former program's nodes say nothing, and are taken for always open, as before.

-- As 22:00-06:00 Europe/Berlin; none means always.
alter table {schema}.node add column off_peak text[] not null default '{}';
