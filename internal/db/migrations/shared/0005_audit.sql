-- Owned by package audit.
-- +goose Up
CREATE TABLE audit_events (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	id         TEXT NOT NULL,
	actor      TEXT NOT NULL,
	action     TEXT NOT NULL,
	subject    TEXT NOT NULL,
	detail     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id)
);

-- What staff did that belongs to no account: privileges, plans, settings.
CREATE TABLE staff_audit_events (
	id         TEXT PRIMARY KEY,
	actor      TEXT NOT NULL,
	action     TEXT NOT NULL,
	subject    TEXT NOT NULL,
	detail     TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE staff_audit_events;
DROP TABLE audit_events;
