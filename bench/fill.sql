-- Bills with a past, for every table: sent, and then paid, cancelled, destroyed or still open. Half of them belong to
-- the sandbox's partner, the rest to the others in turn. Numbers begin behind `f_first`. All that must always be true
-- holds once every stretch of numbers is written and the wallets are debited.
--
-- What is sealed is random bytes as long as a seal is, since nothing here is opened again; ids, codes and blind
-- indexes are random too. With `f_urls` every bill was paid just now, and its callback waits to go to one of them.

CREATE TEMP TABLE owner AS
SELECT row_number() OVER (ORDER BY w.partner_id) - 1 AS nth, w.partner_id, x.member_code, x.merchant_code,
       w.balance_points AS before
FROM wallet w JOIN merchant_member x USING (partner_id) JOIN partner p USING (partner_id)
WHERE w.wallet_code = '' AND p.name <> 'sandbox-other';
CREATE UNIQUE INDEX ON owner (nth);
ANALYZE owner;

CREATE TEMP TABLE filling (
  n bigint, no bigint, partner_id bigint, kth bigint, member_code text, merchant_code text, before bigint,
  bill_id text, code text, order_id text, state text, price bigint, at timestamptz, approval jsonb, url text);

SET session_replication_role = replica;  -- foreign keys hold by construction

