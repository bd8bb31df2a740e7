-- What the jobs that go to an endpoint depend on beside its host. {schema} is the schema's name.
-- needs 1: former servers put endpoints without it, and as long as one of them runs, its word of what kinds depend on may
-- be the last one.

alter table {schema}.endpoint add column depends_on text[] not null default '{}';
