-- Unique jobs. {schema} is the schema's name.

-- :add_unique
-- No rows when the smallest id, given last, is void.
select job, how, queue, priority, start_by, due
  from {schema}.add_unique(?, ?, ?, ?, ?::text[], ?::text[], ?, ?::text[], ?, ?, ?::text[], ?, ?, ?, ?, ?)

-- :prune_unique
select {schema}.prune_unique(?)
