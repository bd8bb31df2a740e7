-- :there
-- The engine's tables may be there without the server's.
select to_regclass('{schema}.endpoint_secret') is not null

-- :plain
-- A sealed one is longer than any that is kept as it is.
select count(*) from {schema}.endpoint_secret where octet_length(secret) <= 64
