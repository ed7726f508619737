-- A batch of creates comes as one text: the fields of all rows, one behind the other, with a separator that none of
-- them holds between. Taking a text apart costs less, here and at the client, than an array for each column.
-- An empty field is NULL. What 0003_intake.sql says of the two functions and of who waits for whom still holds.
DROP FUNCTION create_bills(
  bigint[], bigint[], text[], text[], text[], text[], integer[], text[], text[], text[], bigint[], bigint[], bigint[],
  bytea[], bytea[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], timestamptz[], text[], bytea[]);
DROP FUNCTION judge_bills(
  bigint[], bigint[], text[], text[], text[], text[], integer[], text[], text[], text[], bigint[], bigint[], bigint[],
  bytea[], bytea[], bigint[], bigint[], text[], timestamptz[], text[], text[], text[], timestamptz[], text[], bytea[]);

-- The rows of a batch, numbered from 1. What most tables take comes first: the rest need not be looked at then.
-- The plan must not hold the array itself, as judge_bills' plans would: then every look at a field counts from its
-- beginning.
CREATE FUNCTION asked_bills(t text[]) RETURNS TABLE (
  ord integer, partner bigint, no bigint, at timestamptz, type text, cost integer, wallet text, code text, key text,
  digest bytea, id text, member text, merchant text, issuer text, product text, price bigint, supply bigint,
  tax bigint, name bytea, phone bytea, name_index bigint, phone_index bigint, message text, expires timestamptz,
  callback text, redirect text
) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
  RETURN QUERY
  SELECT i / 25 + 1, t[i+1]::bigint, t[i+2]::bigint, t[i+3]::timestamptz, t[i+4], t[i+5]::integer,
         coalesce(t[i+6], ''), t[i+7], t[i+8], t[i+9]::bytea, t[i+10], t[i+11], t[i+12], t[i+13], t[i+14],
         t[i+15]::bigint, t[i+16]::bigint, t[i+17]::bigint, t[i+18]::bytea, t[i+19]::bytea, t[i+20]::bigint,
         t[i+21]::bigint, t[i+22], t[i+23]::timestamptz, t[i+24], t[i+25]
  FROM generate_series(0, cardinality(t) - 1, 25) i;
END $$;

