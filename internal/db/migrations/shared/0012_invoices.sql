-- Owned by package invoice.
-- A number is taken from its series in the transaction that issues the
-- invoice, so that there is no gap. The payment reference is ISO 11649 and has
-- nothing to do with the number. Both are unique over all accounts, since a
-- bank line names no account.
-- +goose Up
CREATE TABLE invoice_series (
	name TEXT PRIMARY KEY,
	last BIGINT NOT NULL CHECK (last >= 0)
);

-- Where tenants send money, by currency. Edited by staff.
CREATE TABLE bank_accounts (
	currency     TEXT PRIMARY KEY,
	holder       TEXT NOT NULL,
	iban         TEXT NOT NULL,
	bic          TEXT NOT NULL,
	bank_name    TEXT NOT NULL,
	instructions TEXT NOT NULL
);

CREATE TABLE invoices (
	account_id      TEXT NOT NULL REFERENCES accounts (id),
	id              TEXT NOT NULL,
	subscription_id TEXT NOT NULL,
	number          TEXT NOT NULL UNIQUE,
	reference       TEXT NOT NULL UNIQUE,
	status          TEXT NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
	payment_method  TEXT NOT NULL CHECK (payment_method IN ('stripe', 'paypal', 'bank_transfer')),
	currency        TEXT NOT NULL,
	total           BIGINT NOT NULL CHECK (total >= 0),
	paid            BIGINT NOT NULL DEFAULT 0 CHECK (paid >= 0 AND paid <= total),
	issued_at       BIGINT NOT NULL,
	due_at          BIGINT NOT NULL,
	paid_at         BIGINT,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, id),
	CHECK (status <> 'paid' OR paid = total)
);

CREATE TABLE invoice_lines (
	account_id  TEXT NOT NULL,
	invoice_id  TEXT NOT NULL,
	ordinal     BIGINT NOT NULL,
	description TEXT NOT NULL,
	quantity    BIGINT NOT NULL CHECK (quantity > 0),
	unit_amount BIGINT NOT NULL,
	PRIMARY KEY (account_id, invoice_id, ordinal),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

-- +goose Down
DROP TABLE invoice_lines;
DROP TABLE invoices;
DROP TABLE bank_accounts;
DROP TABLE invoice_series;
