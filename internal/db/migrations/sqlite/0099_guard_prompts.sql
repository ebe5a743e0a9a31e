-- Owned by package prompt. A version is never changed.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER prompts_no_update BEFORE UPDATE ON prompts
BEGIN SELECT RAISE(ABORT, 'prompts is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER prompts_no_delete BEFORE DELETE ON prompts
BEGIN SELECT RAISE(ABORT, 'prompts is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER prompts_no_delete;
DROP TRIGGER prompts_no_update;
