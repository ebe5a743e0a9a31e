-- Owned by package bank. What the bank said is only added to.
-- +goose Up
CREATE TRIGGER bank_files_append_only BEFORE UPDATE OR DELETE ON bank_files
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_files_no_truncate BEFORE TRUNCATE ON bank_files
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_statements_append_only BEFORE UPDATE OR DELETE ON bank_statements
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_statements_no_truncate BEFORE TRUNCATE ON bank_statements
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_lines_append_only BEFORE UPDATE OR DELETE ON bank_lines
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_lines_no_truncate BEFORE TRUNCATE ON bank_lines
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_line_names_append_only BEFORE UPDATE OR DELETE ON bank_line_names
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER bank_line_names_no_truncate BEFORE TRUNCATE ON bank_line_names
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TRIGGER bank_line_names_no_truncate ON bank_line_names;
DROP TRIGGER bank_line_names_append_only ON bank_line_names;
DROP TRIGGER bank_lines_no_truncate ON bank_lines;
DROP TRIGGER bank_lines_append_only ON bank_lines;
DROP TRIGGER bank_statements_no_truncate ON bank_statements;
DROP TRIGGER bank_statements_append_only ON bank_statements;
DROP TRIGGER bank_files_no_truncate ON bank_files;
DROP TRIGGER bank_files_append_only ON bank_files;
