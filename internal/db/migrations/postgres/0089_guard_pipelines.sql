-- Owned by package automation. Behind the tables of 0088 stands the wall of 0030.
-- +goose Up
SELECT igny8_guard('pipelines');
SELECT igny8_guard('pipeline_runs');

-- +goose Down
SELECT igny8_unguard('pipeline_runs');
SELECT igny8_unguard('pipelines');
