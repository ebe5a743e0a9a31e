-- Owned by package automation.
-- A pipeline is what the program orders for a site by itself, within limits. A
-- pipeline's run is one order: what it was, of how many, and for how much.
-- +goose Up
CREATE TABLE pipelines (
	account_id       TEXT NOT NULL REFERENCES accounts (id),
	site_id          TEXT NOT NULL,
	paused           BOOLEAN NOT NULL,
	steps            TEXT NOT NULL,
	ideas_per_day    BIGINT NOT NULL CHECK (ideas_per_day BETWEEN 0 AND 100),
	articles_per_day BIGINT NOT NULL CHECK (articles_per_day BETWEEN 0 AND 50),
	posts_per_day    BIGINT NOT NULL CHECK (posts_per_day BETWEEN 0 AND 50),
	budget           BIGINT CHECK (budget >= 0),
	waits            TEXT NOT NULL,
	next_at          BIGINT,
	created_at       BIGINT NOT NULL,
	updated_at       BIGINT NOT NULL,
	PRIMARY KEY (account_id, site_id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id),
	CHECK (paused = (next_at IS NULL))
);
CREATE INDEX pipelines_due ON pipelines (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE pipeline_runs (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	step       TEXT NOT NULL CHECK (step IN ('cluster', 'ideas', 'write', 'approve', 'publish')),
	items      BIGINT NOT NULL CHECK (items > 0),
	quote      BIGINT NOT NULL CHECK (quote >= 0),
	job_id     TEXT,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, site_id) REFERENCES pipelines (account_id, site_id),
	FOREIGN KEY (account_id, job_id) REFERENCES jobs (account_id, id)
);
CREATE INDEX pipeline_runs_of ON pipeline_runs (account_id, site_id, created_at);

-- +goose Down
DROP TABLE pipeline_runs;
DROP TABLE pipelines;
