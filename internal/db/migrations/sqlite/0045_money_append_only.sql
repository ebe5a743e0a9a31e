-- Owned by package payment. What was written in money_entries stays.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER money_entries_no_update BEFORE UPDATE ON money_entries
BEGIN SELECT RAISE(ABORT, 'money_entries is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER money_entries_no_delete BEFORE DELETE ON money_entries
BEGIN SELECT RAISE(ABORT, 'money_entries is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER money_entries_no_delete;
DROP TRIGGER money_entries_no_update;
