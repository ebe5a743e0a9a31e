-- Owned by package planner. Behind the table of 0063 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('import_rejections');

-- +goose Down
SELECT igny8_unguard('import_rejections');
