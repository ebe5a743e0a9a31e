-- Owned by package credit. What the accounts that are there are warned at; then
-- behind the table of 0060 stands the wall of 0030.
-- +goose Up
ALTER TABLE credit_balances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_lots NO FORCE ROW LEVEL SECURITY;
INSERT INTO credit_alerts (account_id, threshold, automatic)
SELECT account_id, coalesce(max(CASE source WHEN 'plan' THEN amount END), max(amount)) / 10, TRUE FROM credit_lots GROUP BY account_id;
ALTER TABLE credit_lots FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_balances FORCE ROW LEVEL SECURITY;
SELECT igny8_guard('credit_alerts');

-- +goose Down
SELECT igny8_unguard('credit_alerts');
