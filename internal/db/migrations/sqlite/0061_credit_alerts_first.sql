-- Owned by package credit. What the accounts that are there are warned at.
-- +goose Up
INSERT INTO credit_alerts (account_id, threshold, automatic)
SELECT account_id, coalesce(max(CASE source WHEN 'plan' THEN amount END), max(amount)) / 10, TRUE FROM credit_lots GROUP BY account_id;

-- +goose Down
DELETE FROM credit_alerts;
