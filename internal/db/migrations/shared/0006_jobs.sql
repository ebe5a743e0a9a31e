-- Owned by package job.
-- River's own tables say when work runs; this one says what the account that
-- asked for it sees. token fences: a run that lost its lease holds an old one
-- and can no longer write.
-- +goose Up
CREATE TABLE jobs (
	account_id       TEXT NOT NULL REFERENCES accounts (id),
	id               TEXT NOT NULL,
	kind             TEXT NOT NULL,
	state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
	token            BIGINT NOT NULL,
	actor            TEXT NOT NULL,
	args             TEXT NOT NULL,
	done             BIGINT NOT NULL DEFAULT 0,
	total            BIGINT NOT NULL DEFAULT 0,
	message          TEXT NOT NULL DEFAULT '',
	quote            BIGINT,
	result           TEXT,
	error            TEXT,
	cancel_requested BOOLEAN NOT NULL DEFAULT FALSE,
	heartbeat_at     BIGINT,
	created_at       BIGINT NOT NULL,
	started_at       BIGINT,
	finished_at      BIGINT,
	PRIMARY KEY (account_id, id),
	CHECK ((finished_at IS NULL) = (state IN ('queued', 'running')))
);
CREATE INDEX jobs_running ON jobs (heartbeat_at) WHERE state = 'running';

-- +goose Down
DROP TABLE jobs;
