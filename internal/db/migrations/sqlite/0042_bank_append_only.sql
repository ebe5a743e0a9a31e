-- Owned by package bank. What the bank said is only added to.
-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER bank_files_no_update BEFORE UPDATE ON bank_files
BEGIN SELECT RAISE(ABORT, 'bank_files is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_files_no_delete BEFORE DELETE ON bank_files
BEGIN SELECT RAISE(ABORT, 'bank_files is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_statements_no_update BEFORE UPDATE ON bank_statements
BEGIN SELECT RAISE(ABORT, 'bank_statements is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_statements_no_delete BEFORE DELETE ON bank_statements
BEGIN SELECT RAISE(ABORT, 'bank_statements is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_lines_no_update BEFORE UPDATE ON bank_lines
BEGIN SELECT RAISE(ABORT, 'bank_lines is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_lines_no_delete BEFORE DELETE ON bank_lines
BEGIN SELECT RAISE(ABORT, 'bank_lines is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_line_names_no_update BEFORE UPDATE ON bank_line_names
BEGIN SELECT RAISE(ABORT, 'bank_line_names is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bank_line_names_no_delete BEFORE DELETE ON bank_line_names
BEGIN SELECT RAISE(ABORT, 'bank_line_names is append-only'); END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER bank_line_names_no_delete;
DROP TRIGGER bank_line_names_no_update;
DROP TRIGGER bank_lines_no_delete;
DROP TRIGGER bank_lines_no_update;
DROP TRIGGER bank_statements_no_delete;
DROP TRIGGER bank_statements_no_update;
DROP TRIGGER bank_files_no_delete;
DROP TRIGGER bank_files_no_update;
