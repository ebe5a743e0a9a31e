-- Owned by package payment.
-- A reference is taken while its payment may count: one that was rejected or
-- undone may be told of again. SQLite cannot drop a constraint of a table, so
-- the table is made anew.
-- +goose Up
CREATE TABLE payments_next (
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
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);
INSERT INTO payments_next SELECT account_id, id, invoice_id, status, method, currency, amount, allocated, external_payment_id, payer_name,
	proof_url, created_by, confirmed_by, created_at, confirmed_at FROM payments;
CREATE TABLE payment_allocations_next (
	account_id TEXT NOT NULL,
	payment_id TEXT NOT NULL,
	invoice_id TEXT NOT NULL,
	amount     BIGINT NOT NULL CHECK (amount > 0),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, payment_id, invoice_id),
	FOREIGN KEY (account_id, payment_id) REFERENCES payments_next (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);
INSERT INTO payment_allocations_next SELECT account_id, payment_id, invoice_id, amount, created_at FROM payment_allocations;
DROP TABLE payment_allocations;
DROP TABLE payments;
ALTER TABLE payments_next RENAME TO payments;
ALTER TABLE payment_allocations_next RENAME TO payment_allocations;
CREATE UNIQUE INDEX payments_reference ON payments (account_id, method, external_payment_id) WHERE status NOT IN ('rejected', 'reversed');

-- +goose Down
-- The constraint of before held for all: what it would refuse is told apart by
-- its own id, so that no payment is lost.
UPDATE payments SET external_payment_id = external_payment_id || ' ' || id WHERE status IN ('rejected', 'reversed');
DROP INDEX payments_reference;
CREATE UNIQUE INDEX payments_reference_of_all ON payments (account_id, method, external_payment_id);
