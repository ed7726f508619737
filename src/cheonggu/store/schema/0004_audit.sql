-- What operators did: one row for each act, written in the act's own commit and never changed after that.
-- It is about the whole installation, so its key does not begin with the partner. It holds no secrets, and nothing
-- about payers.

CREATE TABLE audit (
  audit_no    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),  -- the database's own clock
  operator    text NOT NULL CHECK (operator <> ''),
  host        text NOT NULL,
  act         text NOT NULL CHECK (act <> ''),
  partner_id  bigint,                    -- whom it was about, unless it was about everybody
  about       jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(about) = 'object')
);

CREATE FUNCTION refuse_to_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the table % is only added to: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$;

-- Of statements, not rows, so that a TRUNCATE is refused, too; and ALWAYS, whatever session_replication_role says.
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_rewrite();
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_is_only_added_to;
