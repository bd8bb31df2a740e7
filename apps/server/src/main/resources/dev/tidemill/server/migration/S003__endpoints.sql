-- Where jobs are sent, signed. Times are microseconds of the database's clock. Secrets are kept as they are: a signature
-- needs them, and who reads these tables reads the jobs too. No route, page or log shows them after they were made.

create table {schema}.endpoint (
    name text primary key,
    url text not null,
    queues text[] not null,
    -- Names and values in turns.
    headers text[] not null,
    timeout_ms bigint not null,
    concurrency integer not null,
    on_demand boolean not null,
    paused_at bigint,
    paused_by text,
    paused_reason text,
    -- Since when it has said that it is gone for good.
    gone_at bigint,
    created_at bigint not null,
    changed_at bigint not null
);

-- A kind is sent to one endpoint.
create table {schema}.endpoint_kind (
    kind text primary key,
    endpoint text not null references {schema}.endpoint on delete cascade
);
create index endpoint_kind_endpoint on {schema}.endpoint_kind (endpoint);

create table {schema}.endpoint_secret (
    id bigint generated always as identity primary key,
    endpoint text not null references {schema}.endpoint on delete cascade,
    secret bytea not null,
    created_at bigint not null,
    -- Until when it signs beside the one that replaced it.
    ends_at bigint
);
create index endpoint_secret_endpoint on {schema}.endpoint_secret (endpoint);

-- Grows with every change, so that servers see cheaply that there was one.
create table {schema}.endpoint_version (
    version bigint not null
);
insert into {schema}.endpoint_version values (1);
