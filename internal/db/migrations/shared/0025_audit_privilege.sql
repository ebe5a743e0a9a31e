-- Owned by package audit.
-- By which privilege an operator acted, so that the log answers who used it.
-- Ids are ordered by time, and the operator reads the log of all accounts.
-- +goose Up
ALTER TABLE audit_events ADD COLUMN privilege TEXT NOT NULL DEFAULT '';
ALTER TABLE staff_audit_events ADD COLUMN privilege TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_events_by_time ON audit_events (id);

-- +goose Down
DROP INDEX audit_events_by_time;
ALTER TABLE staff_audit_events DROP COLUMN privilege;
ALTER TABLE audit_events DROP COLUMN privilege;
