-- Owned by package planner.
-- The rows of a file that were left out, as a file that a person can open, kept
-- for a while.
-- +goose Up
CREATE TABLE import_rejections (
	account_id TEXT NOT NULL,
	job_id     TEXT NOT NULL,
	body       BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, job_id),
	FOREIGN KEY (account_id, job_id) REFERENCES jobs (account_id, id)
);
CREATE INDEX import_rejections_by_age ON import_rejections (created_at);

-- +goose Down
DROP TABLE import_rejections;
