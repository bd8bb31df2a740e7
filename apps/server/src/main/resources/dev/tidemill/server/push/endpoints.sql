-- Endpoints. {schema} is the schema's name. Changes stand in the engine's audit trail, in the same transaction.

-- :version
select version from {schema}.endpoint_version

-- :changed
-- Also makes changes take turns.
update {schema}.endpoint_version set version = version + 1

-- :endpoints
select e.name, e.url, e.queues, e.headers, e.timeout_ms, e.concurrency, e.on_demand, e.paused_at, e.paused_by,
       e.paused_reason, e.gone_at, e.created_at, e.changed_at,
       array(select k.kind from {schema}.endpoint_kind k where k.endpoint = e.name order by k.kind),
       array(select s.secret from {schema}.endpoint_secret s
              where s.endpoint = e.name and (s.ends_at is null or s.ends_at > {schema}.now_micros())),
       e.depends_on
  from {schema}.endpoint e
 where ?::text is null or e.name = ?
 order by e.name
 limit 1000

-- :secrets
-- Those that sign now, the newest first.
select s.endpoint, s.secret
  from {schema}.endpoint_secret s
 where s.ends_at is null or s.ends_at > {schema}.now_micros()
 order by s.endpoint, s.id desc

-- :put
insert into {schema}.endpoint as e
       (name, url, queues, headers, timeout_ms, concurrency, on_demand, depends_on, created_at, changed_at)
select ?, ?, ?, ?, ?, ?, ?, ?, n.now, n.now from (select {schema}.now_micros() as now) n
    on conflict (name) do update
   set url = excluded.url, queues = excluded.queues, headers = excluded.headers, timeout_ms = excluded.timeout_ms,
       concurrency = excluded.concurrency, on_demand = excluded.on_demand, depends_on = excluded.depends_on,
       changed_at = excluded.changed_at,
       gone_at = null
returning e.created_at = e.changed_at

-- :drop_kinds
delete from {schema}.endpoint_kind where endpoint = ?

-- :put_kinds
insert into {schema}.endpoint_kind (kind, endpoint)
select k, ? from unnest(?::text[]) k
    on conflict do nothing

-- :taken
select k.kind, k.endpoint from {schema}.endpoint_kind k where k.kind = any (?) and k.endpoint <> ?

-- :count
select count(*) from {schema}.endpoint

-- :add_secret
insert into {schema}.endpoint_secret (endpoint, secret, created_at) values (?, ?, {schema}.now_micros())

-- :retire_secrets
-- The newest goes on for a while; those before it had their time.
with retired as (
    delete from {schema}.endpoint_secret s where s.endpoint = ? and s.ends_at is not null)
update {schema}.endpoint_secret s
   set ends_at = {schema}.now_micros() + ?
 where s.endpoint = ? and s.ends_at is null

-- :turn
select version from {schema}.endpoint_version for update

-- :kept_secrets
select id, endpoint, secret from {schema}.endpoint_secret order by id for update

-- :reseal_secret
update {schema}.endpoint_secret set secret = ? where id = ?

-- :kept_headers
select name, headers from {schema}.endpoint where cardinality(headers) > 0 order by name for update

-- :reseal_headers
update {schema}.endpoint set headers = ? where name = ?

-- :delete
delete from {schema}.endpoint where name = ?

-- :pause
update {schema}.endpoint
   set paused_at = {schema}.now_micros(), paused_by = ?, paused_reason = ?, changed_at = {schema}.now_micros()
 where name = ?

-- :resume
update {schema}.endpoint
   set paused_at = null, paused_by = null, paused_reason = null, gone_at = null, changed_at = {schema}.now_micros()
 where name = ?

-- :gone
update {schema}.endpoint
   set gone_at = {schema}.now_micros()
 where name = ? and url = ? and gone_at is null

-- :note_change
insert into {schema}.audit (at, by, action, target, detail) values ({schema}.now_micros(), ?, ?, ?, ?)
