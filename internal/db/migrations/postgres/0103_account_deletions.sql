-- Owned by package account.
-- That an account is to be deleted, and how far that is. The row stays when it
-- has been: by it one knows that it was, and when.
-- +goose Up
CREATE TABLE account_deletions (
	account_id     TEXT PRIMARY KEY REFERENCES accounts (id),
	ordered_by     TEXT NOT NULL,
	ordered_at     BIGINT NOT NULL,
	due_at         BIGINT NOT NULL CHECK (due_at > ordered_at),
	plan_cancelled BOOLEAN NOT NULL, -- by the order, so that who keeps the account keeps the plan
	reminded_at    BIGINT,
	begun_at       BIGINT,
	erased_at      BIGINT CHECK (erased_at >= begun_at),
	CHECK (erased_at IS NULL OR begun_at IS NOT NULL)
);
CREATE INDEX account_deletions_due ON account_deletions (due_at) WHERE erased_at IS NULL;
SELECT igny8_guard('account_deletions');

-- +goose Down
SELECT igny8_unguard('account_deletions');
DROP TABLE account_deletions;
