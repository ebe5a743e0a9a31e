-- Owned by package plan.
-- How many requests an account may send in a minute. The defaults are what
-- the plans that are there get; an operator may change them.
-- +goose Up
ALTER TABLE plans ADD COLUMN rate_read BIGINT NOT NULL DEFAULT 600 CHECK (rate_read > 0);
ALTER TABLE plans ADD COLUMN rate_write BIGINT NOT NULL DEFAULT 300 CHECK (rate_write > 0);
ALTER TABLE plans ADD COLUMN rate_ai BIGINT NOT NULL DEFAULT 60 CHECK (rate_ai > 0);
ALTER TABLE plans ADD COLUMN rate_bridge BIGINT NOT NULL DEFAULT 300 CHECK (rate_bridge > 0);

-- +goose Down
ALTER TABLE plans DROP COLUMN rate_bridge;
ALTER TABLE plans DROP COLUMN rate_ai;
ALTER TABLE plans DROP COLUMN rate_write;
ALTER TABLE plans DROP COLUMN rate_read;
