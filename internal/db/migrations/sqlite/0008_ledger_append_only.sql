-- Owned by package credit. A ledger is only added to.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER credit_entries_no_update BEFORE UPDATE ON credit_entries
BEGIN SELECT RAISE(ABORT, 'credit_entries is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER credit_entries_no_delete BEFORE DELETE ON credit_entries
BEGIN SELECT RAISE(ABORT, 'credit_entries is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER credit_entries_no_delete;
DROP TRIGGER credit_entries_no_update;
