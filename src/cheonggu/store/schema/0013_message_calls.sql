-- What a worker does for its messages, as functions: the planner's settings come with them, so that neither a
-- transaction nor a round trip is spent on those.

-- Leases messages that are due, a few of each of some partners. Steps from partner to partner through message_due,
-- so that one with a long queue costs no more than one with a short queue. A message whose bill is being paid waits
-- for the outcome: READY again sends it. What was claimed, settled or withdrawn since it was found has another fence
-- or is in another state. Messages whose bill is over are told of as WITHDRAWN, and left as they are.
-- The plan stays, since planning takes longer than all the rest for a lone message. So the settings leave one way for
-- each table, whatever its size was when the plan was made: message by message_due, in its order, and then by place;
-- bill by its key, which only an order can enforce.
CREATE FUNCTION claim_due(
  a_now timestamptz, a_lease_seconds double precision, a_behind bigint, a_partners integer, a_most_of_each integer,
  a_most integer
) RETURNS TABLE (
  partner_id bigint, bill_no bigint, send_number integer, fence bigint, state text, handed_at timestamptz,
  bill_id text, issuer text, product_name text, price_won bigint, message text, expires_at timestamptz,
  short_code text, name_sealed bytea, phone_sealed bytea
) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off SET enable_sort = off SET enable_incremental_sort = off
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH RECURSIVE looked (partner_id, nth) AS (
    (SELECT m.partner_id, 1 FROM message m
     WHERE m.due_at IS NOT NULL AND m.partner_id > a_behind ORDER BY m.partner_id, m.due_at LIMIT 1)
    UNION ALL
    SELECT n.partner_id, l.nth + 1
    FROM looked l CROSS JOIN LATERAL (
      SELECT m.partner_id FROM message m
      WHERE m.due_at IS NOT NULL AND m.partner_id > l.partner_id ORDER BY m.partner_id, m.due_at LIMIT 1) n
    WHERE l.nth < a_partners),
  due AS MATERIALIZED (
    SELECT d.* FROM looked l CROSS JOIN LATERAL (
      SELECT m.ctid AS place, m.partner_id, m.bill_no, m.send_number, m.fence, m.state, m.handed_at,
             CASE WHEN m.state <> 'QUEUED' THEN 'UNKNOWN'
                  WHEN b.state = 'READY' AND b.expires_at > a_now THEN 'SENDING' ELSE 'WITHDRAWN' END AS next,
             b.bill_id, b.issuer, b.product_name, b.price_won, b.message, b.expires_at, b.short_code,
             b.name_sealed, b.phone_sealed
      FROM message m CROSS JOIN LATERAL (
        SELECT * FROM bill b WHERE b.partner_id = m.partner_id AND b.bill_no BETWEEN m.bill_no AND m.bill_no
        ORDER BY b.bill_no LIMIT 1) b
      WHERE m.partner_id = l.partner_id AND m.due_at <= a_now
        AND (m.leased_until IS NULL OR m.leased_until < now())
        AND NOT (m.state = 'QUEUED' AND b.state = 'PAYING')
      ORDER BY m.due_at LIMIT a_most_of_each) d
    LIMIT a_most),
  taken AS (
    UPDATE message m
    SET state = d.next, fence = m.fence + 1, leased_until = now() + make_interval(secs => a_lease_seconds),
        handed_at = CASE d.next WHEN 'SENDING' THEN a_now ELSE m.handed_at END
    FROM due d
    WHERE m.ctid = d.place AND m.fence = d.fence AND m.state = d.state AND d.next IN ('SENDING', 'UNKNOWN')
    RETURNING m.partner_id, m.bill_no, m.send_number, m.fence, m.state, m.handed_at, d.bill_id, d.issuer,
              d.product_name, d.price_won, d.message, d.expires_at, d.short_code, d.name_sealed, d.phone_sealed)
  SELECT * FROM taken
  UNION ALL
  SELECT d.partner_id, d.bill_no, d.send_number, d.fence, d.next, d.handed_at, d.bill_id, d.issuer,
         d.product_name, d.price_won, d.message, d.expires_at, d.short_code, d.name_sealed, d.phone_sealed
  FROM due d WHERE d.next = 'WITHDRAWN';
END $$;

-- Writes that messages in hand went; how many were written. Each column comes as one text. A lease is there until
-- somebody settles, so running this twice writes once. It is asked for in a way that tells the planner nothing:
-- `IS NOT NULL` it takes for so rare that it looks for those first. This one is planned anew for each batch: a plan
-- made while the table was empty reads all of it.
CREATE FUNCTION settle_sent(
  a_separator text, a_partner_ids text, a_bill_nos text, a_send_numbers text, a_fences text, a_settled_at text,
  a_references text
) RETURNS integer LANGUAGE plpgsql
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
  partner_ids  bigint[] := string_to_array(a_partner_ids, a_separator);
  bill_nos     bigint[] := string_to_array(a_bill_nos, a_separator);
  send_numbers integer[] := string_to_array(a_send_numbers, a_separator);
  fences       bigint[] := string_to_array(a_fences, a_separator);
  settled_ats  timestamptz[] := string_to_array(a_settled_at, a_separator);
  refs         text[] := string_to_array(a_references, a_separator);
  written      integer;
BEGIN
  UPDATE message m
  SET state = 'SENT', due_at = NULL, settled_at = r.settled_at, leased_until = NULL, reference = r.reference,
      failure_code = NULL, failure = NULL
  FROM unnest(partner_ids, bill_nos, send_numbers, fences, settled_ats, refs)
       r (partner_id, bill_no, send_number, fence, settled_at, reference)
  WHERE m.partner_id = r.partner_id AND m.bill_no = r.bill_no AND m.send_number = r.send_number
    AND m.fence = r.fence AND coalesce(m.leased_until, '-infinity') > '-infinity';
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written;
END $$;
