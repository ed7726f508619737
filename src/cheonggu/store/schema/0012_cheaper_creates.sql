-- What a create costs the database, less of it; what is written and what is refused stays as it was.
--
-- PostgreSQL reads the text of a table's checks anew, plans and compiles it in every statement that writes to the
-- table: half of what a lone create cost. A domain's checks are read once in a session. So the rules of the tables
-- that every create writes to are those of a domain over the columns that they are about, and the table's own check
-- is the cast to it: a cast raises a check violation by itself, and what it gives is never NULL.
CREATE TYPE bill_facts AS (
  price_won bigint, supply_won bigint, tax_won bigint, send_type text, sends integer, state text, bill_id text,
  name_sealed bytea, phone_sealed bytea, name_index bigint, phone_index bigint, message text, redirect_url text,
  erased_at timestamptz);
CREATE DOMAIN sound_bill AS bill_facts
  CONSTRAINT bill_price_won CHECK ((VALUE).price_won BETWEEN 1 AND 9999999999)
  CONSTRAINT bill_supply_won CHECK ((VALUE).supply_won BETWEEN 0 AND 9999999999)
  CONSTRAINT bill_tax_won CHECK ((VALUE).tax_won BETWEEN 0 AND 9999999999)
  CONSTRAINT bill_parts CHECK ((VALUE).supply_won + (VALUE).tax_won = (VALUE).price_won)
  CONSTRAINT bill_sends CHECK (
    CASE (VALUE).send_type WHEN 'TALK' THEN (VALUE).sends >= 1 WHEN 'URL' THEN (VALUE).sends = 0 ELSE false END)
  CONSTRAINT bill_state CHECK (
    (VALUE).state IN ('READY', 'PAYING', 'PAID', 'CANCELING', 'CANCELED', 'DESTROYED'))
  CONSTRAINT bill_bill_id CHECK (char_length((VALUE).bill_id) BETWEEN 1 AND 20)
  CONSTRAINT bill_erased_whole CHECK (
    CASE WHEN (VALUE).erased_at IS NULL
         THEN num_nulls((VALUE).name_sealed, (VALUE).phone_sealed, (VALUE).name_index, (VALUE).phone_index) = 0
         ELSE num_nonnulls((VALUE).name_sealed, (VALUE).phone_sealed, (VALUE).name_index, (VALUE).phone_index,
                           (VALUE).message, (VALUE).redirect_url) = 0 END);
ALTER TABLE bill
  DROP CONSTRAINT bill_bill_id_check, DROP CONSTRAINT bill_check, DROP CONSTRAINT bill_erased_whole,
  DROP CONSTRAINT bill_price_won_check, DROP CONSTRAINT bill_sends, DROP CONSTRAINT bill_state_check,
  DROP CONSTRAINT bill_supply_won_check, DROP CONSTRAINT bill_tax_won_check,
  ADD CONSTRAINT bill_sound CHECK (
    ROW(price_won, supply_won, tax_won, send_type, sends, state, bill_id, name_sealed, phone_sealed, name_index,
        phone_index, message, redirect_url, erased_at)::sound_bill IS DISTINCT FROM NULL);

CREATE TYPE message_facts AS (
  send_number integer, cost_points integer, state text, due_at timestamptz, leased_until timestamptz);
CREATE DOMAIN sound_message AS message_facts
  CONSTRAINT message_send_number CHECK ((VALUE).send_number >= 1)
  CONSTRAINT message_cost_points CHECK ((VALUE).cost_points >= 0)
  CONSTRAINT message_times CHECK (
    CASE (VALUE).state
      WHEN 'QUEUED'  THEN (VALUE).due_at IS NOT NULL AND (VALUE).leased_until IS NULL
      WHEN 'SENDING' THEN (VALUE).due_at IS NOT NULL AND (VALUE).leased_until IS NOT NULL
      WHEN 'UNKNOWN' THEN (VALUE).due_at IS NOT NULL
      ELSE (VALUE).state IN ('SENT', 'FAILED', 'WITHDRAWN')
           AND (VALUE).due_at IS NULL AND (VALUE).leased_until IS NULL END);
