-- Owned by package prompt. A version is never changed.
-- +goose Up
CREATE TRIGGER prompts_append_only BEFORE UPDATE OR DELETE ON prompts
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER prompts_no_truncate BEFORE TRUNCATE ON prompts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TRIGGER prompts_no_truncate ON prompts;
DROP TRIGGER prompts_append_only ON prompts;
