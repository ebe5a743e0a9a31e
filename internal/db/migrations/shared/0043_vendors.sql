-- Owned by package payment.
-- What Stripe and PayPal are asked and tell. A message of theirs belongs to no
-- account until it was looked into, and is kept once under its own id; its
-- text, which may name a payer, is sealed with a key that is not in the
-- database. An agreement is that a vendor takes an amount again and again.
-- +goose Up
CREATE TABLE webhook_events (
	id          TEXT PRIMARY KEY,
	vendor      TEXT NOT NULL CHECK (vendor IN ('stripe', 'paypal')),
	external_id TEXT NOT NULL CHECK (external_id <> ''),
	type        TEXT NOT NULL,
	object      TEXT NOT NULL,
	about       TEXT NOT NULL,
	state       TEXT NOT NULL CHECK (state IN ('received', 'done', 'ignored', 'failed')),
	sealed      BYTEA NOT NULL,
	whose       TEXT NOT NULL DEFAULT '',
	tries       BIGINT NOT NULL DEFAULT 0,
	error       TEXT NOT NULL DEFAULT '',
	received_at BIGINT NOT NULL,
	asked_at    BIGINT NOT NULL,
	done_at     BIGINT,
	UNIQUE (vendor, external_id),
	CHECK ((state = 'received') = (done_at IS NULL))
);
CREATE INDEX webhook_events_state ON webhook_events (state, id);

-- What a vendor calls a price that was made there once.
CREATE TABLE vendor_prices (
	vendor      TEXT NOT NULL CHECK (vendor IN ('stripe', 'paypal')),
	price       TEXT NOT NULL,
	external_id TEXT NOT NULL,
	PRIMARY KEY (vendor, price)
);

-- A payer who was sent to a vendor to pay an invoice.
CREATE TABLE payment_sessions (
	account_id  TEXT NOT NULL,
	id          TEXT NOT NULL,
	invoice_id  TEXT NOT NULL,
	method      TEXT NOT NULL CHECK (method IN ('stripe', 'paypal')),
	currency    TEXT NOT NULL,
	amount      BIGINT NOT NULL CHECK (amount > 0),
	state       TEXT NOT NULL CHECK (state IN ('asked', 'open', 'failed')),
	external_id TEXT,
	url         TEXT,
	created_at  BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id),
	CHECK ((state = 'open') = (url IS NOT NULL AND external_id IS NOT NULL))
);
CREATE INDEX payment_sessions_invoice ON payment_sessions (account_id, invoice_id);

CREATE TABLE vendor_agreements (
	account_id      TEXT NOT NULL,
	method          TEXT NOT NULL CHECK (method IN ('stripe', 'paypal')),
	external_id     TEXT NOT NULL CHECK (external_id <> ''),
	subscription_id TEXT NOT NULL,
	customer        TEXT NOT NULL,
	state           TEXT NOT NULL CHECK (state IN ('active', 'stopping', 'over')),
	failed          TEXT NOT NULL DEFAULT '',
	created_at      BIGINT NOT NULL,
	updated_at      BIGINT NOT NULL,
	PRIMARY KEY (account_id, method, external_id),
	FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, id)
);

-- +goose Down
DROP TABLE vendor_agreements;
DROP TABLE payment_sessions;
DROP TABLE vendor_prices;
DROP TABLE webhook_events;
