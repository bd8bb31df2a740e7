-- The answers to requests that came with a key of their sender's, for a day.

-- caller: whose key it is. request: the SHA-256 of what was asked. at: microseconds, by the database's clock. A row commits
-- with what it is the answer to, so others never see one without an answer.
create table {schema}.idempotency (
    caller text not null,
    key text not null,
    request bytea not null,
    at bigint not null,
    status integer,
    location text,
    answer bytea,
    primary key (caller, key)
);
create index idempotency_at on {schema}.idempotency (at);
