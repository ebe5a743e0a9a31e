-- Owned by package payment.
-- Behind the tables of 0043 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('payment_sessions');
SELECT igny8_guard('vendor_agreements');

-- +goose Down
SELECT igny8_unguard('vendor_agreements');
SELECT igny8_unguard('payment_sessions');
