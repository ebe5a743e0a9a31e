-- Owned by package publish. Behind the tables of 0080 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('site_channels');
SELECT igny8_guard('publications');

-- +goose Down
SELECT igny8_unguard('publications');
SELECT igny8_unguard('site_channels');
