-- Owned by package planner.
-- A locked cluster is one that a person has made, changed or locked: no
-- clustering takes its keywords or its name.
-- +goose Up
ALTER TABLE clusters ADD COLUMN locked BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE clusters DROP COLUMN locked;
