-- What every shop is made of. Runs in the new tenant's schema, as the tenant's owner role, so no
-- name needs a schema; citext comes from a shared one.

CREATE DOMAIN money_amount AS numeric(12, 2) CHECK (VALUE >= 0);
CREATE TYPE order_status AS ENUM ('open', 'paid', 'shipped', 'cancelled');

CREATE TABLE customer (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    email citext NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE product (
    sku text PRIMARY KEY,
    title text NOT NULL,
    price money_amount NOT NULL,
    stock integer NOT NULL CHECK (stock >= 0)
);

CREATE TABLE orders (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer,
    status order_status NOT NULL DEFAULT 'open',
    placed_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX orders_by_customer ON orders (customer_id);

CREATE TABLE order_line (
    order_id integer NOT NULL REFERENCES orders ON DELETE CASCADE,
    sku text NOT NULL REFERENCES product,
    quantity integer NOT NULL CHECK (quantity > 0),
    price money_amount NOT NULL,
    PRIMARY KEY (order_id, sku)
);

CREATE SEQUENCE invoice_number START 1001;
CREATE TABLE invoice (
    number integer PRIMARY KEY DEFAULT nextval('invoice_number'),
    order_id integer NOT NULL UNIQUE REFERENCES orders,
    total money_amount NOT NULL,
    issued_on date NOT NULL DEFAULT current_date
);

CREATE FUNCTION order_total(of_order integer) RETURNS money_amount
    LANGUAGE sql STABLE
    RETURN (SELECT coalesce(sum(quantity * price), 0) FROM order_line WHERE order_id = of_order);

-- The price is the one of the day, and what is sold leaves the stock.
CREATE FUNCTION sell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE product SET stock = stock - NEW.quantity WHERE sku = NEW.sku
        RETURNING price INTO NEW.price;
    RETURN NEW;
END
$$;
CREATE TRIGGER sell BEFORE INSERT ON order_line FOR EACH ROW EXECUTE FUNCTION sell();

CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER note_change BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_change();

CREATE FUNCTION issue_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO invoice (order_id, total) VALUES (NEW.id, order_total(NEW.id));
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_invoice AFTER UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status = 'open' AND NEW.status = 'paid') EXECUTE FUNCTION issue_invoice();

CREATE FUNCTION place_order(customer_email citext, wanted_sku text, wanted integer) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    placed integer;
BEGIN
    INSERT INTO orders (customer_id) SELECT id FROM customer WHERE email = customer_email
        RETURNING id INTO STRICT placed;
    INSERT INTO order_line (order_id, sku, quantity) VALUES (placed, wanted_sku, wanted);
    RETURN placed;
END
$$;

CREATE VIEW order_overview AS
    SELECT o.id, c.name AS customer, o.status, order_total(o.id) AS total, i.number AS invoice
    FROM orders o JOIN customer c ON c.id = o.customer_id LEFT JOIN invoice i ON i.order_id = o.id;

CREATE VIEW bestseller AS
    SELECT p.title, sum(l.quantity) AS sold, sum(l.quantity * l.price) AS revenue
    FROM order_line l JOIN product p USING (sku) GROUP BY p.title ORDER BY revenue DESC;

INSERT INTO product (sku, title, price, stock) VALUES
    ('ANVIL', 'Anvil, 50 kg', 89.00, 40),
    ('ROCKET', 'Rocket skates', 249.50, 12),
    ('STAPLER', 'Stapler, red', 18.90, 500),
    ('MUG', 'Mug with a logo', 7.25, 1000);
