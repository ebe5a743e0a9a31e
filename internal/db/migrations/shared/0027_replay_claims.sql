-- Owned by package replay.
-- Who answers a request whose effect is not in one transaction with its answer,
-- and until when nobody else may begin it.
-- +goose Up
ALTER TABLE replay_answers ADD COLUMN claim TEXT;
ALTER TABLE replay_answers ADD COLUMN claimed_until BIGINT;

-- +goose Down
ALTER TABLE replay_answers DROP COLUMN claimed_until;
ALTER TABLE replay_answers DROP COLUMN claim;
