-- Owned by package payment.
-- Behind the tables of 0040 stands the wall of 0030, and what was written in
-- money_entries stays.
-- +goose Up
SELECT igny8_guard('payment_targets');
SELECT igny8_guard('payment_proofs');
SELECT igny8_guard('money_balances');
SELECT igny8_guard('money_entries');
SELECT igny8_guard('subscription_periods');
SELECT igny8_guard('credit_debts');
CREATE TRIGGER money_entries_append_only BEFORE UPDATE OR DELETE ON money_entries
FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER money_entries_no_truncate BEFORE TRUNCATE ON money_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose Down
DROP TRIGGER money_entries_no_truncate ON money_entries;
DROP TRIGGER money_entries_append_only ON money_entries;
SELECT igny8_unguard('credit_debts');
SELECT igny8_unguard('subscription_periods');
SELECT igny8_unguard('money_entries');
SELECT igny8_unguard('money_balances');
SELECT igny8_unguard('payment_proofs');
SELECT igny8_unguard('payment_targets');
