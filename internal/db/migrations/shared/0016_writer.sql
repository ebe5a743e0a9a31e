-- Owned by package writer.
-- A task is written once: its content has versions, of which one is current.
-- +goose Up
CREATE TABLE tasks (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	idea_id    TEXT,
	title      TEXT NOT NULL,
	brief      TEXT NOT NULL,
	words      BIGINT NOT NULL CHECK (words > 0),
	status     TEXT NOT NULL CHECK (status IN ('todo', 'queued', 'written')),
	hold_id    TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id),
	FOREIGN KEY (account_id, idea_id) REFERENCES ideas (account_id, id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id),
	CHECK ((status = 'queued') = (hold_id IS NOT NULL))
);

CREATE TABLE contents (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	task_id    TEXT NOT NULL,
	status     TEXT NOT NULL CHECK (status IN ('draft', 'review', 'approved', 'published')),
	version    BIGINT NOT NULL CHECK (version > 0),
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, task_id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id),
	FOREIGN KEY (account_id, task_id) REFERENCES tasks (account_id, id)
);

CREATE TABLE content_versions (
	account_id       TEXT NOT NULL,
	content_id       TEXT NOT NULL,
	version          BIGINT NOT NULL CHECK (version > 0),
	title            TEXT NOT NULL,
	slug             TEXT NOT NULL,
	meta_description TEXT NOT NULL,
	excerpt          TEXT NOT NULL,
	markdown         TEXT NOT NULL,
	words            BIGINT NOT NULL,
	actor            TEXT NOT NULL,
	created_at       BIGINT NOT NULL,
	PRIMARY KEY (account_id, content_id, version),
	FOREIGN KEY (account_id, content_id) REFERENCES contents (account_id, id)
);

-- +goose Down
DROP TABLE content_versions;
DROP TABLE contents;
DROP TABLE tasks;
