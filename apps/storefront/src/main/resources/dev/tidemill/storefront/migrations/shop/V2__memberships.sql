-- The one value that a spelling stands for; null for a word that nobody knows. dev.tidemill.storefront.shop.SubscriptionStatus
-- reads the same spellings, and a test holds the two against each other.
CREATE FUNCTION shop.canonical_status(spelling text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE regexp_replace(lower(spelling COLLATE "C"), '[^a-z]', '', 'g')
    WHEN 'active' THEN 'active'
    WHEN 'activ' THEN 'active'
    WHEN 'activated' THEN 'active'
    WHEN 'pastdue' THEN 'past_due'
    WHEN 'overdue' THEN 'past_due'
    WHEN 'unpaid' THEN 'past_due'
    WHEN 'paused' THEN 'paused'
    WHEN 'pause' THEN 'paused'
    WHEN 'onhold' THEN 'paused'
    WHEN 'canceled' THEN 'canceled'
    WHEN 'cancelled' THEN 'canceled'
    WHEN 'cancel' THEN 'canceled'
    WHEN 'canceld' THEN 'canceled'
    WHEN 'cancled' THEN 'canceled'
END;

-- Which of a customer's subscriptions speaks for the customer: the one of the lowest rank. 5 speaks for nobody.
CREATE FUNCTION shop.status_rank(spelling text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE shop.canonical_status(spelling)
    WHEN 'active' THEN 1
    WHEN 'past_due' THEN 2
    WHEN 'paused' THEN 3
    WHEN 'canceled' THEN 4
    ELSE 5
END;

-- number: what the referral code is computed from. billing_id: the customer's id with the payment provider.
-- first_purchase_id: the flag of the first purchase. It has no foreign key: a purchase that is deleted leaves no second first.
ALTER TABLE shop.customer
    ADD COLUMN number              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN subscription_status text NOT NULL DEFAULT 'none'
        CHECK (subscription_status IN ('none', 'active', 'past_due', 'paused', 'canceled')),
    ADD COLUMN billing_id          text CHECK (billing_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    ADD COLUMN referral_code       text,
    ADD COLUMN referred_by         uuid REFERENCES shop.customer ON DELETE SET NULL,
    ADD COLUMN first_purchase_id   uuid;
CREATE INDEX customer_referred_by ON shop.customer (referred_by) WHERE referred_by IS NOT NULL;

-- Who has no code yet.
CREATE INDEX customer_without_code ON shop.customer (created_at) WHERE referral_code IS NULL;

UPDATE shop.customer c
   SET first_purchase_id = (
       SELECT p.id FROM shop.purchase p WHERE p.customer_id = c.id ORDER BY p.placed_at, p.number LIMIT 1);

-- What somebody pays for regularly. Its status is free text, because others write it too: the payment provider's reports,
-- another service, a person at psql. The process standardizeStatusSpelling sees to the spelling.
CREATE TABLE shop.subscription (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid        NOT NULL REFERENCES shop.customer ON DELETE CASCADE,
    plan        text        NOT NULL,
    status      text        NOT NULL,
    billing_id  text,
    started_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX subscription_customer ON shop.subscription (customer_id, id);
-- Finds the subscription that speaks for a customer, however many there are.
CREATE INDEX subscription_rank ON shop.subscription (customer_id, shop.status_rank(status), id);
-- Finds those whose customer id differs, without a look at the others.
CREATE INDEX subscription_billing ON shop.subscription (customer_id, (coalesce(billing_id, '')));
-- Holds only what is spelled in another way.
CREATE INDEX subscription_misspelled ON shop.subscription (customer_id, id)
    WHERE status NOT IN ('active', 'past_due', 'paused', 'canceled');

CREATE TABLE shop.referral_code (
    code        text PRIMARY KEY,
    customer_id uuid        NOT NULL UNIQUE REFERENCES shop.customer ON DELETE CASCADE,
    made_at     timestamptz NOT NULL DEFAULT now()
);

-- The key of the referral codes, for the life of this database: under one key no two numbers have the same code, under two
-- they might. It hides how many customers there are, and guards nothing else.
CREATE TABLE shop.referral_key (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    value bytea NOT NULL CHECK (length(value) = 32)
);
INSERT INTO shop.referral_key (value)
SELECT sha256(decode(string_agg(replace(gen_random_uuid()::text, '-', ''), ''), 'hex')) FROM generate_series(1, 4);

-- Who was rewarded for whom, once: a friend is in here at most one time. No foreign key to the friend: a reward stays when
-- the friend leaves.
CREATE TABLE shop.reward (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    friend_id   uuid        NOT NULL UNIQUE,
    referrer_id uuid        NOT NULL REFERENCES shop.customer ON DELETE CASCADE,
    purchase_id uuid        NOT NULL,
    friend_name text        NOT NULL,
    tier        text        NOT NULL,
    cents       bigint      NOT NULL CHECK (cents > 0),
    granted_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    mailed_at   timestamptz
);
CREATE INDEX reward_referrer ON shop.reward (referrer_id, granted_at);
