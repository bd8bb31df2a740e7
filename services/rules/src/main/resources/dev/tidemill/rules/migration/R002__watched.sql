-- What others have to know of a rule's code: when a process that has it last said so, how long its changes gather, and whether
-- it works outside the database.
-- needs 1: programs that do not know these columns leave them as they are.

alter table {schema}.rule
    add column served timestamptz,
    add column gather_ms bigint not null default 0,
    add column outside boolean not null default false;
