-- Owned by package credit.
-- Additive: the release before this one runs on it, and its entries have no
-- hash: head is the link of the entry head_seq, and who continues the chain
-- from there works out the links of those after it. A hold may lapse: it ends by
-- itself when its lease runs out. One that lapses and took all from one lot says
-- so in lot_id, and has no row in credit_hold_lots. site_id says for which site
-- the work is.
-- +goose Up
ALTER TABLE credit_entries ADD COLUMN hash BYTEA CHECK (hash IS NULL OR length(hash) = 32);
ALTER TABLE credit_balances ADD COLUMN head BYTEA CHECK (head IS NULL OR length(head) = 32);
ALTER TABLE credit_balances ADD COLUMN head_seq BIGINT;
ALTER TABLE credit_holds ADD COLUMN site_id TEXT;
ALTER TABLE credit_holds ADD COLUMN lapses BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE credit_holds ADD COLUMN lot_id TEXT;
CREATE INDEX credit_holds_lapsing ON credit_holds (account_id, lease_until) WHERE lapses AND ended_at IS NULL;

-- +goose Down
DROP INDEX credit_holds_lapsing;
ALTER TABLE credit_holds DROP COLUMN lot_id;
ALTER TABLE credit_holds DROP COLUMN lapses;
ALTER TABLE credit_holds DROP COLUMN site_id;
ALTER TABLE credit_balances DROP COLUMN head_seq;
ALTER TABLE credit_balances DROP COLUMN head;
ALTER TABLE credit_entries DROP COLUMN hash;
