-- Owned by package flag.
-- +goose Up
SELECT igny8_guard('flag_overrides');

-- +goose Down
SELECT igny8_unguard('flag_overrides');
