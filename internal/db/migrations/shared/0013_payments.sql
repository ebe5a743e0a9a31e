-- Owned by package payment.
-- The bank's own reference is the natural key of a payment, so that telling
-- us twice is one payment. An allocation says how much of a payment went to
-- which invoice; what is left of the payment is unapplied.
-- +goose Up
CREATE TABLE payments (
	account_id          TEXT NOT NULL REFERENCES accounts (id),
	id                  TEXT NOT NULL,
	invoice_id          TEXT,
	status              TEXT NOT NULL CHECK (status IN ('pending', 'pending_review', 'awaiting_approval', 'succeeded', 'rejected', 'refunded', 'reversed')),
	method              TEXT NOT NULL CHECK (method IN ('stripe', 'paypal', 'bank_transfer')),
	currency            TEXT NOT NULL,
	amount              BIGINT NOT NULL CHECK (amount > 0),
	allocated           BIGINT NOT NULL DEFAULT 0 CHECK (allocated >= 0 AND allocated <= amount),
	external_payment_id TEXT NOT NULL CHECK (external_payment_id <> ''),
	payer_name          TEXT NOT NULL,
	proof_url           TEXT NOT NULL,
	created_by          TEXT NOT NULL,
	confirmed_by        TEXT,
	created_at          BIGINT NOT NULL,
	confirmed_at        BIGINT,
	PRIMARY KEY (account_id, id),
	UNIQUE (account_id, method, external_payment_id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

CREATE TABLE payment_allocations (
	account_id TEXT NOT NULL,
	payment_id TEXT NOT NULL,
	invoice_id TEXT NOT NULL,
	amount     BIGINT NOT NULL CHECK (amount > 0),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, payment_id, invoice_id),
	FOREIGN KEY (account_id, payment_id) REFERENCES payments (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

-- +goose Down
DROP TABLE payment_allocations;
DROP TABLE payments;
