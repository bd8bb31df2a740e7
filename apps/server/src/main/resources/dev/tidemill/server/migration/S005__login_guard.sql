-- Tries that come too early leave nothing behind. {schema} is the schema's name.
-- needs 1: the function is called as before, and answers as it did.

-- As before, it counts a try against all its subjects before the password is looked at, and returns how long it has to
-- wait, in microseconds, having counted nothing then. It used to make the rows of subjects that it had not met before it
-- looked, so that whoever went on with ever new names while they were to wait filled the table, at no cost to them.
--
-- Most who are too early are found without a lock. Among those who pass that look together the rows' locks decide, taken in
-- the order given, the same for everybody; whoever is too early by then takes back the rows that it made.
--
-- Every try that is let through takes failures of more than two days ago along, also one that fails, so that there are
-- never more rows than two days of such tries made. It waits for nobody there.
create or replace function {schema}.try_login(p_subjects bytea[], p_free integer[], p_longest bigint[]) returns bigint
language plpgsql
as $$
declare
    at bigint := {schema}.now_micros();
    day constant bigint := 86400000000;
    wait bigint;
    free bigint;
    made bytea[];
begin
    select coalesce(max(g.free_at) - at, 0) into wait from {schema}.login_guard g where g.subject = any (p_subjects);
    if wait > 0 then
        return wait;
    end if;
    wait := 0;
    with new_ones as (
        insert into {schema}.login_guard (subject, failures, last_at, free_at)
        select s.subject, 0, at, 0 from unnest(p_subjects) with ordinality s (subject, n) order by s.n
        on conflict (subject) do nothing
        returning subject)
    select array_agg(n.subject) into made from new_ones n;
    for i in 1 .. cardinality(p_subjects) loop
        select g.free_at into free from {schema}.login_guard g where g.subject = p_subjects[i] for update;
        wait := greatest(wait, free - at);
    end loop;
    if wait > 0 then
        delete from {schema}.login_guard g where g.subject = any (made);
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
    delete from {schema}.login_guard g
     where g.subject in (select o.subject from {schema}.login_guard o
                          where o.last_at < at - 2 * day
                          order by o.last_at
                          limit 500
                            for update skip locked);
    return 0;
end $$;
