-- What the code says of breakers and of the alarms of kinds, beside what holds. {schema} is the schema's name.
-- needs 1: former programs write what they say at each of their starts, as they did.

-- What the program that started last said: only where the next one says something else is it written over what somebody
-- set at run time. Null where no code said anything.
alter table {schema}.breaker add column said text;
alter table {schema}.failure_alarm add column said text;
