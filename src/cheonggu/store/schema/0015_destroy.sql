-- Destroying a bill in one call: as a transaction of statements most of its cost was their way to and fro. The plans
-- stay, also those that were made while the tables were small: hence the settings, as reading all of a table is never
-- right here.

-- Who answers at a callback's URL: scheme, host and port, lower case. What is slow there delays only its own.
CREATE FUNCTION receiver_of(a_url text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT lower(substring(a_url FROM '^[^/]+//[^/?#]*'));
$$;

-- Withdraws a bill's messages that are not being sent yet, and returns their points. The schema allows one return a
-- message, so a second one fails instead of doubling.
CREATE FUNCTION withdraw_messages(a_partner bigint, a_bill bigint, a_wallet text, a_at timestamptz)
RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  withdrawn record;
  balance   bigint;
BEGIN
  FOR withdrawn IN
    UPDATE message SET state = 'WITHDRAWN', due_at = NULL, leased_until = NULL, settled_at = a_at
    WHERE partner_id = a_partner AND bill_no = a_bill AND state = 'QUEUED'
    RETURNING send_number, cost_points
  LOOP
    CONTINUE WHEN withdrawn.cost_points = 0;
    UPDATE wallet SET balance_points = balance_points + withdrawn.cost_points
    WHERE partner_id = a_partner AND wallet_code = a_wallet
    RETURNING balance_points INTO STRICT balance;
    INSERT INTO ledger (partner_id, wallet_code, kind, delta_points, balance_points, bill_no, send_number, at)
    VALUES (a_partner, a_wallet, 'RETURN', withdrawn.cost_points, balance, a_bill, withdrawn.send_number, a_at);
  END LOOP;
END $$;

-- READY to DESTROYED with all that follows from it; the bill's number, or NULL when the partner has no such bill of
-- this price in that state, and nothing was done. Each statement sees what was committed while the one before waited.
CREATE FUNCTION destroy_bill(a_partner bigint, a_bill_id text, a_price_won bigint, a_at timestamptz)
RETURNS bigint LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  destroyed record;
BEGIN
  UPDATE bill SET state = 'DESTROYED', step = step + 1
  WHERE partner_id = a_partner AND bill_id = a_bill_id AND price_won = a_price_won AND state = 'READY'
  RETURNING bill_no, step, wallet_code, callback_url INTO destroyed;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  INSERT INTO bill_history (partner_id, bill_no, step, from_state, to_state, at)
  VALUES (a_partner, destroyed.bill_no, destroyed.step, 'READY', 'DESTROYED', a_at);
  PERFORM withdraw_messages(a_partner, destroyed.bill_no, destroyed.wallet_code, a_at);
  INSERT INTO callback (partner_id, bill_no, kind, url, receiver, began_at, due_at)
  SELECT a_partner, destroyed.bill_no, 'DESTROYED', destroyed.callback_url, receiver_of(destroyed.callback_url),
         a_at, a_at
  FROM partner WHERE partner_id = a_partner AND notices;
  RETURN destroyed.bill_no;
END $$;
