-- Owned by package payment. Behind package_grants stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('package_grants');

-- +goose Down
SELECT igny8_unguard('package_grants');
