-- What the sandbox's sender and gateway remember. They stand for other companies' systems, so their keys are
-- what those are handed, our own code reads none of this, and every call commits by itself.

CREATE TABLE sandbox_message (
  message_id  text PRIMARY KEY,
  partner_id  bigint NOT NULL,
  bill_id     text NOT NULL,
  kind        text NOT NULL,
  sealed      bytea NOT NULL,            -- to, text and buttons
  state       text NOT NULL CHECK (state IN ('ARRIVED', 'REFUSED', 'LOST')),
  tries       integer NOT NULL DEFAULT 1,
  at          timestamptz NOT NULL
);
CREATE INDEX sandbox_message_of_bill ON sandbox_message (partner_id, bill_id);

CREATE TABLE sandbox_payment (
  order_id    text PRIMARY KEY,
  amount_won  bigint NOT NULL,
  state       text NOT NULL CHECK (state IN ('CHARGED', 'CHARGED_LATE', 'DECLINED')),
  closes_at   timestamptz NOT NULL,      -- the end of the confirm window, business time
  approval    jsonb,
  code        text,
  reason      text,
  CHECK ((state = 'DECLINED') = (approval IS NULL)),
  CHECK ((state = 'DECLINED') = (code IS NOT NULL AND reason IS NOT NULL))
);

CREATE TABLE sandbox_refund (
  refund_id      text PRIMARY KEY,
  order_id       text NOT NULL,
  refund_number  text,
  refunded_at    timestamptz,
  refusal_kind   text,
  refusal        text,
  CHECK ((refund_number IS NULL) = (refusal_kind IS NOT NULL))
);
CREATE UNIQUE INDEX sandbox_refund_once ON sandbox_refund (order_id) WHERE refund_number IS NOT NULL;

-- What to do at the next call about a message id or an order id; a line acts once.
CREATE TABLE sandbox_script (
  subject  text PRIMARY KEY,
  outcome  text NOT NULL CHECK (outcome IN (
             'MESSAGE_REFUSED', 'MESSAGE_UNKNOWN_SENT', 'MESSAGE_UNKNOWN_NEVER_HAD',
             'REFUND_REFUSED_CARD', 'REFUND_MAINTENANCE', 'REFUND_UNKNOWN_DONE', 'REFUND_UNKNOWN_NOT_DONE'))
);
