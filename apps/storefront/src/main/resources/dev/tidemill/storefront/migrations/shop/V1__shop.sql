-- Who buys. An address belongs to one customer, however it is capitalised.
CREATE TABLE shop.customer (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name            text        NOT NULL,
    email           text        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    verified_at     timestamptz,
    welcome_sent_at timestamptz
);
CREATE UNIQUE INDEX customer_email ON shop.customer (lower(email));

-- A one-time code that was asked for. The code itself is never stored, only its keyed hash.
CREATE TABLE shop.challenge (
    id          uuid PRIMARY KEY,
    customer_id uuid        NOT NULL REFERENCES shop.customer ON DELETE CASCADE,
    code_hash   bytea       NOT NULL,
    tries_left  smallint    NOT NULL CHECK (tries_left >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    sent_at     timestamptz,
    used_at     timestamptz
);
CREATE INDEX challenge_customer ON shop.challenge (customer_id, created_at);
CREATE INDEX challenge_expiry ON shop.challenge (expires_at);

-- A browser or an API client, known by the hash of its token; with a customer once signed in.
CREATE TABLE shop.visit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash  bytea       NOT NULL UNIQUE,
    customer_id uuid REFERENCES shop.customer ON DELETE CASCADE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL
);
CREATE INDEX visit_customer ON shop.visit (customer_id);
CREATE INDEX visit_expiry ON shop.visit (expires_at);

CREATE TABLE shop.cart_line (
    visit_id bigint      NOT NULL REFERENCES shop.visit ON DELETE CASCADE,
    sku      text        NOT NULL,
    quantity smallint    NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (visit_id, sku)
);

CREATE TABLE shop.purchase (
    id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number               bigint GENERATED ALWAYS AS IDENTITY (START WITH 1001) UNIQUE,
    customer_id          uuid        NOT NULL REFERENCES shop.customer ON DELETE CASCADE,
    total_cents          bigint      NOT NULL CHECK (total_cents >= 0),
    placed_at            timestamptz NOT NULL DEFAULT now(),
    confirmation_sent_at timestamptz
);
CREATE INDEX purchase_customer ON shop.purchase (customer_id, placed_at);

-- Name and price as they were when the order was placed.
CREATE TABLE shop.purchase_line (
    purchase_id uuid     NOT NULL REFERENCES shop.purchase ON DELETE CASCADE,
    sku         text     NOT NULL,
    name        text     NOT NULL,
    unit_cents  bigint   NOT NULL CHECK (unit_cents >= 0),
    quantity    smallint NOT NULL CHECK (quantity BETWEEN 1 AND 20),
    PRIMARY KEY (purchase_id, sku)
);
