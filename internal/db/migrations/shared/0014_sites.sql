-- Owned by package site. Every site has at least one sector, so that a
-- keyword always has one.
-- +goose Up
CREATE TABLE sites (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	id         TEXT NOT NULL,
	name       TEXT NOT NULL,
	domain     TEXT NOT NULL,
	language   TEXT NOT NULL,
	industry   TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, domain)
);

CREATE TABLE sectors (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	name       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, site_id, id),
	UNIQUE (account_id, site_id, name),
	FOREIGN KEY (account_id, site_id) REFERENCES sites (account_id, id)
);

-- +goose Down
DROP TABLE sectors;
DROP TABLE sites;
