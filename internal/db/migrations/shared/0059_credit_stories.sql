-- Owned by package credit.
-- What became of a grant: the entries that are about its lot, and the holds that
-- took from it. Without them that is a walk over the whole ledger.
-- +goose Up
CREATE INDEX credit_entries_by_lot ON credit_entries (account_id, lot_id, seq) WHERE lot_id IS NOT NULL;
CREATE INDEX credit_hold_lots_by_lot ON credit_hold_lots (account_id, lot_id, hold_id);
CREATE INDEX credit_holds_by_lot ON credit_holds (account_id, lot_id, id) WHERE lot_id IS NOT NULL;

-- +goose Down
DROP INDEX credit_holds_by_lot;
DROP INDEX credit_hold_lots_by_lot;
DROP INDEX credit_entries_by_lot;
