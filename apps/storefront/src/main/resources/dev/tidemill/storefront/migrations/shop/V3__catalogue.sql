-- Where things stand: a tree. place: the order among those with the same parent.
CREATE TABLE shop.category (
    slug   text PRIMARY KEY CHECK (slug ~ '^[a-z][a-z-]{0,39}$'),
    parent text REFERENCES shop.category,
    place  smallint NOT NULL,
    name   text     NOT NULL,
    blurb  text     NOT NULL,
    CHECK (parent <> slug)
);
CREATE INDEX category_parent ON shop.category (parent, place);

-- What the shop sells. The words of the search are kept with the row: whoever writes it, they are those of the row.
CREATE TABLE shop.product (
    sku      text PRIMARY KEY CHECK (sku ~ '^[a-z][a-z0-9-]{0,39}$'),
    category text     NOT NULL REFERENCES shop.category,
    place    smallint NOT NULL,
    name     text     NOT NULL,
    blurb    text     NOT NULL,
    details  text     NOT NULL,
    words    tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', blurb || ' ' || details), 'B')
    ) STORED
);
CREATE INDEX product_category ON shop.product (category, place);
CREATE INDEX product_words ON shop.product USING gin (words);

-- Apart from the product, since prices change far more often. usual_cents: what it costs when it is not reduced.
CREATE TABLE shop.price (
    sku         text PRIMARY KEY REFERENCES shop.product ON DELETE CASCADE,
    cents       bigint      NOT NULL CHECK (cents > 0),
    usual_cents bigint      NOT NULL CHECK (usual_cents >= cents),
    changed_at  timestamptz NOT NULL DEFAULT now()
);

INSERT INTO shop.category (slug, parent, place, name, blurb) VALUES
    ('mornings', NULL, 1, 'Slow mornings', 'For the hour before anybody needs you.'),
    ('desks', NULL, 2, 'Late desks', 'For whatever keeps you up.'),
    ('on-the-way', NULL, 3, 'On the way', 'For everything in between.'),
    ('cups', 'mornings', 1, 'Cups', 'To hold with both hands.'),
    ('kettles', 'mornings', 2, 'Kettles', 'Water, soon.'),
    ('light', 'desks', 1, 'Light', 'Enough to read by.'),
    ('paper', 'desks', 2, 'Paper', 'For thoughts that want to stay.'),
    ('bags', 'on-the-way', 1, 'Bags', 'To carry the rest.');

INSERT INTO shop.product (sku, category, place, name, blurb, details) VALUES
    ('tide-mug', 'cups', 1, 'Tide mug', 'Stoneware, glazed by hand. Holds a long morning.',
     'Thrown in one piece and fired twice. Holds 0.35 litres of coffee or tea, keeps them warm for longer than you would think, and goes into the dishwasher.'),
    ('harbour-lamp', 'light', 1, 'Harbour lamp', 'Warm light for a desk that stays up late.',
     'A shade of spun steel on an ash foot. The light can be dimmed down to that of a candle. The bulb comes with it, and can be replaced.'),
    ('field-notebook', 'paper', 1, 'Field notebook', '192 dotted pages that lie flat.',
     'Sewn, not glued, in covers of grey board. The paper takes fountain pens, and the corners are round because pockets are not.'),
    ('canvas-tote', 'bags', 1, 'Canvas tote', 'Heavy cotton, long handles, one honest pocket.',
     'Carries a week of bread and books. The canvas is not dyed but for the wave, and becomes softer each time it is washed.'),
    ('beeswax-candle', 'light', 2, 'Beeswax candle', 'Forty quiet hours. Smells faintly of honey.',
     'Poured from pure wax in small batches, around a cotton wick. It burns without a drip when it is out of the draught.'),
    ('enamel-kettle', 'kettles', 1, 'Enamel kettle', 'Two litres, any stove, a whistle you can bear.',
     'Steel under two coats of enamel, a handle that stays cool, and a spout that pours coffee as well as it fills a teapot.');

INSERT INTO shop.price (sku, cents, usual_cents) VALUES
    ('tide-mug', 1850, 1850), ('harbour-lamp', 6400, 6400), ('field-notebook', 1290, 1290),
    ('canvas-tote', 2400, 2400), ('beeswax-candle', 1600, 1600), ('enamel-kettle', 4950, 4950);

-- What is in a cart is on offer.
ALTER TABLE shop.cart_line ADD FOREIGN KEY (sku) REFERENCES shop.product;
