-- Late charges of all partners are listed together; there are few, and nothing else is written into this.
CREATE INDEX attempt_late ON attempt (partner_id, attempt_no) WHERE state IN ('LATE_CHARGED', 'LATE_REFUNDED');
