-- Owned by package account.
-- What a system account may do that a tenant may not: privileges, one by one.
-- +goose Up
CREATE TABLE account_grants (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	privilege  TEXT NOT NULL,
	granted_by TEXT NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, privilege)
);

-- +goose Down
DROP TABLE account_grants;
