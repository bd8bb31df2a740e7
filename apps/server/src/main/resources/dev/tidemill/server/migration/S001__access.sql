-- Who may use the server: users, their sessions, API keys, the link that makes the first user, and what slows guessing
-- down. Times are microseconds of the database's clock. Of every secret but a password only the SHA-256 is kept: they
-- have 256 random bits, so nothing slower would add anything.

create table {schema}.account (
    id bigint generated always as identity primary key,
    name text not null unique,
    -- With its algorithm, cost and salt in it.
    password text not null,
    role text not null check (role in ('VIEWER', 'OPERATOR', 'ADMIN')),
    disabled boolean not null default false,
    created_at bigint not null,
    password_at bigint not null,
    login_at bigint
);

-- A browser that is logged in: as a user, or with the token that the server was started with, which is named by a
-- digest of its digest, so that another token ends its sessions.
create table {schema}.account_session (
    secret bytea primary key,
    account bigint references {schema}.account on delete cascade,
    token bytea,
    created_at bigint not null,
    seen_at bigint not null,
    check ((account is null) <> (token is null))
);
create index account_session_account on {schema}.account_session (account);
create index account_session_seen on {schema}.account_session (seen_at);

create table {schema}.api_key (
    id bigint generated always as identity primary key,
    name text not null,
    secret bytea not null unique,
    scopes text[] not null,
    created_at bigint not null,
    created_by text not null,
    ends_at bigint,
    used_at bigint,
    revoked_at bigint
);
create unique index api_key_name on {schema}.api_key (name) where revoked_at is null;

-- While there are no users: whoever has one of these becomes the first.
create table {schema}.setup_link (
    secret bytea primary key,
    ends_at bigint not null
);

-- Log-ins that failed, by what they have in common: an address, a user, both.
create table {schema}.login_guard (
    subject bytea primary key,
    failures integer not null,
    last_at bigint not null,
    free_at bigint not null
);
create index login_guard_last on {schema}.login_guard (last_at);

-- From where a user logged in before: whoever tries a user's passwords from elsewhere does not slow those down.
create table {schema}.known_address (
    account bigint not null references {schema}.account on delete cascade,
    address bytea not null,
    seen_at bigint not null,
    primary key (account, address)
);

-- Counts a try against all its subjects before the password is looked at, so that a hundred tries at the same moment
-- count as a hundred. Returns how long it has to wait, in microseconds, and has counted nothing then; else 0. After
-- p_free failures of a subject the next try has to wait a second, then two, four, and so on up to p_longest. Subjects
-- without a failure for a day start anew. Rows are locked in the order given, the same for everybody.
create function {schema}.try_login(p_subjects bytea[], p_free integer[], p_longest bigint[]) returns bigint
language plpgsql
as $$
declare
    at bigint := {schema}.now_micros();
    day constant bigint := 86400000000;
    wait bigint := 0;
    free bigint;
begin
    insert into {schema}.login_guard (subject, failures, last_at, free_at)
    select s.subject, 0, at, 0 from unnest(p_subjects) with ordinality s (subject, n) order by s.n
    on conflict (subject) do nothing;
    for i in 1 .. cardinality(p_subjects) loop
        select g.free_at into free from {schema}.login_guard g where g.subject = p_subjects[i] for update;
        wait := greatest(wait, free - at);
    end loop;
    if wait > 0 then
        return wait;
    end if;
    for i in 1 .. cardinality(p_subjects) loop
        update {schema}.login_guard g
           set failures = f.failures,
               last_at = at,
               free_at = case when f.failures < p_free[i] then 0
                              else at + least(p_longest[i], 1000000 * 2 ^ least(f.failures - p_free[i], 30))::bigint end
          from (select case when o.last_at < at - day then 1 else o.failures + 1 end as failures
                  from {schema}.login_guard o where o.subject = p_subjects[i]) f
         where g.subject = p_subjects[i];
    end loop;
    return 0;
end $$;
