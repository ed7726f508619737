-- Keys begin with the partner, so that the tables can be spread over machines by partner. Three small
-- routing tables (api_key, short_code, gateway_order) lead from what strangers hold to the partner.
-- Money is whole won, points are whole points; every time is business time unless it says otherwise.

CREATE TABLE partner (
  partner_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name              text NOT NULL CHECK (name <> ''),
  status            text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'SUSPENDED')),
  wallet_kind       text NOT NULL CHECK (wallet_kind IN ('PARTNER', 'MERCHANT')),
  message_points    integer NOT NULL DEFAULT 55 CHECK (message_points >= 0),
  key_in_callback   boolean NOT NULL DEFAULT false,
  notices           boolean NOT NULL DEFAULT false,  -- also tell of cancels and destroys
  api_key_sealed    bytea,                           -- kept only for key_in_callback
  sandbox           boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL DEFAULT now(),
  CHECK (key_in_callback = (api_key_sealed IS NOT NULL))
);

-- Routing: apiKey hash -> partner.
CREATE TABLE api_key (
  key_hash    bytea PRIMARY KEY CHECK (octet_length(key_hash) = 32),
  partner_id  bigint NOT NULL REFERENCES partner,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- The newest secret signs for good; the one before it for 24 hours more (valid_until, real time).
CREATE TABLE webhook_secret (
  partner_id     bigint NOT NULL REFERENCES partner,
  secret_no      integer NOT NULL,
  secret_sealed  bytea NOT NULL,
  valid_until    timestamptz,
  PRIMARY KEY (partner_id, secret_no)
);
CREATE UNIQUE INDEX webhook_secret_current ON webhook_secret (partner_id) WHERE valid_until IS NULL;

CREATE TABLE member (
  partner_id   bigint NOT NULL REFERENCES partner,
  member_code  text NOT NULL CHECK (char_length(member_code) BETWEEN 1 AND 60),
  PRIMARY KEY (partner_id, member_code)
);

CREATE TABLE merchant (
  partner_id           bigint NOT NULL REFERENCES partner,
  merchant_code        text NOT NULL CHECK (char_length(merchant_code) BETWEEN 1 AND 60),
  name                 text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
  phone                text,
  owner_name           text,
  registration_number  text,
  address              text,
  PRIMARY KEY (partner_id, merchant_code)
);

CREATE TABLE merchant_member (
  partner_id     bigint NOT NULL,
  merchant_code  text NOT NULL,
  member_code    text NOT NULL,
  PRIMARY KEY (partner_id, merchant_code, member_code),
  FOREIGN KEY (partner_id, merchant_code) REFERENCES merchant,
  FOREIGN KEY (partner_id, member_code) REFERENCES member
);

-- A partner's own wallet has the wallet code '', a merchant's has the merchant's code.
CREATE TABLE wallet (
  partner_id      bigint NOT NULL REFERENCES partner,
  wallet_code     text NOT NULL,
  balance_points  bigint NOT NULL DEFAULT 0 CHECK (balance_points >= 0),
  PRIMARY KEY (partner_id, wallet_code)
) WITH (fillfactor = 50);

CREATE SEQUENCE entry_no_seq AS bigint;
CREATE TABLE ledger (
  partner_id      bigint NOT NULL,
  entry_no        bigint NOT NULL DEFAULT nextval('entry_no_seq'),
  wallet_code     text NOT NULL,
  kind            text NOT NULL,
  delta_points    bigint NOT NULL,
  balance_points  bigint NOT NULL CHECK (balance_points >= 0),
  bill_no         bigint,
  send_number     integer,
  note            text,
  at              timestamptz NOT NULL,
  PRIMARY KEY (partner_id, entry_no),
  CHECK (CASE kind WHEN 'DEBIT' THEN delta_points < 0 WHEN 'RETURN' THEN delta_points > 0
                   WHEN 'CHARGE' THEN delta_points > 0 WHEN 'ADJUST' THEN true ELSE false END),
  CHECK ((kind IN ('DEBIT', 'RETURN')) = (bill_no IS NOT NULL)),
  CHECK ((bill_no IS NULL) = (send_number IS NULL))
);
-- One debit and at most one return for each message of a bill.
CREATE UNIQUE INDEX ledger_once ON ledger (partner_id, bill_no, send_number, kind) WHERE bill_no IS NOT NULL;

-- Numbers are taken in blocks of 1,000, so that a create knows its bill's number before it is written.
CREATE SEQUENCE bill_block_seq AS bigint INCREMENT BY 1000;
CREATE TABLE bill (
  partner_id     bigint NOT NULL,
  bill_no        bigint NOT NULL,
  bill_id        text NOT NULL CHECK (char_length(bill_id) BETWEEN 1 AND 20),
  member_code    text NOT NULL,
  merchant_code  text NOT NULL,
  wallet_code    text NOT NULL,
  send_type      text NOT NULL CHECK (send_type IN ('TALK', 'URL')),
  issuer         text NOT NULL,
  product_name   text NOT NULL,
  price_won      bigint NOT NULL CHECK (price_won BETWEEN 1 AND 9999999999),
  supply_won     bigint CHECK (supply_won BETWEEN 0 AND 9999999999),
  tax_won        bigint CHECK (tax_won BETWEEN 0 AND 9999999999),
  -- Sealed, null once erased. The request's hash is not kept: from it a phone could be guessed in seconds.
  name_sealed    bytea,
  phone_sealed   bytea,
  name_index     bigint,
  phone_index    bigint,
  message        text,
  expires_at     timestamptz NOT NULL,
  callback_url   text NOT NULL,
  redirect_url   text,
  short_code     text NOT NULL,
  state          text NOT NULL DEFAULT 'READY'
                 CHECK (state IN ('READY', 'PAYING', 'PAID', 'CANCELING', 'CANCELED', 'DESTROYED')),
  step           integer NOT NULL DEFAULT 0,
  sends          integer NOT NULL,
  created_at     timestamptz NOT NULL,
  PRIMARY KEY (partner_id, bill_no),
  UNIQUE (partner_id, bill_id),
  CHECK (supply_won + tax_won = price_won),
  CHECK (sends >= CASE send_type WHEN 'TALK' THEN 1 ELSE 0 END),
  CHECK (send_type = 'TALK' OR sends = 0)
) WITH (fillfactor = 90);
CREATE INDEX bill_phone ON bill (partner_id, phone_index) WHERE phone_index IS NOT NULL;
CREATE INDEX bill_name ON bill (partner_id, name_index) WHERE name_index IS NOT NULL;

-- Routing: short code -> bill.
CREATE TABLE short_code (
  code        text PRIMARY KEY CHECK (char_length(code) = 22),
  partner_id  bigint NOT NULL,
  bill_no     bigint NOT NULL
);

-- Step 0 is the bill's creation; every later step is one legal transition.
CREATE TABLE bill_history (
  partner_id  bigint NOT NULL,
  bill_no     bigint NOT NULL,
  step        integer NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (partner_id, bill_no, step),
  CHECK (CASE WHEN step = 0 THEN from_state IS NULL AND to_state = 'READY'
              ELSE coalesce((from_state, to_state) IN (
                ('READY', 'PAYING'), ('READY', 'DESTROYED'), ('PAYING', 'READY'), ('PAYING', 'PAID'),
                ('PAID', 'CANCELING'), ('CANCELING', 'PAID'), ('CANCELING', 'CANCELED')), false) END)
);

CREATE SEQUENCE attempt_no_seq AS bigint;
CREATE TABLE attempt (
  partner_id       bigint NOT NULL,
  attempt_no       bigint NOT NULL DEFAULT nextval('attempt_no_seq'),
  bill_no          bigint NOT NULL,
  order_id         text NOT NULL,
  amount_won       bigint NOT NULL,
  state            text NOT NULL DEFAULT 'CONFIRMING',
  step             integer NOT NULL DEFAULT 0,
  began_at         timestamptz NOT NULL,
  confirm_until    timestamptz NOT NULL,
  settled_at       timestamptz,
  failure_code     text,
  failure          text,
  approval         jsonb,
  ask_at           timestamptz,          -- when the gateway is asked next
  leased_until     timestamptz,          -- the database's own clock: somebody is at it until then
  fence            bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (partner_id, attempt_no),
  FOREIGN KEY (partner_id, bill_no) REFERENCES bill (partner_id, bill_no),
  CHECK (state IN ('CONFIRMING', 'UNKNOWN', 'APPROVED', 'FAILED', 'REFUNDED', 'LATE_CHARGED', 'LATE_REFUNDED')),
  CHECK ((approval IS NOT NULL) = (state IN ('APPROVED', 'REFUNDED', 'LATE_CHARGED', 'LATE_REFUNDED'))),
  CHECK (state NOT IN ('CONFIRMING', 'UNKNOWN') OR ask_at IS NOT NULL)
);
CREATE UNIQUE INDEX attempt_one_live ON attempt (partner_id, bill_no)
  WHERE state IN ('CONFIRMING', 'UNKNOWN', 'APPROVED');
CREATE INDEX attempt_of_bill ON attempt (partner_id, bill_no, attempt_no);
CREATE INDEX attempt_to_ask ON attempt (ask_at) WHERE ask_at IS NOT NULL;

-- Routing: the gateway's order id -> attempt.
CREATE TABLE gateway_order (
  order_id    text PRIMARY KEY,
  partner_id  bigint NOT NULL,
  attempt_no  bigint NOT NULL
);

CREATE TABLE attempt_history (
  partner_id  bigint NOT NULL,
  attempt_no  bigint NOT NULL,
  step        integer NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  at          timestamptz NOT NULL,
  PRIMARY KEY (partner_id, attempt_no, step),
  FOREIGN KEY (partner_id, attempt_no) REFERENCES attempt,
  CHECK (CASE WHEN step = 0 THEN from_state IS NULL AND to_state = 'CONFIRMING'
              ELSE coalesce((from_state, to_state) IN (
                ('CONFIRMING', 'APPROVED'), ('CONFIRMING', 'FAILED'), ('CONFIRMING', 'UNKNOWN'),
                ('UNKNOWN', 'APPROVED'), ('UNKNOWN', 'FAILED'), ('APPROVED', 'REFUNDED'),
                ('FAILED', 'LATE_CHARGED'), ('LATE_CHARGED', 'LATE_REFUNDED')), false) END)
);

-- A CANCEL was asked for by the partner; a LATE one gives back a charge that came after its attempt failed.
CREATE SEQUENCE refund_no_seq AS bigint;
CREATE TABLE refund (
  partner_id     bigint NOT NULL,
  refund_no      bigint NOT NULL DEFAULT nextval('refund_no_seq'),
  refund_id      text NOT NULL,          -- the gateway's idempotency key
  bill_no        bigint NOT NULL,
  attempt_no     bigint NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('CANCEL', 'LATE')),
  state          text NOT NULL DEFAULT 'UNDECIDED' CHECK (state IN ('UNDECIDED', 'DONE', 'REFUSED')),
  reason         text NOT NULL,
  began_at       timestamptz NOT NULL,
  settled_at     timestamptz,
  refund_number  text,
  refunded_at    timestamptz,
  refusal_kind   text CHECK (refusal_kind IN ('CARD', 'BANK', 'MAINTENANCE')),
  refusal        text,
  ask_at         timestamptz,
  leased_until   timestamptz,            -- the database's own clock
  fence          bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (partner_id, refund_no),
  FOREIGN KEY (partner_id, attempt_no) REFERENCES attempt,
  CHECK ((state = 'DONE') = (refund_number IS NOT NULL)),
  CHECK ((state = 'DONE') = (refunded_at IS NOT NULL)),
  CHECK ((state = 'REFUSED') = (refusal_kind IS NOT NULL)),
  CHECK ((state = 'UNDECIDED') = (ask_at IS NOT NULL))
);
CREATE UNIQUE INDEX refund_one_live ON refund (partner_id, attempt_no) WHERE state IN ('UNDECIDED', 'DONE');
CREATE INDEX refund_of_bill ON refund (partner_id, bill_no);
CREATE INDEX refund_to_ask ON refund (ask_at) WHERE ask_at IS NOT NULL;

