-- Owned by package account.
-- A place in an account that waits for whoever has the address. The secret of
-- the letter is kept as SHA-256, and names the account. An address has one open
-- invitation in an account; a newer one ends it. sent_at is when the newest
-- letter went out.
-- +goose Up
CREATE TABLE invitations (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	id         TEXT NOT NULL,
	email      TEXT NOT NULL,
	email_key  TEXT NOT NULL,
	role       TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
	hash       TEXT NOT NULL,
	invited_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	sent_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	ended_at   BIGINT,
	end_reason TEXT CHECK (end_reason IN ('accepted', 'revoked', 'replaced')),
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, hash),
	CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX invitations_open ON invitations (account_id, email_key) WHERE ended_at IS NULL;
CREATE INDEX invitations_by_email ON invitations (account_id, email_key);

-- +goose Down
DROP TABLE invitations;
