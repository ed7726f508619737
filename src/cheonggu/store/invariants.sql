-- What must always be true. Each query returns the rows that break its rule; all of them return none.
-- `when: always` holds at every instant, `when: settled` once the worker has nothing due left.

-- name: balance_is_the_sum_of_its_entries
-- when: always
-- says: A wallet holds the sum of its ledger entries.
SELECT w.partner_id, w.wallet_code, w.balance_points, coalesce(sum(l.delta_points), 0) AS entries
FROM wallet w LEFT JOIN ledger l USING (partner_id, wallet_code)
GROUP BY w.partner_id, w.wallet_code, w.balance_points
HAVING w.balance_points <> coalesce(sum(l.delta_points), 0) OR w.balance_points < 0;

-- name: entries_have_a_wallet
-- when: always
-- says: Every ledger entry belongs to a wallet.
SELECT l.partner_id, l.wallet_code, count(*) AS entries
FROM ledger l LEFT JOIN wallet w USING (partner_id, wallet_code)
WHERE w.partner_id IS NULL GROUP BY 1, 2;

-- name: entries_run_without_a_gap
-- when: always
-- says: Each ledger entry's balance is the one before it plus its own change.
SELECT * FROM (
  SELECT partner_id, wallet_code, entry_no, delta_points, balance_points,
         coalesce(lag(balance_points) OVER (PARTITION BY partner_id, wallet_code ORDER BY entry_no), 0) AS before
  FROM ledger) e
WHERE balance_points <> before + delta_points;

-- name: every_message_has_its_debit
-- when: always
-- says: Each message that costs points was debited once, for just that many.
SELECT m.partner_id, m.bill_no, m.send_number, m.cost_points, l.delta_points
FROM message m LEFT JOIN ledger l
  ON l.partner_id = m.partner_id AND l.bill_no = m.bill_no AND l.send_number = m.send_number AND l.kind = 'DEBIT'
WHERE coalesce(-l.delta_points, 0) <> m.cost_points;

-- name: every_debit_has_its_message
-- when: always
-- says: No points are taken or returned without a message of that bill, from the wallet that the bill is on.
SELECT l.partner_id, l.entry_no, l.kind, l.bill_no, l.send_number
FROM ledger l
LEFT JOIN message m ON m.partner_id = l.partner_id AND m.bill_no = l.bill_no AND m.send_number = l.send_number
LEFT JOIN bill b ON b.partner_id = l.partner_id AND b.bill_no = l.bill_no
WHERE l.kind IN ('DEBIT', 'RETURN') AND (m.send_number IS NULL OR b.wallet_code IS DISTINCT FROM l.wallet_code);

-- name: points_come_back_for_what_was_not_sent
-- when: always
-- says: FAILED and WITHDRAWN messages have their points returned, once and whole; no other message has.
SELECT m.partner_id, m.bill_no, m.send_number, m.state, m.cost_points, l.delta_points AS returned
FROM message m LEFT JOIN ledger l
  ON l.partner_id = m.partner_id AND l.bill_no = m.bill_no AND l.send_number = m.send_number AND l.kind = 'RETURN'
WHERE coalesce(l.delta_points, 0) <> CASE WHEN m.state IN ('FAILED', 'WITHDRAWN') THEN m.cost_points ELSE 0 END;

-- name: every_bill_has_its_messages
-- when: always
-- says: A bill has one message for each time it was sent, numbered from 1, and none more.
SELECT b.partner_id, b.bill_no, b.sends, count(m.send_number) AS messages, max(m.send_number) AS last_number
FROM bill b LEFT JOIN message m USING (partner_id, bill_no)
GROUP BY b.partner_id, b.bill_no, b.sends
HAVING count(m.send_number) <> b.sends OR coalesce(max(m.send_number), 0) <> b.sends;

-- name: every_message_has_a_bill
-- when: always
-- says: No message is without its bill.
SELECT m.partner_id, m.bill_no, m.send_number
FROM message m LEFT JOIN bill b USING (partner_id, bill_no) WHERE b.bill_no IS NULL;

