-- Owned by package account.
-- +goose Up
CREATE TABLE accounts (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL CHECK (name <> ''),
	country    TEXT NOT NULL,
	kind       TEXT NOT NULL CHECK (kind IN ('tenant', 'system')),
	status     TEXT NOT NULL CHECK (status IN ('trial', 'pending_payment', 'active', 'past_due', 'suspended', 'cancelled')),
	-- What the account was before it was suspended, so that lifting the
	-- suspension does not have to guess.
	resume_status TEXT,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	CHECK ((status = 'suspended') = (resume_status IS NOT NULL))
);

CREATE TABLE members (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	user_id    TEXT NOT NULL REFERENCES users (id),
	role       TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

-- +goose Down
DROP TABLE members;
DROP TABLE accounts;
