-- Owned by package credit. Behind the tables of 0055 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('credit_usage');
SELECT igny8_guard('credit_usage_cursor');
SELECT igny8_guard('credit_usage_orders');

-- +goose Down
SELECT igny8_unguard('credit_usage_orders');
SELECT igny8_unguard('credit_usage_cursor');
SELECT igny8_unguard('credit_usage');
