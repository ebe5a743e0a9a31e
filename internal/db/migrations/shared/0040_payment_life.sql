-- Owned by packages payment, subscription and credit.
-- Additive: the release before this one runs on it. A payment can be reported,
-- wait for a second person, be rejected and be undone. An allocation that was
-- undone stays, with the moment. What an account has paid and not used up is
-- the running sum of money_entries, which are only added to. A period says
-- which invoice paid for it. Credits that were spent before the payment behind
-- them was undone are owed: a debt, repaid by the next grant or written off.
-- +goose Up
ALTER TABLE payments ADD COLUMN reported_amount BIGINT CHECK (reported_amount > 0);
ALTER TABLE payments ADD COLUMN approved_by TEXT CHECK (approved_by <> confirmed_by);
ALTER TABLE payments ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN ended_by TEXT;
ALTER TABLE payments ADD COLUMN ended_at BIGINT;
ALTER TABLE payments ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded + allocated <= amount);
ALTER TABLE payment_allocations ADD COLUMN reversed_at BIGINT;

-- What a payment that waits for a second person is for, and what was due then.
CREATE TABLE payment_targets (
	account_id TEXT NOT NULL,
	payment_id TEXT NOT NULL,
	ordinal    BIGINT NOT NULL,
	invoice_id TEXT NOT NULL,
	due        BIGINT NOT NULL CHECK (due >= 0),
	PRIMARY KEY (account_id, payment_id, ordinal),
	FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

-- One file is the proof of one payment.
CREATE TABLE payment_proofs (
	account_id TEXT NOT NULL,
	payment_id TEXT NOT NULL,
	sha256     TEXT NOT NULL,
	media_type TEXT NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg')),
	content    BYTEA NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, payment_id),
	UNIQUE (account_id, sha256),
	FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, id)
);

CREATE TABLE money_balances (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	currency   TEXT NOT NULL,
	unapplied  BIGINT NOT NULL CHECK (unapplied >= 0),
	seq        BIGINT NOT NULL CHECK (seq >= 0),
	PRIMARY KEY (account_id, currency)
);

CREATE TABLE money_entries (
	account_id    TEXT NOT NULL,
	currency      TEXT NOT NULL,
	seq           BIGINT NOT NULL,
	kind          TEXT NOT NULL CHECK (kind IN ('received', 'credited', 'allocated', 'released', 'reversed', 'refunded')),
	amount        BIGINT NOT NULL CHECK (amount <> 0),
	balance_after BIGINT NOT NULL CHECK (balance_after >= 0),
	payment_id    TEXT,
	credit_note   TEXT,
	invoice_id    TEXT,
	actor         TEXT NOT NULL,
	created_at    BIGINT NOT NULL,
	PRIMARY KEY (account_id, currency, seq),
	CHECK ((payment_id IS NULL) <> (credit_note IS NULL)),
	CHECK ((kind IN ('allocated', 'released')) = (invoice_id IS NOT NULL)),
	FOREIGN KEY (account_id, currency) REFERENCES money_balances (account_id, currency),
	FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

-- When a second person is asked: one row. Above an amount of a currency, by
-- approval_limits.
CREATE TABLE approval_rules (
	id        BIGINT PRIMARY KEY CHECK (id = 1),
	uncertain BOOLEAN NOT NULL,
	own       BOOLEAN NOT NULL
);
CREATE TABLE approval_limits (
	currency TEXT PRIMARY KEY,
	above    BIGINT NOT NULL CHECK (above >= 0)
);

ALTER TABLE subscriptions ADD COLUMN anchor_day BIGINT CHECK (anchor_day BETWEEN 1 AND 31);
ALTER TABLE subscriptions ADD COLUMN cancel_at_period_end BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE subscription_periods (
	account_id      TEXT NOT NULL,
	invoice_id      TEXT NOT NULL,
	subscription_id TEXT NOT NULL,
	plan_id         TEXT NOT NULL REFERENCES plans (id),
	starts_at       BIGINT NOT NULL,
	ends_at         BIGINT NOT NULL,
	grant_reference TEXT NOT NULL,
	replaced_id     TEXT,
	replaced_status TEXT,
	created_at      BIGINT NOT NULL,
	reversed_at     BIGINT,
	ordinal         BIGINT NOT NULL,
	PRIMARY KEY (account_id, subscription_id, ordinal),
	CHECK (ends_at > starts_at),
	CHECK ((replaced_id IS NULL) = (replaced_status IS NULL)),
	FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, id),
	FOREIGN KEY (account_id, replaced_id) REFERENCES subscriptions (account_id, id)
);
CREATE UNIQUE INDEX subscription_periods_invoice ON subscription_periods (account_id, invoice_id) WHERE reversed_at IS NULL;
CREATE UNIQUE INDEX subscription_periods_start ON subscription_periods (account_id, subscription_id, starts_at) WHERE reversed_at IS NULL;

ALTER TABLE credit_lots ADD COLUMN revoked BOOLEAN NOT NULL DEFAULT FALSE;
CREATE TABLE credit_debts (
	account_id TEXT NOT NULL REFERENCES credit_balances (account_id),
	lot_id     TEXT NOT NULL,
	reference  TEXT NOT NULL,
	amount     BIGINT NOT NULL CHECK (amount > 0),
	remaining  BIGINT NOT NULL CHECK (remaining >= 0 AND remaining <= amount),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, lot_id),
	FOREIGN KEY (account_id, lot_id) REFERENCES credit_lots (account_id, id)
);

-- +goose Down
DROP TABLE credit_debts;
ALTER TABLE credit_lots DROP COLUMN revoked;
DROP TABLE subscription_periods;
ALTER TABLE subscriptions DROP COLUMN cancel_at_period_end;
ALTER TABLE subscriptions DROP COLUMN anchor_day;
DROP TABLE approval_limits;
DROP TABLE approval_rules;
DROP TABLE money_entries;
DROP TABLE money_balances;
DROP TABLE payment_proofs;
DROP TABLE payment_targets;
ALTER TABLE payment_allocations DROP COLUMN reversed_at;
ALTER TABLE payments DROP COLUMN refunded;
ALTER TABLE payments DROP COLUMN ended_at;
ALTER TABLE payments DROP COLUMN ended_by;
ALTER TABLE payments DROP COLUMN reason;
ALTER TABLE payments DROP COLUMN approved_by;
ALTER TABLE payments DROP COLUMN reported_amount;
