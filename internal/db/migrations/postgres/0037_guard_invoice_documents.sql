-- Owned by package invoice. See 0030: an account meets its own rows only.
-- +goose Up
SELECT igny8_guard('billing_details');
SELECT igny8_guard('credit_notes');

-- +goose Down
SELECT igny8_unguard('credit_notes');
SELECT igny8_unguard('billing_details');