-- name: every_bill_has_its_short_code
-- when: always
-- says: A bill's short code leads to that bill.
SELECT b.partner_id, b.bill_no, s.partner_id AS leads_to_partner, s.bill_no AS leads_to_bill
FROM bill b LEFT JOIN short_code s ON s.code = b.short_code
WHERE (s.partner_id, s.bill_no) IS DISTINCT FROM (b.partner_id, b.bill_no);

-- name: every_short_code_has_a_bill
-- when: always
-- says: No short code leads nowhere.
SELECT s.partner_id, s.bill_no
FROM short_code s LEFT JOIN bill b USING (partner_id, bill_no)
WHERE b.short_code IS DISTINCT FROM s.code;

-- name: bill_is_of_a_known_merchant
-- when: always
-- says: A bill belongs to a merchant and a member of its partner.
SELECT b.partner_id, b.bill_no, b.merchant_code, b.member_code
FROM bill b
LEFT JOIN merchant c USING (partner_id, merchant_code)
LEFT JOIN member m USING (partner_id, member_code)
WHERE c.merchant_code IS NULL OR m.member_code IS NULL;

-- name: one_live_attempt
-- when: always
-- says: A bill has at most one live attempt (CONFIRMING, UNKNOWN, APPROVED).
SELECT partner_id, bill_no, count(*) AS live FROM attempt
WHERE state IN ('CONFIRMING', 'UNKNOWN', 'APPROVED')
GROUP BY partner_id, bill_no HAVING count(*) > 1;

-- name: paid_means_approved
-- when: always
-- says: A bill is PAID or CANCELING exactly when one attempt is APPROVED.
SELECT b.partner_id, b.bill_no, b.state, count(a.attempt_no) AS approved
FROM bill b LEFT JOIN attempt a
  ON a.partner_id = b.partner_id AND a.bill_no = b.bill_no AND a.state = 'APPROVED'
GROUP BY b.partner_id, b.bill_no, b.state
HAVING count(a.attempt_no) <> CASE WHEN b.state IN ('PAID', 'CANCELING') THEN 1 ELSE 0 END;

-- name: canceled_means_refunded
-- when: always
-- says: A bill is CANCELED exactly when one attempt is REFUNDED.
SELECT b.partner_id, b.bill_no, b.state, count(a.attempt_no) AS refunded
FROM bill b LEFT JOIN attempt a
  ON a.partner_id = b.partner_id AND a.bill_no = b.bill_no AND a.state = 'REFUNDED'
GROUP BY b.partner_id, b.bill_no, b.state
HAVING count(a.attempt_no) <> CASE b.state WHEN 'CANCELED' THEN 1 ELSE 0 END;

-- name: paying_means_undecided
-- when: always
-- says: A bill is PAYING exactly when one attempt is undecided (CONFIRMING, UNKNOWN).
SELECT b.partner_id, b.bill_no, b.state, count(a.attempt_no) AS undecided
FROM bill b LEFT JOIN attempt a
  ON a.partner_id = b.partner_id AND a.bill_no = b.bill_no AND a.state IN ('CONFIRMING', 'UNKNOWN')
GROUP BY b.partner_id, b.bill_no, b.state
HAVING count(a.attempt_no) <> CASE b.state WHEN 'PAYING' THEN 1 ELSE 0 END;

-- name: destroyed_is_not_paid
-- when: always
-- says: A DESTROYED bill has no live attempt.
SELECT b.partner_id, b.bill_no, a.attempt_no, a.state
FROM bill b JOIN attempt a USING (partner_id, bill_no)
WHERE b.state = 'DESTROYED' AND a.state IN ('CONFIRMING', 'UNKNOWN', 'APPROVED');

-- name: attempt_is_for_the_price
-- when: always
-- says: An attempt, and what was approved, is for the bill's price and its own order.
SELECT a.partner_id, a.attempt_no, a.amount_won, b.price_won, a.approval ->> 'amount_won' AS approved_won
FROM attempt a JOIN bill b USING (partner_id, bill_no)
WHERE a.amount_won <> b.price_won
   OR (a.approval IS NOT NULL AND ((a.approval ->> 'amount_won')::bigint, a.approval ->> 'order_id')
       IS DISTINCT FROM (a.amount_won, a.order_id));

