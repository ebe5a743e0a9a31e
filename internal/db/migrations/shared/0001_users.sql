-- Owned by package identity.
-- People are not rows of an account: one person may be a member of several,
-- and staff are members of none. email_key is the address in the form in
-- which two spellings of one mailbox meet.
-- +goose Up
CREATE TABLE users (
	id            TEXT PRIMARY KEY,
	email         TEXT NOT NULL,
	email_key     TEXT NOT NULL UNIQUE,
	password_hash TEXT NOT NULL,
	first_name    TEXT NOT NULL,
	last_name     TEXT NOT NULL,
	verified_at   BIGINT,
	created_at    BIGINT NOT NULL
);

CREATE TABLE staff_grants (
	user_id    TEXT NOT NULL REFERENCES users (id),
	privilege  TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, privilege)
);

-- +goose Down
DROP TABLE staff_grants;
DROP TABLE users;
