-- Owned by package credit.
-- A balance is the running sum of the entries, kept beside them in the same
-- transaction. available is what can be reserved, held is what open work has
-- reserved; neither can be negative, whatever the code does.
-- +goose Up
CREATE TABLE credit_prices (
	operation TEXT PRIMARY KEY,
	unit      TEXT NOT NULL,
	per       BIGINT NOT NULL CHECK (per > 0),
	credits   BIGINT NOT NULL CHECK (credits >= 0),
	minimum   BIGINT NOT NULL CHECK (minimum >= 0)
);

CREATE TABLE credit_balances (
	account_id  TEXT PRIMARY KEY REFERENCES accounts (id),
	available   BIGINT NOT NULL CHECK (available >= 0),
	held        BIGINT NOT NULL CHECK (held >= 0),
	seq         BIGINT NOT NULL CHECK (seq >= 0),
	next_change BIGINT
);

CREATE TABLE credit_lots (
	account_id   TEXT NOT NULL REFERENCES credit_balances (account_id),
	id           TEXT NOT NULL,
	source       TEXT NOT NULL CHECK (source IN ('plan', 'bonus', 'purchase', 'adjustment', 'refund')),
	reference    TEXT NOT NULL,
	amount       BIGINT NOT NULL CHECK (amount > 0),
	remaining    BIGINT NOT NULL CHECK (remaining >= 0),
	priority     BIGINT NOT NULL,
	counted      BOOLEAN NOT NULL,
	effective_at BIGINT NOT NULL,
	expires_at   BIGINT,
	created_at   BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, reference),
	CHECK (remaining <= amount),
	CHECK (expires_at IS NULL OR expires_at > effective_at)
);
CREATE INDEX credit_lots_to_spend ON credit_lots (account_id, priority, expires_at, id) WHERE remaining > 0;

CREATE TABLE credit_holds (
	account_id  TEXT NOT NULL REFERENCES credit_balances (account_id),
	id          TEXT NOT NULL,
	operation   TEXT NOT NULL,
	reference   TEXT NOT NULL,
	amount      BIGINT NOT NULL CHECK (amount > 0),
	used        BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0 AND used <= amount),
	state       TEXT NOT NULL CHECK (state IN ('reserved', 'open', 'settled', 'released')),
	fence       BIGINT NOT NULL DEFAULT 0,
	lease_until BIGINT,
	created_at  BIGINT NOT NULL,
	ended_at    BIGINT,
	PRIMARY KEY (account_id, id),
	CHECK ((state = 'open') = (lease_until IS NOT NULL)),
	CHECK ((ended_at IS NULL) = (state IN ('reserved', 'open')))
);

CREATE TABLE credit_hold_lots (
	account_id TEXT NOT NULL,
	hold_id    TEXT NOT NULL,
	ordinal    BIGINT NOT NULL,
	lot_id     TEXT NOT NULL,
	amount     BIGINT NOT NULL CHECK (amount > 0),
	PRIMARY KEY (account_id, hold_id, ordinal),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id),
	FOREIGN KEY (account_id, lot_id) REFERENCES credit_lots (account_id, id)
);

CREATE TABLE credit_entries (
	account_id    TEXT NOT NULL REFERENCES credit_balances (account_id),
	seq           BIGINT NOT NULL,
	id            TEXT NOT NULL,
	kind          TEXT NOT NULL CHECK (kind IN ('grant', 'reserve', 'settle', 'release', 'expire', 'adjust')),
	amount        BIGINT NOT NULL,
	balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
	held_change   BIGINT NOT NULL,
	held_after    BIGINT NOT NULL CHECK (held_after >= 0),
	operation     TEXT NOT NULL,
	reference     TEXT NOT NULL,
	hold_id       TEXT,
	lot_id        TEXT,
	actor         TEXT NOT NULL,
	created_at    BIGINT NOT NULL,
	PRIMARY KEY (account_id, seq),
	UNIQUE (account_id, id),
	FOREIGN KEY (account_id, hold_id) REFERENCES credit_holds (account_id, id),
	FOREIGN KEY (account_id, lot_id) REFERENCES credit_lots (account_id, id)
);

-- +goose Down
DROP TABLE credit_entries;
DROP TABLE credit_hold_lots;
DROP TABLE credit_holds;
DROP TABLE credit_lots;
DROP TABLE credit_balances;
DROP TABLE credit_prices;