-- name: order_leads_to_its_attempt
-- when: always
-- says: An attempt's order id leads to that attempt.
SELECT a.partner_id, a.attempt_no, g.partner_id AS leads_to_partner, g.attempt_no AS leads_to_attempt
FROM attempt a FULL JOIN gateway_order g USING (order_id)
WHERE (g.partner_id, g.attempt_no) IS DISTINCT FROM (a.partner_id, a.attempt_no);

-- name: refund_agrees_with_its_attempt
-- when: always
-- says: A refund is DONE exactly when its attempt is refunded, and an undecided cancel keeps its bill CANCELING.
SELECT a.partner_id, a.attempt_no, a.state, b.state AS bill_state,
       count(*) FILTER (WHERE r.state = 'DONE') AS done,
       count(*) FILTER (WHERE r.state = 'UNDECIDED' AND r.kind = 'CANCEL') AS canceling,
       count(*) FILTER (WHERE r.state = 'UNDECIDED' AND r.kind = 'LATE') AS giving_back
FROM attempt a JOIN bill b USING (partner_id, bill_no) LEFT JOIN refund r USING (partner_id, attempt_no)
GROUP BY a.partner_id, a.attempt_no, a.state, b.state
HAVING count(*) FILTER (WHERE r.state = 'DONE')
         <> CASE WHEN a.state IN ('REFUNDED', 'LATE_REFUNDED') THEN 1 ELSE 0 END
    OR count(*) FILTER (WHERE r.state = 'UNDECIDED' AND r.kind = 'CANCEL')
         <> CASE WHEN a.state = 'APPROVED' AND b.state = 'CANCELING' THEN 1 ELSE 0 END
    OR count(*) FILTER (WHERE r.state = 'UNDECIDED' AND r.kind = 'LATE')
         <> CASE a.state WHEN 'LATE_CHARGED' THEN 1 ELSE 0 END;

-- name: bill_history_is_unbroken
-- when: always
-- says: A bill's history begins with its creation and each step goes on where the one before it ended.
SELECT * FROM (
  SELECT partner_id, bill_no, step, from_state, to_state,
         lag(to_state) OVER path AS came_to, row_number() OVER path - 1 AS expected_step
  FROM bill_history WINDOW path AS (PARTITION BY partner_id, bill_no ORDER BY step)) h
WHERE step <> expected_step OR from_state IS DISTINCT FROM came_to;

-- name: bill_history_ends_at_the_bill
-- when: always
-- says: A bill stands where its history ends.
SELECT b.partner_id, b.bill_no, b.state, b.step, h.to_state
FROM bill b FULL JOIN (
  SELECT DISTINCT ON (partner_id, bill_no) partner_id, bill_no, step, to_state
  FROM bill_history ORDER BY partner_id, bill_no, step DESC) h USING (partner_id, bill_no)
WHERE (b.state, b.step) IS DISTINCT FROM (h.to_state, h.step);

-- name: attempt_history_is_unbroken
-- when: always
-- says: An attempt's history begins with its creation and each step goes on where the one before it ended.
SELECT * FROM (
  SELECT partner_id, attempt_no, step, from_state, to_state,
         lag(to_state) OVER path AS came_to, row_number() OVER path - 1 AS expected_step
  FROM attempt_history WINDOW path AS (PARTITION BY partner_id, attempt_no ORDER BY step)) h
WHERE step <> expected_step OR from_state IS DISTINCT FROM came_to;

-- name: attempt_history_ends_at_the_attempt
-- when: always
-- says: An attempt stands where its history ends.
SELECT a.partner_id, a.attempt_no, a.state, a.step, h.to_state
FROM attempt a FULL JOIN (
  SELECT DISTINCT ON (partner_id, attempt_no) partner_id, attempt_no, step, to_state
  FROM attempt_history ORDER BY partner_id, attempt_no, step DESC) h USING (partner_id, attempt_no)
WHERE (a.state, a.step) IS DISTINCT FROM (h.to_state, h.step);

-- name: every_approval_is_told_once
-- when: always
-- says: There is one approval callback for each approval, and none without one.
SELECT a.partner_id, a.attempt_no, a.state, c.callback_no
FROM (SELECT * FROM attempt WHERE state IN ('APPROVED', 'REFUNDED')) a
FULL JOIN (SELECT * FROM callback WHERE kind = 'APPROVED') c USING (partner_id, attempt_no)
WHERE a.attempt_no IS NULL OR c.attempt_no IS NULL OR a.bill_no <> c.bill_no;

