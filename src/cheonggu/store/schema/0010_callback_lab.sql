-- The request as it was sent, which only a sandbox keeps: a signature cannot be made again after a rotation.
ALTER TABLE callback_attempt ADD COLUMN sent json;

-- What the sandbox does to callbacks on purpose. Its own, as all of sandbox_*: the service knows nothing of it.
CREATE TABLE sandbox_trouble (
  partner_id  bigint NOT NULL,
  bill_id     text NOT NULL,             -- '': any bill of the partner's
  kind        text NOT NULL CHECK (kind IN ('DOWN', 'LOST', 'ANSWER_LOST')),
  times_left  integer CHECK (times_left >= 0),
  until       timestamptz,               -- business time
  PRIMARY KEY (partner_id, bill_id, kind),
  CHECK ((kind = 'DOWN') = (until IS NOT NULL)),
  CHECK ((kind = 'DOWN') = (times_left IS NULL))
);

-- Who is handed a partner's callbacks instead of their callbackUrl, and what is on its way to them. Nothing
-- here outlives its ten seconds, so none of it needs to outlive a crash. Times are the database's own.
CREATE UNLOGGED TABLE sandbox_listener (
  partner_id    bigint NOT NULL,
  listener_id   text NOT NULL,
  forward_to    text NOT NULL,           -- as the listener says it, for people
  began_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  leased_until  timestamptz NOT NULL,
  PRIMARY KEY (partner_id, listener_id)
);

CREATE UNLOGGED TABLE sandbox_forward (
  partner_id   bigint NOT NULL,
  forward_no   bigint GENERATED ALWAYS AS IDENTITY,
  request      json NOT NULL,
  wanted_until timestamptz NOT NULL,     -- whoever answers later is not heard
  listener_id  text,                     -- who has taken it
  reply        json,
  PRIMARY KEY (partner_id, forward_no),
  CHECK (reply IS NULL OR listener_id IS NOT NULL)
);
