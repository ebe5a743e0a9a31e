-- Owned by package publish.
-- A channel is how a site is published to: rest, by WordPress's own API with an
-- application password that is sealed, or bridge, by the plugin that asks. A
-- publication is what is to become of an article there, and what has.
-- +goose Up
CREATE TABLE site_channels (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	site_id    TEXT NOT NULL,
	way        TEXT NOT NULL CHECK (way IN ('rest', 'bridge')),
	url        TEXT NOT NULL,
	username   TEXT NOT NULL,
	password   BYTEA,
	trouble    TEXT NOT NULL DEFAULT '',
	checked_at BIGINT,
	health     TEXT NOT NULL DEFAULT '',
	seen_at    BIGINT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, site_id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id),
	CHECK ((way = 'rest') = (password IS NOT NULL))
);

CREATE TABLE publications (
	account_id TEXT NOT NULL,
	content_id TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	wanted     TEXT NOT NULL CHECK (wanted IN ('draft', 'publish', 'withdraw')),
	at         BIGINT,
	extras     TEXT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('queued', 'draft', 'scheduled', 'published', 'withdrawn', 'failed')),
	version    BIGINT,
	post_id    BIGINT,
	url        TEXT NOT NULL,
	code       TEXT NOT NULL,
	detail     TEXT NOT NULL,
	job_id     TEXT,
	lease_until BIGINT,
	look_at    BIGINT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, content_id),
	FOREIGN KEY (account_id, content_id) REFERENCES contents (account_id, id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id),
	FOREIGN KEY (account_id, job_id) REFERENCES jobs (account_id, id),
	CHECK ((state = 'failed') = (code <> ''))
);
CREATE INDEX publications_of_site ON publications (account_id, site_id, state, updated_at);
CREATE INDEX publications_to_look_at ON publications (look_at) WHERE look_at IS NOT NULL;

-- +goose Down
DROP TABLE publications;
DROP TABLE site_channels;
