-- Owned by package payment. Behind the tables of 0048 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('credit_note_allocations');
SELECT igny8_guard('plan_changes');

-- +goose Down
SELECT igny8_unguard('plan_changes');
SELECT igny8_unguard('credit_note_allocations');