ALTER TABLE message
  DROP CONSTRAINT message_check, DROP CONSTRAINT message_check1, DROP CONSTRAINT message_cost_points_check,
  DROP CONSTRAINT message_send_number_check, DROP CONSTRAINT message_state_check,
  ADD CONSTRAINT message_sound CHECK (
    ROW(send_number, cost_points, state, due_at, leased_until)::sound_message IS DISTINCT FROM NULL);

CREATE TYPE step_facts AS (step integer, from_state text, to_state text);
CREATE DOMAIN sound_step AS step_facts
  CONSTRAINT bill_history_legal CHECK (
    CASE (VALUE).step WHEN 0 THEN (VALUE).from_state IS NULL AND (VALUE).to_state = 'READY'
                      ELSE legal_step((VALUE).from_state, (VALUE).to_state) END);
ALTER TABLE bill_history
  DROP CONSTRAINT bill_history_legal,
  ADD CONSTRAINT bill_history_sound CHECK (ROW(step, from_state, to_state)::sound_step IS DISTINCT FROM NULL);

CREATE TYPE entry_facts AS (
  delta_points bigint, balance_points bigint, bill_no bigint, send_number integer, kind text);
CREATE DOMAIN sound_entry AS entry_facts
  CONSTRAINT ledger_balance_points CHECK ((VALUE).balance_points >= 0)
  CONSTRAINT ledger_kinds CHECK (
    CASE (VALUE).kind
      WHEN 'DEBIT' THEN (VALUE).delta_points < 0 AND (VALUE).bill_no IS NOT NULL AND (VALUE).send_number IS NOT NULL
      ELSE sound_entry((VALUE).kind, (VALUE).delta_points, (VALUE).bill_no, (VALUE).send_number) END);
ALTER TABLE ledger
  DROP CONSTRAINT ledger_sound, DROP CONSTRAINT ledger_balance_points_check,
  ADD CONSTRAINT ledger_sound CHECK (
    ROW(delta_points, balance_points, bill_no, send_number, kind)::sound_entry IS DISTINCT FROM NULL);

-- The rows of a batch, numbered from 1, within the statement that asks for them. What most tables take comes first: the
-- rest need not be looked at then.
CREATE FUNCTION read_bills(t text[]) RETURNS TABLE (
  ord integer, partner bigint, no bigint, at timestamptz, type text, cost integer, wallet text, code text, key text,
  digest bytea, id text, member text, merchant text, issuer text, product text, price bigint, supply bigint,
  tax bigint, name bytea, phone bytea, name_index bigint, phone_index bigint, message text, expires timestamptz,
  callback text, redirect text
) LANGUAGE sql STABLE AS $$
  SELECT i / 25 + 1, t[i+1]::bigint, t[i+2]::bigint, t[i+3]::timestamptz, t[i+4], t[i+5]::integer,
         coalesce(t[i+6], ''), t[i+7], t[i+8], t[i+9]::bytea, t[i+10], t[i+11], t[i+12], t[i+13], t[i+14],
         t[i+15]::bigint, t[i+16]::bigint, t[i+17]::bigint, t[i+18]::bytea, t[i+19]::bytea, t[i+20]::bigint,
         t[i+21]::bigint, t[i+22], t[i+23]::timestamptz, t[i+24], t[i+25]
  FROM generate_series(0, cardinality(t) - 1, 25) i;
$$;

-- The same for judge_bills, which plans anew each time: its plan would hold the array itself, and every look at a field
-- would count from its beginning.
CREATE OR REPLACE FUNCTION asked_bills(t text[]) RETURNS TABLE (
  ord integer, partner bigint, no bigint, at timestamptz, type text, cost integer, wallet text, code text, key text,
  digest bytea, id text, member text, merchant text, issuer text, product text, price bigint, supply bigint,
  tax bigint, name bytea, phone bytea, name_index bigint, phone_index bigint, message text, expires timestamptz,
  callback text, redirect text
) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  SELECT * FROM read_bills(t);
END $$;

