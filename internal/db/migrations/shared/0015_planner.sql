-- Owned by package planner.
-- phrase_key is the phrase without case, accents and doubled spaces: what two
-- spellings of one keyword share. Costs per click are millionths of their
-- currency. Cohesion is in thousandths.
-- +goose Up
CREATE TABLE uploads (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	id         TEXT NOT NULL,
	name       TEXT NOT NULL,
	body       BYTEA NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id)
);

CREATE TABLE clusters (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	name       TEXT NOT NULL,
	pillar     TEXT NOT NULL,
	intent     TEXT NOT NULL,
	size       BIGINT NOT NULL CHECK (size > 0),
	volume     BIGINT NOT NULL CHECK (volume >= 0),
	cohesion   BIGINT NOT NULL CHECK (cohesion >= 0 AND cohesion <= 1000),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, site_id, id),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id)
);

CREATE TABLE keywords (
	account_id   TEXT NOT NULL,
	id           TEXT NOT NULL,
	site_id      TEXT NOT NULL,
	sector_id    TEXT NOT NULL,
	cluster_id   TEXT,
	phrase       TEXT NOT NULL,
	phrase_key   TEXT NOT NULL,
	volume       BIGINT CHECK (volume >= 0),
	difficulty   BIGINT CHECK (difficulty >= 0 AND difficulty <= 100),
	cpc_micros   BIGINT CHECK (cpc_micros >= 0),
	cpc_currency TEXT NOT NULL,
	intent       TEXT NOT NULL CHECK (intent IN ('', 'informational', 'navigational', 'commercial', 'transactional')),
	country      TEXT NOT NULL,
	created_at   BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, site_id, sector_id, phrase_key),
	FOREIGN KEY (account_id, site_id, sector_id) REFERENCES sectors (account_id, site_id, id),
	FOREIGN KEY (account_id, site_id, cluster_id) REFERENCES clusters (account_id, site_id, id)
);
CREATE INDEX keywords_by_cluster ON keywords (account_id, cluster_id);

CREATE TABLE ideas (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	cluster_id TEXT NOT NULL,
	hold_id    TEXT NOT NULL, -- which paid for it
	title      TEXT NOT NULL,
	title_key  TEXT NOT NULL,
	angle      TEXT NOT NULL,
	audience   TEXT NOT NULL,
	intent     TEXT NOT NULL,
	outline    TEXT NOT NULL,
	keywords   TEXT NOT NULL,
	status     TEXT NOT NULL CHECK (status IN ('proposed', 'accepted', 'dismissed')),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, site_id, title_key),
	FOREIGN KEY (account_id, site_id, cluster_id) REFERENCES clusters (account_id, site_id, id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id)
);
CREATE INDEX ideas_by_hold ON ideas (account_id, hold_id);
CREATE INDEX ideas_by_cluster ON ideas (account_id, cluster_id);

-- +goose Down
DROP TABLE ideas;
DROP TABLE keywords;
DROP TABLE clusters;
DROP TABLE uploads;