-- name: callback_tries_are_all_there
-- when: always
-- says: Each try of a callback is a row, and a DELIVERED one has a try that counted.
SELECT c.partner_id, c.callback_no, c.state, c.tries, count(t.try_number) AS rows,
       count(*) FILTER (WHERE t.reason IS NULL AND t.try_number IS NOT NULL) AS counted
FROM callback c LEFT JOIN callback_attempt t USING (partner_id, callback_no)
GROUP BY c.partner_id, c.callback_no, c.state, c.tries
HAVING count(t.try_number) <> c.tries
    OR (c.state = 'DELIVERED' AND count(*) FILTER (WHERE t.reason IS NULL AND t.try_number IS NOT NULL) = 0);

-- name: no_answer_is_half_remembered
-- when: always
-- says: A remembered idempotency key has its answer.
SELECT partner_id, operation, idempotency_key FROM idempotency WHERE code = '';

-- name: open_bills_are_not_erased
-- when: always
-- says: A payer was erased only from a bill that could no longer be paid and had no message on its way.
SELECT b.partner_id, b.bill_no, b.state, b.erased_at
FROM bill b
WHERE b.erased_at IS NOT NULL
  AND (b.state = 'PAYING' OR (b.state = 'READY' AND b.expires_at > b.erased_at)
    OR EXISTS (SELECT FROM message m
               WHERE m.partner_id = b.partner_id AND m.bill_no = b.bill_no AND m.due_at IS NOT NULL));

-- name: what_is_erased_is_erased_whole
-- when: always
-- says: Where a payer was erased, nothing from before is left that was said in free words.
SELECT b.partner_id, b.bill_no, b.erased_at, w.left_in
FROM bill b CROSS JOIN LATERAL (
  SELECT 'attempt' AS left_in FROM attempt a
  WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no AND a.failure IS NOT NULL
    AND a.settled_at < b.erased_at - interval '1 minute'  -- clocks differ
  UNION ALL
  SELECT 'refund' FROM refund r
  WHERE r.partner_id = b.partner_id AND r.bill_no = b.bill_no AND (r.reason <> '' OR r.refusal IS NOT NULL)
    AND r.began_at < b.erased_at - interval '1 minute'  -- it may have been cancelled after all
  UNION ALL
  SELECT 'message' FROM message m
  WHERE m.partner_id = b.partner_id AND m.bill_no = b.bill_no AND m.failure IS NOT NULL
    AND m.settled_at < b.erased_at - interval '1 minute'
  UNION ALL
  SELECT 'callback_attempt' FROM callback c JOIN callback_attempt t USING (partner_id, callback_no)
  WHERE c.partner_id = b.partner_id AND c.bill_no = b.bill_no AND t.answer <> ''
    AND t.at < b.erased_at - interval '1 minute') w
WHERE b.erased_at IS NOT NULL;

-- name: no_expired_lease
-- when: settled
-- says: Nobody holds a lease that has run out.
SELECT 'message' AS of, partner_id, bill_no AS number, leased_until FROM message
WHERE state = 'SENDING' AND leased_until < now()
UNION ALL
SELECT 'callback', partner_id, callback_no, leased_until FROM callback WHERE leased_until < now()
UNION ALL
SELECT 'attempt', partner_id, attempt_no, leased_until FROM attempt
WHERE ask_at IS NOT NULL AND leased_until < now()
UNION ALL
SELECT 'refund', partner_id, refund_no, leased_until FROM refund WHERE leased_until < now();

-- name: nothing_undecided
-- when: settled
-- says: No bill is PAYING or CANCELING, no attempt or message is undecided.
SELECT 'bill' AS of, partner_id, bill_no AS number, state FROM bill WHERE state IN ('PAYING', 'CANCELING')
UNION ALL
SELECT 'attempt', partner_id, attempt_no, state FROM attempt WHERE state IN ('CONFIRMING', 'UNKNOWN')
UNION ALL
SELECT 'message', partner_id, bill_no, state FROM message WHERE state IN ('SENDING', 'UNKNOWN')
UNION ALL
SELECT 'refund', partner_id, refund_no, state FROM refund WHERE state = 'UNDECIDED' AND kind = 'CANCEL';
