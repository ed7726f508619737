-- Since when live mode has served this database, if it has. A sandbox's worker there would send real messages nowhere
-- and take payments that were made for none, so sandbox mode keeps off it from then on.
CREATE TABLE live (
  only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  since     timestamptz NOT NULL DEFAULT clock_timestamp()
);
