-- For a test: needs a lock that everybody else would queue behind.
-- needs 1: a test's.

alter table {schema}.lease add column of_a_test integer;
