-- Owned by package credit. Behind the tables of 0086 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('credit_failures');
SELECT igny8_guard('credit_overruns');

-- +goose Down
SELECT igny8_unguard('credit_overruns');
SELECT igny8_unguard('credit_failures');