-- A message to send; its text is rendered from the bill when it goes out, so nothing personal lies here.
CREATE SEQUENCE message_no_seq AS bigint;
CREATE TABLE message (
  partner_id    bigint NOT NULL,
  message_no    bigint NOT NULL DEFAULT nextval('message_no_seq'),
  bill_no       bigint NOT NULL,
  send_number   integer NOT NULL CHECK (send_number >= 1),
  cost_points   integer NOT NULL CHECK (cost_points >= 0),
  state         text NOT NULL DEFAULT 'QUEUED'
                CHECK (state IN ('QUEUED', 'SENDING', 'SENT', 'FAILED', 'UNKNOWN', 'WITHDRAWN')),
  created_at    timestamptz NOT NULL,
  due_at        timestamptz,             -- when something is to be done about it: send it, or ask
  leased_until  timestamptz,             -- the database's own clock
  fence         bigint NOT NULL DEFAULT 0,
  handed_at     timestamptz,             -- when a sender was last given it
  settled_at    timestamptz,
  reference     text,
  failure_code  text,
  failure       text,
  PRIMARY KEY (partner_id, message_no),
  CHECK ((state IN ('QUEUED', 'SENDING', 'UNKNOWN')) = (due_at IS NOT NULL)),
  CHECK ((state = 'SENDING') = (leased_until IS NOT NULL) OR state = 'UNKNOWN')
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX message_of_bill ON message (partner_id, bill_no, send_number);
CREATE INDEX message_due ON message (due_at) WHERE due_at IS NOT NULL;

CREATE SEQUENCE callback_no_seq AS bigint;
CREATE TABLE callback (
  partner_id    bigint NOT NULL,
  callback_no   bigint NOT NULL DEFAULT nextval('callback_no_seq'),
  bill_no       bigint NOT NULL,
  attempt_no    bigint,                  -- the approval or the refund it tells of; none for a destroy
  kind          text NOT NULL CHECK (kind IN ('APPROVED', 'CANCELED', 'DESTROYED')),
  url           text NOT NULL,
  receiver      text NOT NULL,           -- scheme, host and port of the url: what is slow or dead together
  state         text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'DELIVERED', 'EXHAUSTED')),
  began_at      timestamptz NOT NULL,    -- what the retry schedule counts from
  due_at        timestamptz,
  leased_until  timestamptz,             -- the database's own clock
  fence         bigint NOT NULL DEFAULT 0,
  tries         integer NOT NULL DEFAULT 0,
  again         boolean NOT NULL DEFAULT false,  -- asked for by hand while a try was under way
  settled_at    timestamptz,
  PRIMARY KEY (partner_id, callback_no),
  FOREIGN KEY (partner_id, bill_no) REFERENCES bill (partner_id, bill_no),
  CHECK ((state = 'PENDING') = (due_at IS NOT NULL)),
  CHECK ((kind = 'DESTROYED') = (attempt_no IS NULL))
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX callback_once ON callback (partner_id, bill_no, kind, coalesce(attempt_no, 0));
CREATE INDEX callback_due ON callback (receiver, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE callback_attempt (
  partner_id   bigint NOT NULL,
  callback_no  bigint NOT NULL,
  try_number   integer NOT NULL,
  at           timestamptz NOT NULL,
  status       integer,                  -- the HTTP status, if one came
  answer       bytea NOT NULL DEFAULT '' CHECK (octet_length(answer) <= 1024),
  duration_ms  integer NOT NULL,
  reason       text,                     -- why it did not count; null when it did
  PRIMARY KEY (partner_id, callback_no, try_number),
  FOREIGN KEY (partner_id, callback_no) REFERENCES callback
);

-- A remembered answer: a code and what it was about, never a body.
CREATE TABLE idempotency (
  partner_id       bigint NOT NULL,
  operation        text NOT NULL,
  idempotency_key  text NOT NULL,
  request_digest   bytea NOT NULL CHECK (octet_length(request_digest) = 32),
  code             text NOT NULL,        -- '' while its verb is at work; never committed so
  bill_no          bigint,
  refund_no        bigint,
  at               timestamptz NOT NULL,
  PRIMARY KEY (partner_id, operation, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency (at);

CREATE TABLE clock (
  only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  offset_seconds  double precision NOT NULL DEFAULT 0
);
INSERT INTO clock DEFAULT VALUES;

-- Who works on this database now; seen_at is the database's own clock.
CREATE TABLE worker (
  worker_id   text PRIMARY KEY,
  started_at  timestamptz NOT NULL DEFAULT now(),
  seen_at     timestamptz NOT NULL DEFAULT now()
);
