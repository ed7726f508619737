-- How a partner is spoken to. A dated profile pins what integrators measured of the vendor's systems, the other four
-- are switches without a date. The apiKey in callbacks is what the profiles differ by, so the two must agree.
ALTER TABLE partner
  ADD COLUMN profile text NOT NULL DEFAULT 'docs'
    CHECK (profile IN ('docs', 'sandbox-2026-08', 'live-2026-09')),
  ADD COLUMN answer_field text NOT NULL DEFAULT 'message' CHECK (answer_field IN ('message', 'msg', 'both')),
  ADD COLUMN callback_fields text NOT NULL DEFAULT 'all' CHECK (callback_fields IN ('all', 'three')),
  ADD COLUMN callback_spelling text NOT NULL DEFAULT 'camelCase'
    CHECK (callback_spelling IN ('camelCase', 'snake_case')),
  ADD COLUMN date_digits smallint NOT NULL DEFAULT 14 CHECK (date_digits IN (12, 14)),
  ADD CONSTRAINT partner_profile_key CHECK (
    CASE profile WHEN 'live-2026-09' THEN key_in_callback WHEN 'sandbox-2026-08' THEN NOT key_in_callback
                 ELSE true END);

-- Partners that a developer made in a sandbox: their apiKey, to show it again, and what a reset brings them back to.
CREATE TABLE sandbox_partner (
  partner_id      bigint PRIMARY KEY REFERENCES partner,
  api_key_sealed  bytea NOT NULL,
  points          bigint NOT NULL CHECK (points >= 0),
  made            jsonb NOT NULL
);

-- A message may also be refused because the payer has blocked the channel, a refund by a bank.
ALTER TABLE sandbox_message DROP CONSTRAINT sandbox_message_state_check,
  ADD CONSTRAINT sandbox_message_state_check CHECK (state IN ('ARRIVED', 'REFUSED', 'BLOCKED', 'LOST'));
-- A subject is a message id, an order id, `bill:{partner}:{billId}` for its next message, or `partner:{partner}` for
-- all messages from now on: that one stays.
ALTER TABLE sandbox_script DROP CONSTRAINT sandbox_script_outcome_check,
  ADD CONSTRAINT sandbox_script_outcome_check CHECK (outcome IN (
    'MESSAGE_REFUSED', 'MESSAGE_BLOCKED', 'MESSAGE_UNKNOWN_SENT', 'MESSAGE_UNKNOWN_NEVER_HAD',
    'REFUND_REFUSED_CARD', 'REFUND_REFUSED_BANK', 'REFUND_MAINTENANCE', 'REFUND_UNKNOWN_DONE',
    'REFUND_UNKNOWN_NOT_DONE'));

-- What a sandbox's ids are derived from, if somebody wanted the same ones at every run; no row: they are random.
CREATE TABLE sandbox_ids (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  seed      text NOT NULL CHECK (seed <> '')
);
