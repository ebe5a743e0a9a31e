-- Owned by package planner.
-- +goose Up
-- A file that was looked at and not ordered yet is waiting; what nobody orders
-- goes after a day.
ALTER TABLE uploads ADD COLUMN waiting BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX keywords_by_volume ON keywords (account_id, site_id, (coalesce(volume, -1)) DESC, id);

-- +goose Down
DROP INDEX keywords_by_volume;
ALTER TABLE uploads DROP COLUMN waiting;
