-- Owned by package renewal. Behind renewal_notices stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('renewal_notices');

-- +goose Down
SELECT igny8_unguard('renewal_notices');
