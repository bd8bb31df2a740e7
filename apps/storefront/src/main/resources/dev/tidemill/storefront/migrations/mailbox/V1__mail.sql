-- What arrived at the demo's mail server; a message that is delivered again counts up instead of showing twice.
CREATE TABLE mailbox.mail (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id   text        NOT NULL,
    recipient    text        NOT NULL,
    sender       text        NOT NULL,
    subject      text        NOT NULL,
    text_body    text        NOT NULL,
    html_body    text,
    arrived_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    deliveries   integer     NOT NULL DEFAULT 1,
    UNIQUE (message_id, recipient)
);
CREATE INDEX mail_recipient ON mailbox.mail (recipient, id);