-- As before, but the entries take the balances that the debit has left, and no wallet is read again for each of them.
CREATE OR REPLACE FUNCTION create_bills(a_rows text, a_separator text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t text[] := string_to_array(a_rows, a_separator, '');
  d_partner bigint[];
  d_wallet  text[];
  d_points  bigint[];
  d_left    bigint[];
BEGIN
  LOCK TABLE idempotency, bill IN ROW EXCLUSIVE MODE;
  IF cardinality(t) = 25 THEN
    PERFORM create_bill(t);
    RETURN;
  END IF;
  SELECT coalesce(array_agg(partner), '{}'), array_agg(wallet), array_agg(points)
  INTO d_partner, d_wallet, d_points
  FROM (SELECT t[i+1]::bigint AS partner, coalesce(t[i+6], '') AS wallet, sum(t[i+5]::bigint)::bigint AS points
        FROM generate_series(0, cardinality(t) - 1, 25) i
        GROUP BY 1, 2 HAVING sum(t[i+5]::bigint) > 0 ORDER BY 1, 2) d;
  IF cardinality(d_partner) > 1 THEN
    PERFORM lock_wallets(d_partner, d_wallet);
  END IF;
  WITH debited AS (
    UPDATE wallet w SET balance_points = w.balance_points - d.points
    FROM unnest(d_partner, d_wallet, d_points) d (partner, wallet, points)
    WHERE w.partner_id = d.partner AND w.wallet_code = d.wallet AND w.balance_points >= d.points
    RETURNING d.partner, d.wallet, w.balance_points AS points)
  SELECT coalesce(array_agg(points ORDER BY partner, wallet), '{}') INTO d_left FROM debited;
  IF cardinality(d_left) <> cardinality(d_partner) THEN
    RAISE EXCEPTION 'a wallet does not hold enough';
  END IF;

  WITH asked AS MATERIALIZED (SELECT * FROM read_bills(t)),
  bills AS (
    INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                      product_name, price_won, supply_won, tax_won, name_sealed, phone_sealed, name_index,
                      phone_index, message, expires_at, callback_url, redirect_url, short_code,
                      created_at, sends)
    SELECT partner, no, id, member, merchant, wallet, type, issuer, product, price, supply, tax, name, phone,
           name_index, phone_index, message, expires, callback, redirect, code, at,
           CASE type WHEN 'TALK' THEN 1 ELSE 0 END
    FROM asked ORDER BY partner, id),
  codes AS (
    INSERT INTO short_code (code, partner_id, bill_no) SELECT code, partner, no FROM asked),
  histories AS (
    INSERT INTO bill_history (partner_id, bill_no, step, to_state, at)
    SELECT partner, no, 0, 'READY', at FROM asked),
  messages AS (
    INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
    SELECT partner, no, 1, cost, at, at FROM asked WHERE type = 'TALK'),
  keys AS (
    INSERT INTO idempotency (partner_id, operation, idempotency_key, request_digest, code, bill_no, at)
    SELECT partner, 'bill', key, digest, '0000', no, at FROM asked WHERE key IS NOT NULL ORDER BY partner, key)
  -- The entries' balances run down to the wallet's present one in the order in which the requests came. Whoever has a
  -- cost has a place in d_left, which is in the order of partner and wallet.
  INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
  SELECT partner, wallet, 'DEBIT', -cost,
         d_left[dense_rank() OVER (ORDER BY partner, wallet)] - cost
         + sum(cost) OVER (PARTITION BY partner, wallet ORDER BY ord DESC ROWS UNBOUNDED PRECEDING),
         no, 1, at
  FROM asked WHERE cost > 0 ORDER BY ord;
END $$;
