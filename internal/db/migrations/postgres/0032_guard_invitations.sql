-- Owned by package account.
-- Invitations stand behind the wall of 0030.
-- +goose Up
SELECT igny8_guard('invitations');

-- +goose Down
SELECT igny8_unguard('invitations');
