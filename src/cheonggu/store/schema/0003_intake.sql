-- Many creates, one commit. A batch never holds the same (partner, billId) or (partner, idempotency key) twice.
--
-- create_bills assumes that every row can be accepted, and raises otherwise, which undoes all of it.
-- judge_bills runs then: it gives a verdict for each row, as if they had come one after the other, and writes
-- those that it accepts. It may be run again with the same numbers after a lost connection: what is there already
-- is 'DONE'. Both lock wallets first, then insert bills in (partner, billId) order, so that they cannot deadlock;
-- before that they name the tables that they will write, as a sandbox's reset takes all tables in one order.
--
-- judge_bills looks each row up by itself (LATERAL, LIMIT 1) and plans anew each time: a plan made while the
-- tables were small read all of them for every row, long after they had grown.

-- Always in the same order, so that nobody waits in a circle, and one partner in each statement.
CREATE FUNCTION lock_wallets(a_partner bigint[], a_wallet text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT DISTINCT partner, wallet FROM unnest(a_partner, a_wallet) u (partner, wallet)
             ORDER BY partner, wallet LOOP
    PERFORM FROM wallet WHERE partner_id = one.partner AND wallet_code = one.wallet FOR NO KEY UPDATE;
  END LOOP;
END $$;

CREATE FUNCTION create_bills(
  a_partner bigint[], a_no bigint[], a_id text[], a_member text[], a_merchant text[], a_wallet text[],
  a_cost integer[], a_type text[], a_issuer text[], a_product text[], a_price bigint[], a_supply bigint[],
  a_tax bigint[], a_name bytea[], a_phone bytea[], a_name_index bigint[], a_phone_index bigint[],
  a_message text[], a_expires timestamptz[], a_callback text[], a_redirect text[],
  a_code text[], a_at timestamptz[], a_key text[], a_digest bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  d_partner bigint[];
  d_wallet  text[];
  d_points  bigint[];
  debited   bigint;
BEGIN
  LOCK TABLE idempotency, bill IN ROW EXCLUSIVE MODE;
  SELECT coalesce(array_agg(partner), '{}'), array_agg(wallet), array_agg(points)
  INTO d_partner, d_wallet, d_points
  FROM (SELECT partner, wallet, sum(cost)::bigint AS points
        FROM unnest(a_partner, a_wallet, a_cost) u (partner, wallet, cost)
        GROUP BY partner, wallet HAVING sum(cost) > 0 ORDER BY partner, wallet) s;
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

  INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                    product_name, price_won, supply_won, tax_won, name_sealed, phone_sealed, name_index,
                    phone_index, message, expires_at, callback_url, redirect_url, short_code,
                    created_at, sends)
  SELECT u.*, CASE u.send_type WHEN 'TALK' THEN 1 ELSE 0 END
  FROM unnest(a_partner, a_no, a_id, a_member, a_merchant, a_wallet, a_type, a_issuer, a_product, a_price,
              a_supply, a_tax, a_name, a_phone, a_name_index, a_phone_index, a_message, a_expires,
              a_callback, a_redirect, a_code, a_at)
       u (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type)
  ORDER BY u.partner_id, u.bill_id;
  INSERT INTO short_code (code, partner_id, bill_no) SELECT * FROM unnest(a_code, a_partner, a_no);
  INSERT INTO bill_history (partner_id, bill_no, step, to_state, at)
  SELECT partner, no, 0, 'READY', at FROM unnest(a_partner, a_no, a_at) u (partner, no, at);
  INSERT INTO message (partner_id, bill_no, send_number, cost_points, created_at, due_at)
  SELECT partner, no, 1, cost, at, at
  FROM unnest(a_partner, a_no, a_cost, a_type, a_at) u (partner, no, cost, type, at) WHERE type = 'TALK';
  -- The entries' balances run down to the wallet's present one in the order in which the requests came.
  INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
  SELECT u.partner, u.wallet, 'DEBIT', -u.cost,
         w.balance_points + sum(u.cost) OVER (PARTITION BY u.partner, u.wallet)
                          - sum(u.cost) OVER (PARTITION BY u.partner, u.wallet ORDER BY u.ord),
         u.no, 1, u.at
  FROM unnest(a_partner, a_wallet, a_cost, a_no, a_at) WITH ORDINALITY u (partner, wallet, cost, no, at, ord)
  JOIN wallet w ON w.partner_id = u.partner AND w.wallet_code = u.wallet
  WHERE u.cost > 0 ORDER BY u.ord;
  IF array_remove(a_key, NULL) <> '{}' THEN
    INSERT INTO idempotency (partner_id, operation, idempotency_key, request_digest, code, bill_no, at)
    SELECT partner, 'bill', key, digest, '0000', no, at
    FROM unnest(a_partner, a_key, a_digest, a_no, a_at) u (partner, key, digest, no, at)
    WHERE key IS NOT NULL ORDER BY partner, key;
  END IF;
END $$;

-- Returns the rows that were not newly written: DONE (written before under the very same number), REPLAY (with the
-- first answer's code and short code), or the code that refuses.
CREATE FUNCTION judge_bills(
  a_partner bigint[], a_no bigint[], a_id text[], a_member text[], a_merchant text[], a_wallet text[],
  a_cost integer[], a_type text[], a_issuer text[], a_product text[], a_price bigint[], a_supply bigint[],
  a_tax bigint[], a_name bytea[], a_phone bytea[], a_name_index bigint[], a_phone_index bigint[],
  a_message text[], a_expires timestamptz[], a_callback text[], a_redirect text[],
  a_code text[], a_at timestamptz[], a_key text[], a_digest bytea[]
) RETURNS TABLE (o_ord bigint, o_verdict text, o_first_code text, o_first_short_code text) LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  LOCK TABLE idempotency, bill IN ROW EXCLUSIVE MODE;
  PERFORM lock_wallets(a_partner, a_wallet);
  IF array_remove(a_key, NULL) <> '{}' THEN
    DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
      SELECT old.ctid FROM unnest(a_partner, a_key, a_at) u (partner, key, at)
      CROSS JOIN LATERAL (
        SELECT i.ctid FROM idempotency i
        WHERE i.partner_id = u.partner AND i.operation = 'bill' AND i.idempotency_key = u.key
          AND i.at <= u.at - interval '24 hours' FOR UPDATE) old));
  END IF;

  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT u.*, there.bill_no AS there, i.request_digest AS first_digest, i.code AS first_code,
           first.short_code AS first_short_code
    FROM unnest(a_partner, a_no, a_id, a_member, a_merchant, a_wallet, a_cost, a_type, a_issuer, a_product,
                a_price, a_supply, a_tax, a_name, a_phone, a_name_index, a_phone_index, a_message, a_expires,
                a_callback, a_redirect, a_code, a_at, a_key, a_digest)
         WITH ORDINALITY u (partner, no, id, member, merchant, wallet, cost, type, issuer, product, price,
                            supply, tax, name, phone, name_index, phone_index, message, expires, callback,
                            redirect, code, at, key, digest, ord)
    LEFT JOIN LATERAL (
      SELECT b.bill_no FROM bill b WHERE b.partner_id = u.partner AND b.bill_id = u.id LIMIT 1) there ON true
    LEFT JOIN LATERAL (
      SELECT k.request_digest, k.code, k.bill_no FROM idempotency k
      WHERE k.partner_id = u.partner AND k.operation = 'bill' AND k.idempotency_key = u.key LIMIT 1) i ON true
    LEFT JOIN LATERAL (
      SELECT b.short_code FROM bill b WHERE b.partner_id = u.partner AND b.bill_no = i.bill_no LIMIT 1) first ON true),
  known AS (
    SELECT asked.*, CASE WHEN there = no THEN 'DONE'
                         WHEN first_code IS NOT NULL AND first_digest <> digest THEN 'IDEMPOTENCY_001'
                         WHEN first_code IS NOT NULL THEN 'REPLAY'
                         WHEN there IS NOT NULL THEN 'BILL_001' END AS reason
    FROM asked),
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