-- One bill by itself, which is all that a lone client ever sends: sets cost more than they give then.
CREATE FUNCTION create_bill(asked text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a_partner CONSTANT bigint := asked[1];
  a_no      CONSTANT bigint := asked[2];
  a_at      CONSTANT timestamptz := asked[3];
  talk      CONSTANT boolean := asked[4] = 'TALK';
  cost      CONSTANT integer := asked[5];
  a_wallet  CONSTANT text := coalesce(asked[6], '');
  remaining bigint;
BEGIN
  IF cost > 0 THEN
    UPDATE wallet SET balance_points = balance_points - cost
    WHERE partner_id = a_partner AND wallet_code = a_wallet AND balance_points >= cost
    RETURNING balance_points INTO remaining;
    IF remaining IS NULL THEN
      RAISE EXCEPTION 'a wallet does not hold enough';
    END IF;
  END IF;
  INSERT INTO bill (partner_id, bill_no, created_at, send_type, wallet_code, short_code, bill_id, member_code,
                    merchant_code, issuer, product_name, price_won, supply_won, tax_won, name_sealed, phone_sealed,
                    name_index, phone_index, message, expires_at, callback_url, redirect_url, sends)
  VALUES (a_partner, a_no, a_at, asked[4], a_wallet, asked[7], asked[10], asked[11],
          asked[12], asked[13], asked[14], asked[15]::bigint, asked[16]::bigint, asked[17]::bigint, asked[18]::bytea,
          asked[19]::bytea, asked[20]::bigint, asked[21]::bigint, asked[22], asked[23]::timestamptz, asked[24],
          asked[25], CASE WHEN talk THEN 1 ELSE 0 END);
  INSERT INTO short_code (code, partner_id, bill_no) VALUES (asked[7], a_partner, a_no);
  INSERT INTO bill_history (partner_id, bill_no, step, to_state, at) VALUES (a_partner, a_no, 0, 'READY', a_at);
  IF talk THEN
    INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
    VALUES (a_partner, a_no, 1, cost, a_at, a_at);
  END IF;
  IF cost > 0 THEN
    INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
    VALUES (a_partner, a_wallet, 'DEBIT', -cost, remaining, a_no, 1, a_at);
  END IF;
  IF asked[8] IS NOT NULL THEN
    INSERT INTO idempotency (partner_id, operation, idempotency_key, request_digest, code, bill_no, at)
    VALUES (a_partner, 'bill', asked[8], asked[9]::bytea, '0000', a_no, a_at);
  END IF;
END $$;

CREATE FUNCTION create_bills(a_rows text, a_separator text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t text[] := string_to_array(a_rows, a_separator, '');
  d_partner bigint[];
  d_wallet  text[];
  d_points  bigint[];
  debited   bigint;
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
  UPDATE wallet w SET balance_points = w.balance_points - d.points
  FROM unnest(d_partner, d_wallet, d_points) d (partner, wallet, points)
  WHERE w.partner_id = d.partner AND w.wallet_code = d.wallet AND w.balance_points >= d.points;
  GET DIAGNOSTICS debited = ROW_COUNT;
  IF debited <> cardinality(d_partner) THEN
    RAISE EXCEPTION 'a wallet does not hold enough';
  END IF;

  WITH asked AS MATERIALIZED (SELECT * FROM asked_bills(t)),
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
  -- The entries' balances run down to the wallet's present one in the order in which the requests came.
  INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
  SELECT partner, wallet, 'DEBIT', -cost,
         w.balance_points + sum(cost) OVER (PARTITION BY partner, wallet)
                          - sum(cost) OVER (PARTITION BY partner, wallet ORDER BY ord),
         no, 1, at
  FROM asked JOIN wallet w ON w.partner_id = partner AND w.wallet_code = wallet
  WHERE cost > 0 ORDER BY ord;
END $$;

-- Returns the rows that were not newly written: DONE (written before under the very same number), REPLAY (with the
-- first answer's code and short code), or the code that refuses.
CREATE FUNCTION judge_bills(a_rows text, a_separator text)
RETURNS TABLE (o_ord integer, o_verdict text, o_first_code text, o_first_short_code text) LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  t text[] := string_to_array(a_rows, a_separator, '');
BEGIN
  LOCK TABLE idempotency, bill IN ROW EXCLUSIVE MODE;
  PERFORM lock_wallets(array_agg(partner), array_agg(wallet)) FROM asked_bills(t);
  DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT old.ctid FROM asked_bills(t) u
    CROSS JOIN LATERAL (
      SELECT i.ctid FROM idempotency i
      WHERE i.partner_id = u.partner AND i.operation = 'bill' AND i.idempotency_key = u.key
        AND i.at <= u.at - interval '24 hours' FOR UPDATE) old
    WHERE u.key IS NOT NULL));

  RETURN QUERY
  WITH looked_up AS MATERIALIZED (
    SELECT u.*, there.bill_no AS there, i.request_digest AS first_digest, i.code AS first_code,
           first.short_code AS first_short_code
    FROM asked_bills(t) u
    LEFT JOIN LATERAL (
      SELECT b.bill_no FROM bill b WHERE b.partner_id = u.partner AND b.bill_id = u.id LIMIT 1) there ON true
    LEFT JOIN LATERAL (
      SELECT k.request_digest, k.code, k.bill_no FROM idempotency k
      WHERE k.partner_id = u.partner AND k.operation = 'bill' AND k.idempotency_key = u.key LIMIT 1) i ON true
    LEFT JOIN LATERAL (
      SELECT b.short_code FROM bill b WHERE b.partner_id = u.partner AND b.bill_no = i.bill_no LIMIT 1) first ON true),
  known AS (
    SELECT l.*, CASE WHEN there = no THEN 'DONE'
                     WHEN first_code IS NOT NULL AND first_digest <> digest THEN 'IDEMPOTENCY_001'
                     WHEN first_code IS NOT NULL THEN 'REPLAY'
                     WHEN there IS NOT NULL THEN 'BILL_001' END AS reason
    FROM looked_up l),
  summed AS (
    SELECT k.*, coalesce(w.balance_points, 0) AS held,
           sum(CASE WHEN reason IS NULL THEN cost ELSE 0 END)
             OVER (PARTITION BY partner, wallet ORDER BY ord ROWS UNBOUNDED PRECEDING)::bigint AS spent
    FROM known k LEFT JOIN wallet w ON w.partner_id = k.partner AND w.wallet_code = k.wallet),
  judged AS MATERIALIZED (
    SELECT s.*, CASE WHEN reason IS NOT NULL THEN reason
                     WHEN cost > 0 AND spent > held THEN 'POINT_001' ELSE '' END AS verdict
    FROM summed s),
  bills AS (
    INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                      product_name, price_won, supply_won, tax_won, name_sealed, phone_sealed, name_index,
                      phone_index, message, expires_at, callback_url, redirect_url, short_code,
                      created_at, sends)
    SELECT partner, no, id, member, merchant, wallet, type, issuer, product, price, supply, tax, name, phone,
           name_index, phone_index, message, expires, callback, redirect, code, at,
           CASE type WHEN 'TALK' THEN 1 ELSE 0 END
    FROM judged WHERE verdict = '' ORDER BY partner, id),
  codes AS (
    INSERT INTO short_code (code, partner_id, bill_no) SELECT code, partner, no FROM judged WHERE verdict = ''),
  histories AS (
    INSERT INTO bill_history (partner_id, bill_no, step, to_state, at)
    SELECT partner, no, 0, 'READY', at FROM judged WHERE verdict = ''),
  messages AS (
    INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
    SELECT partner, no, 1, cost, at, at FROM judged WHERE verdict = '' AND type = 'TALK'),
  entries AS (
    INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
    SELECT partner, wallet, 'DEBIT', -cost, held - spent, no, 1, at
    FROM judged WHERE verdict = '' AND cost > 0 ORDER BY ord),
  debits AS (
    UPDATE wallet w SET balance_points = w.balance_points - d.points
    FROM (SELECT partner, wallet, sum(cost)::bigint AS points
          FROM judged WHERE verdict = '' AND cost > 0 GROUP BY partner, wallet) d
    WHERE w.partner_id = d.partner AND w.wallet_code = d.wallet),
  keys AS (
    INSERT INTO idempotency (partner_id, operation, idempotency_key, request_digest, code, bill_no, at)
    SELECT partner, 'bill', key, digest, CASE verdict WHEN '' THEN '0000' ELSE verdict END,
           CASE verdict WHEN '' THEN no END, at
    FROM judged WHERE key IS NOT NULL AND verdict IN ('', 'BILL_001') ORDER BY partner, key)
  SELECT ord, verdict, first_code, first_short_code FROM judged WHERE verdict <> '';
END $$;
