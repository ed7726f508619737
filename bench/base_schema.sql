-- The plain version: four tables with the keys that they cannot do without, and one partner. No foreign keys, as
-- Cheonggu's bills have none either; they would slow it down.
CREATE TABLE partner (
  id       bigint PRIMARY KEY,
  api_key  text NOT NULL UNIQUE,
  balance  bigint NOT NULL CHECK (balance >= 0)
) WITH (fillfactor = 50);

CREATE TABLE bill (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner_id    bigint NOT NULL,
  bill_id       text NOT NULL,
  member        text NOT NULL,
  merchant      text NOT NULL,
  send_type     text NOT NULL,
  product_name  text NOT NULL,
  price         bigint NOT NULL,
  member_name   text NOT NULL,
  phone         text NOT NULL,
  message       text,
  hash          text NOT NULL,
  callback_url  text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (partner_id, bill_id)
);

CREATE TABLE ledger (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partner_id     bigint NOT NULL,
  bill           bigint NOT NULL,
  delta          bigint NOT NULL,
  balance_after  bigint NOT NULL
);

CREATE TABLE outbox (
  id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bill  bigint NOT NULL,
  kind  text NOT NULL
);

INSERT INTO partner VALUES (1, 'sandbox-api-key-0123456789abcdef', 1000000000000);
