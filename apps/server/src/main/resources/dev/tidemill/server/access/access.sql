-- Users, sessions, keys and log-ins. {schema} is the schema's name. Changes stand in the engine's audit trail, in the
-- transaction of the change.

-- :note
select {schema}.note_change(?, ?, ?, ?)

-- :lock_accounts
-- What depends on how many administrators there are takes turns.
lock table {schema}.account in share row exclusive mode

-- :users
select a.id, a.name, a.role, a.disabled, a.created_at, a.password_at, a.login_at
  from {schema}.account a
 where a.name > ?
 order by a.name
 limit ?

-- :user
select a.id, a.name, a.role, a.disabled, a.created_at, a.password_at, a.login_at
  from {schema}.account a
 where a.name = ?

-- :any_user
select true from {schema}.account limit 1

-- :add_user
insert into {schema}.account (name, password, role, created_at, password_at)
values (?, ?, ?, {schema}.now_micros(), {schema}.now_micros())

-- :other_admins
select a.name from {schema}.account a where a.role = 'ADMIN' and not a.disabled and a.name <> ? limit 1

-- :set_password
update {schema}.account set password = ?, password_at = {schema}.now_micros() where name = ?

-- :rehash
update {schema}.account set password = ? where name = ? and password = ?

-- :set_role
update {schema}.account set role = ? where name = ? and role <> ?

-- :set_disabled
update {schema}.account set disabled = ? where name = ? and disabled <> ?

-- :remove_user
delete from {schema}.account where name = ?

-- :end_sessions_of
delete from {schema}.account_session s using {schema}.account a where a.id = s.account and a.name = ?

-- :open_session
insert into {schema}.account_session (secret, account, token, created_at, seen_at)
values (?, ?, ?, {schema}.now_micros(), {schema}.now_micros())

-- :session
-- Whose session this is, if it holds: used within the idle time, not older than the absolute time. Noting that it was
-- used is worth a write a minute, and none at all for what a page asks by itself.
with found as (
    select s.secret, s.account, s.token, s.seen_at, {schema}.now_micros() as at
      from {schema}.account_session s
     where s.secret = ?
), seen as (
    update {schema}.account_session s set seen_at = f.at
      from found f
     where s.secret = f.secret and f.seen_at < f.at - 60000000 and f.seen_at >= f.at - ? and ?
)
select a.name, a.role, f.token
  from found f
  join {schema}.account_session s on s.secret = f.secret
  left join {schema}.account a on a.id = f.account
 where f.seen_at >= f.at - ? and s.created_at >= f.at - ? and (a.id is null or not a.disabled)

-- :end_session
delete from {schema}.account_session s where s.secret = ?
returning (select a.name from {schema}.account a where a.id = s.account)

-- :tidy_sessions
delete from {schema}.account_session
 where secret in (select s.secret from {schema}.account_session s
                   where s.seen_at < {schema}.now_micros() - ? order by s.seen_at limit 500)

-- :keys
select k.id, k.name, k.scopes, k.created_at, k.created_by, k.ends_at, k.used_at, k.revoked_at,
       coalesce(k.ends_at <= {schema}.now_micros(), false) as expired
  from {schema}.api_key k
 where k.id < ?
 order by k.id desc
 limit ?

-- :living_key
select k.id, k.name, k.scopes, k.created_at, k.created_by, k.ends_at, k.used_at, k.revoked_at,
       coalesce(k.ends_at <= {schema}.now_micros(), false) as expired
  from {schema}.api_key k
 where k.name = ? and k.revoked_at is null

-- :create_key
insert into {schema}.api_key (name, secret, scopes, created_at, created_by, ends_at)
values (?, ?, ?, {schema}.now_micros(), ?, {schema}.now_micros() + ?::bigint)

-- :revoke_key
update {schema}.api_key set revoked_at = {schema}.now_micros() where name = ? and revoked_at is null

-- :tidy_keys
-- Revoked keys are shown for thirty days.
delete from {schema}.api_key where revoked_at < {schema}.now_micros() - 2592000000000

-- :key
-- Whose key this is, if it holds. When it was used last is worth a write a minute.
with found as (
    select k.id, k.name, k.scopes, k.used_at, {schema}.now_micros() as at
      from {schema}.api_key k
     where k.secret = ? and k.revoked_at is null and (k.ends_at is null or k.ends_at > {schema}.now_micros())
), used as (
    update {schema}.api_key k set used_at = f.at
      from found f
     where k.id = f.id and (f.used_at is null or f.used_at < f.at - 60000000)
)
select f.name, f.scopes from found f

-- :offer_setup
insert into {schema}.setup_link (secret, ends_at)
select ?, {schema}.now_micros() + ? where not exists (select from {schema}.account)

-- :setup_holds
select true from {schema}.setup_link s
 where s.secret = ? and s.ends_at > {schema}.now_micros() and not exists (select from {schema}.account)

-- :end_setup
delete from {schema}.setup_link

-- :account_of
select a.id, a.password, a.disabled from {schema}.account a where a.name = ?

-- :knows_address
select true from {schema}.known_address k
  join {schema}.account a on a.id = k.account
 where a.name = ? and k.address = ? and k.seen_at > {schema}.now_micros() - 2592000000000

-- :know_address
insert into {schema}.known_address (account, address, seen_at) values (?, ?, {schema}.now_micros())
on conflict (account, address) do update set seen_at = excluded.seen_at

-- :forget_addresses
-- Twenty a user, and a month.
delete from {schema}.known_address k
 where k.account = ?
   and (k.seen_at <= {schema}.now_micros() - 2592000000000
        or k.address not in (select o.address from {schema}.known_address o
                              where o.account = k.account order by o.seen_at desc limit 20))

-- :try_login
select {schema}.try_login(?, ?, ?)

-- :failures
select g.failures from {schema}.login_guard g where g.subject = ?

-- :logged_in
update {schema}.account set login_at = {schema}.now_micros() where id = ?

-- :forgive
-- The try that succeeded was counted as a failure before; what failed before it is forgiven only where nobody but this
-- user at this address can have failed.
update {schema}.login_guard set failures = greatest(failures - 1, 0), free_at = 0 where subject = any (?)

-- :forget_failures
delete from {schema}.login_guard where subject = ?
