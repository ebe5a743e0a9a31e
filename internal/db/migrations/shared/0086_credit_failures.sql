-- Owned by package credit.
-- A failure rule says how many failures of a class an account is forgiven in a
-- window; free is NULL: all. A failure is what became of one call to a model
-- that bought nothing of use. An overrun is work that cost more than was held
-- for it: what of that was charged, by a hold of its own, and what nobody paid.
-- +goose Up
CREATE TABLE credit_failure_rules (
	failure   TEXT PRIMARY KEY,
	free      BIGINT CHECK (free >= 0),
	window_us BIGINT NOT NULL CHECK (window_us > 0)
);

ALTER TABLE credit_prices ADD COLUMN overrun BIGINT NOT NULL DEFAULT 0 CHECK (overrun BETWEEN 0 AND 1000);
UPDATE credit_prices SET overrun = 25 WHERE operation = 'generate_content';

CREATE TABLE credit_failures (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	id         TEXT NOT NULL,
	hold_id    TEXT NOT NULL,
	failure    TEXT NOT NULL,
	charged    BIGINT CHECK (charged >= 0),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id)
);
CREATE INDEX credit_failures_forgiven ON credit_failures (account_id, failure, created_at) WHERE charged IS NULL;

CREATE TABLE credit_overruns (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	hold_id    TEXT NOT NULL,
	charged    BIGINT NOT NULL CHECK (charged >= 0),
	extra_id   TEXT,
	unpaid     BIGINT NOT NULL CHECK (unpaid >= 0),
	reason     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, hold_id),
	UNIQUE (account_id, extra_id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id),
	FOREIGN KEY (account_id, extra_id) REFERENCES credit_holds (account_id, id),
	CHECK ((charged = 0) = (extra_id IS NULL)),
	CHECK ((unpaid = 0) = (reason = '')),
	CHECK (charged + unpaid > 0)
);

-- +goose Down
DROP TABLE credit_overruns;
DROP TABLE credit_failures;
ALTER TABLE credit_prices DROP COLUMN overrun;
DROP TABLE credit_failure_rules;
