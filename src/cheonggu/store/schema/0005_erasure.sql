-- A payer's data is erased from a bill that is over: its seals, its blind indexes, the free text and where its
-- receipt led, all of them or none. The bill itself, its payment and its points stay.

ALTER TABLE bill
  ADD COLUMN erased_at timestamptz,
  ADD CONSTRAINT bill_erased_whole CHECK (
    CASE WHEN erased_at IS NULL THEN num_nulls(name_sealed, phone_sealed, name_index, phone_index) = 0
         ELSE num_nonnulls(name_sealed, phone_sealed, name_index, phone_index, message, redirect_url) = 0 END);

-- Bills about which nothing is under way, and since when that is so. One that can still be paid closes when it
-- expires, so its closed_at may lie ahead.
CREATE VIEW closed_bill AS
SELECT b.partner_id, b.bill_no, b.step, b.erased_at,
       greatest(
         CASE b.state WHEN 'READY' THEN b.expires_at END,
         (SELECT max(h.at) FROM bill_history h WHERE h.partner_id = b.partner_id AND h.bill_no = b.bill_no),
         (SELECT max(a.settled_at) FROM attempt a WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no),
         (SELECT max(r.settled_at) FROM refund r WHERE r.partner_id = b.partner_id AND r.bill_no = b.bill_no),
         (SELECT max(m.settled_at) FROM message m WHERE m.partner_id = b.partner_id AND m.bill_no = b.bill_no),
         (SELECT max(c.settled_at) FROM callback c WHERE c.partner_id = b.partner_id AND c.bill_no = b.bill_no)
       ) AS closed_at
FROM bill b
WHERE b.state IN ('READY', 'PAID', 'CANCELED', 'DESTROYED')
  AND NOT EXISTS (
    SELECT FROM attempt a WHERE a.partner_id = b.partner_id AND a.bill_no = b.bill_no
      AND (a.ask_at IS NOT NULL OR a.state IN ('CONFIRMING', 'UNKNOWN', 'LATE_CHARGED')))
  AND NOT EXISTS (
    SELECT FROM refund r WHERE r.partner_id = b.partner_id AND r.bill_no = b.bill_no AND r.ask_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM message m WHERE m.partner_id = b.partner_id AND m.bill_no = b.bill_no AND m.due_at IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM callback c WHERE c.partner_id = b.partner_id AND c.bill_no = b.bill_no AND c.due_at IS NOT NULL);
