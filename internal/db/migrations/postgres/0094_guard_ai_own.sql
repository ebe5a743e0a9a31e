-- Owned by package ai. Behind the table of 0093 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('ai_own');

-- +goose Down
SELECT igny8_unguard('ai_own');
