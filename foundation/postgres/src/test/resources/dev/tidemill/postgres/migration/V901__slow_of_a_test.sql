-- Takes one lock, and after a while another.
lock table {schema}.job in access exclusive mode;
select pg_sleep(0.5);
lock table {schema}.lease in access exclusive mode;
