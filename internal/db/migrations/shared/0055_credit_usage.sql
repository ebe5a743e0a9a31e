-- Owned by package credit.
-- What was spent, by UTC day, operation, site and who ordered it: the sums of
-- the ledger's entries up to rolled_seq, and no more than that. They can be
-- made anew from the ledger at any time. credit_usage_orders is who ordered
-- the work that had not ended at rolled_seq: the entry that ends it is another's.
-- They refer to accounts and not to credit_balances, whose row is the busiest
-- there is.
-- +goose Up
CREATE TABLE credit_usage (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	day        BIGINT NOT NULL,
	operation  TEXT NOT NULL,
	site_id    TEXT NOT NULL,
	actor      TEXT NOT NULL,
	credits    BIGINT NOT NULL CHECK (credits >= 0),
	count      BIGINT NOT NULL CHECK (count > 0),
	PRIMARY KEY (account_id, day, operation, site_id, actor)
);

CREATE TABLE credit_usage_cursor (
	account_id TEXT PRIMARY KEY REFERENCES accounts (id),
	rolled_seq BIGINT NOT NULL CHECK (rolled_seq >= 0)
);

CREATE TABLE credit_usage_orders (
	account_id TEXT NOT NULL,
	hold_id    TEXT NOT NULL,
	actor      TEXT NOT NULL,
	PRIMARY KEY (account_id, hold_id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id)
);

-- +goose Down
DROP TABLE credit_usage_orders;
DROP TABLE credit_usage_cursor;
DROP TABLE credit_usage;