CREATE FUNCTION pg_temp.fill(f_first bigint, f_from bigint, f_to bigint, f_all bigint, f_urls text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  others bigint := (SELECT count(*) - 1 FROM owner);
BEGIN
  TRUNCATE filling;
  INSERT INTO filling
  SELECT n, f_first + n, o.partner_id, k.kth, o.member_code, o.merchant_code, o.before,
         left(r.id, 20), right(r.id, 22), 'o' || r.id,
         CASE WHEN f_urls IS NOT NULL OR k.kth % 10 < 6 THEN 'PAID' WHEN k.kth % 10 = 6 THEN 'CANCELED'
              WHEN k.kth % 10 = 7 THEN 'DESTROYED' ELSE 'READY' END,
         1000 + (random() * 900000)::bigint,
         clock_timestamp() - CASE WHEN f_urls IS NULL THEN interval '21 hours' * (1 - n::float8 / f_all)
                                  ELSE interval '0' END,
         NULL, coalesce(f_urls[1 + n % cardinality(f_urls)], 'https://partner.example/callback')
  FROM generate_series(f_from, f_to) n
  CROSS JOIN LATERAL (
    SELECT CASE WHEN n % 2 = 1 OR others = 0 THEN 0 ELSE 1 + (n / 2 - 1) % others END AS nth,
           CASE WHEN others = 0 THEN n WHEN n % 2 = 1 THEN (n + 1) / 2 ELSE (n / 2 - 1) / others + 1 END AS kth) k
  CROSS JOIN LATERAL (SELECT md5(n::text || random()::text) AS id) r
  JOIN owner o ON o.nth = k.nth;
  UPDATE filling SET approval = jsonb_build_object(
    'order_id', order_id, 'amount_won', price, 'approved_at', at, 'approval_number', '30012345',
    'pay_type', 'CARD', 'card_type', 'CREDIT', 'issuer', '연습카드', 'issuer_code', '31',
    'card_number', '433012******1234', 'acquirer', '연습카드', 'acquirer_code', '31', 'months', 0)
  WHERE state IN ('PAID', 'CANCELED');

  INSERT INTO bill (partner_id, bill_no, bill_id, member_code, merchant_code, wallet_code, send_type, issuer,
                    product_name, price_won, name_sealed, phone_sealed, name_index, phone_index, message,
                    expires_at, callback_url, short_code, state, step, sends, created_at)
  SELECT partner_id, no, bill_id, member_code, merchant_code, '', 'TALK', '가온학원', '11월 수강료', price,
         substr(sha256(bill_id::bytea) || sha256(code::bytea), 1, 41),
         substr(sha256(code::bytea) || sha256(bill_id::bytea), 1, 43),
         hashtextextended(bill_id, 1), hashtextextended(bill_id, 2), '이번 달도 잘 부탁드려요.',
         date_trunc('day', at) + interval '31 days', url, code, state,
         CASE state WHEN 'READY' THEN 0 WHEN 'DESTROYED' THEN 1 WHEN 'PAID' THEN 2 ELSE 4 END, 1, at
  FROM filling;
  INSERT INTO short_code SELECT code, partner_id, no FROM filling;
  INSERT INTO bill_history
  SELECT partner_id, no, s.step, s.from_state, s.to_state, at
  FROM filling JOIN (VALUES
    ('PAID', 0, NULL, 'READY'), ('PAID', 1, 'READY', 'PAYING'), ('PAID', 2, 'PAYING', 'PAID'),
    ('CANCELED', 0, NULL, 'READY'), ('CANCELED', 1, 'READY', 'PAYING'), ('CANCELED', 2, 'PAYING', 'PAID'),
    ('CANCELED', 3, 'PAID', 'CANCELING'), ('CANCELED', 4, 'CANCELING', 'CANCELED'),
    ('DESTROYED', 0, NULL, 'READY'), ('DESTROYED', 1, 'READY', 'DESTROYED'), ('READY', 0, NULL, 'READY')
  ) s (state, step, from_state, to_state) USING (state);
  INSERT INTO message (partner_id, bill_no, send_number, cost_points, state, created_at, fence, handed_at,
                       settled_at, reference)
  SELECT partner_id, no, 1, 55, 'SENT', at, 1, at, at, format('sandbox-m%s-%s-1', partner_id, no) FROM filling;
  INSERT INTO ledger (partner_id, entry_no, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
  SELECT partner_id, no, '', 'DEBIT', -55, before - 55 * kth, no, 1, at FROM filling;
  INSERT INTO idempotency (partner_id, operation, idempotency_key, request_digest, code, bill_no, at)
  SELECT partner_id, 'bill', order_id, sha256(order_id::bytea), '0000', no, at FROM filling WHERE kth % 10 = 0;

  INSERT INTO attempt (partner_id, attempt_no, bill_no, order_id, amount_won, state, step, began_at,
                       confirm_until, settled_at, approval, fence)
  SELECT partner_id, no, no, order_id, price, CASE state WHEN 'PAID' THEN 'APPROVED' ELSE 'REFUNDED' END,
         CASE state WHEN 'PAID' THEN 1 ELSE 2 END, at, at + interval '10 s', at, approval, 1
  FROM filling WHERE approval IS NOT NULL;
  INSERT INTO gateway_order SELECT order_id, partner_id, no FROM filling WHERE approval IS NOT NULL;
  INSERT INTO attempt_history
  SELECT partner_id, no, s.step, s.from_state, s.to_state, at
  FROM filling JOIN (VALUES
    ('PAID', 0, NULL, 'CONFIRMING'), ('PAID', 1, 'CONFIRMING', 'APPROVED'),
    ('CANCELED', 0, NULL, 'CONFIRMING'), ('CANCELED', 1, 'CONFIRMING', 'APPROVED'),
    ('CANCELED', 2, 'APPROVED', 'REFUNDED')) s (state, step, from_state, to_state) USING (state);
  INSERT INTO refund (partner_id, refund_no, refund_id, bill_no, attempt_no, kind, state, reason,
                      began_at, settled_at, refund_number, refunded_at)
  SELECT partner_id, no, 'r' || order_id, no, no, 'CANCEL', 'DONE', '고객 변심',
         at, at, '40012345', at
  FROM filling WHERE state = 'CANCELED';
  INSERT INTO callback (partner_id, callback_no, bill_no, attempt_no, kind, url, receiver, state, began_at, due_at,
                        fence, tries, settled_at)
  SELECT partner_id, no, no, no, 'APPROVED', url, substring(url FROM '^[a-z]+://[^/]+'),
         CASE WHEN f_urls IS NULL THEN 'DELIVERED' ELSE 'PENDING' END, at, CASE WHEN f_urls IS NOT NULL THEN at END,
         CASE WHEN f_urls IS NULL THEN 1 ELSE 0 END, CASE WHEN f_urls IS NULL THEN 1 ELSE 0 END,
         CASE WHEN f_urls IS NULL THEN at END
  FROM filling WHERE approval IS NOT NULL;
  INSERT INTO callback_attempt
  SELECT partner_id, no, 1, at, 200, '{"code":"0000"}', 12 FROM filling
  WHERE approval IS NOT NULL AND f_urls IS NULL;

  INSERT INTO sandbox_message (message_id, partner_id, state, at)
  SELECT format('m%s-%s-1', partner_id, no), partner_id, 'ARRIVED', at FROM filling;
  INSERT INTO sandbox_payment (order_id, amount_won, state, closes_at, approval)
  SELECT order_id, price, 'CHARGED', at + interval '10 s', approval FROM filling WHERE approval IS NOT NULL;
  INSERT INTO sandbox_refund (refund_id, order_id, refund_number, refunded_at)
  SELECT 'r' || order_id, order_id, '40012345', at FROM filling WHERE state = 'CANCELED';
END $$;
