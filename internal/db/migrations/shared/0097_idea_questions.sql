-- Owned by package planner.
-- +goose Up
-- What readers ask about the subject, as JSON: the article answers it.
ALTER TABLE ideas ADD COLUMN questions TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE ideas DROP COLUMN questions;
