-- What the code says of how long history stays, beside what holds. {schema} is the schema's name.
-- needs 1: former programs write what holds at each of their starts, as they did.

-- What the program that started last said, of history or of a kind: only where the next one says something else is it
-- written over what somebody set at run time.
create table {schema}.history_word (
    subject text primary key,
    words text not null
);
