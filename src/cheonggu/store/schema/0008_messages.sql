-- A message is known by its bill and its send number. A number of its own, and with it an index more to write at
-- every step of a message's life, is not needed. The sandbox's sender knows the messages that it has by their new
-- ids, so that none in hand is taken for one that it never had.
UPDATE sandbox_message s SET message_id = format('m%s-%s-%s', m.partner_id, m.bill_no, m.send_number)
FROM message m WHERE s.message_id = format('m%s-%s', m.partner_id, m.message_no);
UPDATE sandbox_script s SET subject = format('m%s-%s-%s', m.partner_id, m.bill_no, m.send_number)
FROM message m WHERE s.subject = format('m%s-%s', m.partner_id, m.message_no);

DROP INDEX message_due;
ALTER TABLE message DROP COLUMN message_no;
DROP SEQUENCE message_no_seq;
ALTER TABLE message ADD CONSTRAINT message_pkey PRIMARY KEY USING INDEX message_of_bill;

-- By partner first: a claim takes a few messages of everybody before it takes many of one.
CREATE INDEX message_due ON message (partner_id, due_at) WHERE due_at IS NOT NULL;

-- What the sandbox's sender is asked for, and no words: those are made again from the bill by whoever shows them.
DROP INDEX sandbox_message_of_bill;
ALTER TABLE sandbox_message DROP COLUMN bill_id, DROP COLUMN kind, DROP COLUMN sealed;
