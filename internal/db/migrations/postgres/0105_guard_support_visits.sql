-- Owned by package identity. Behind the table of 0102 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('support_visits');

-- +goose Down
SELECT igny8_unguard('support_visits');
