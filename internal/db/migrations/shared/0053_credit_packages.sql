-- Owned by packages plan, invoice and payment.
-- Credits that are sold beside plans, and what they cost in other currencies
-- than their own: package plan. What an invoice for a package sells is kept
-- with it as it was at its issue; an invoice without a code is for a plan:
-- package invoice. package_grants is package payment's: which grant of credits
-- an invoice has paid for. It stays when the payment is undone, with the moment
-- of that.
-- +goose Up
CREATE TABLE credit_packages (
	id             TEXT PRIMARY KEY,
	code           TEXT NOT NULL UNIQUE,
	name           TEXT NOT NULL,
	credits        BIGINT NOT NULL CHECK (credits > 0),
	price_amount   BIGINT NOT NULL CHECK (price_amount > 0),
	price_currency TEXT NOT NULL,
	valid_days     BIGINT NOT NULL CHECK (valid_days >= 0),
	active         BOOLEAN NOT NULL,
	position       BIGINT NOT NULL
);
CREATE TABLE credit_package_prices (
	package_id TEXT NOT NULL REFERENCES credit_packages (id),
	currency   TEXT NOT NULL,
	amount     BIGINT NOT NULL CHECK (amount > 0),
	PRIMARY KEY (package_id, currency)
);
ALTER TABLE invoices ADD COLUMN package_code TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN package_credits BIGINT NOT NULL DEFAULT 0 CHECK (package_credits >= 0);
ALTER TABLE invoices ADD COLUMN package_days BIGINT NOT NULL DEFAULT 0 CHECK (package_days >= 0);
CREATE INDEX invoices_open_packages ON invoices (due_at) WHERE status = 'open' AND package_code <> '';
CREATE TABLE package_grants (
	account_id  TEXT NOT NULL,
	invoice_id  TEXT NOT NULL,
	ordinal     BIGINT NOT NULL,
	created_at  BIGINT NOT NULL,
	reversed_at BIGINT,
	PRIMARY KEY (account_id, invoice_id, ordinal),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);
CREATE UNIQUE INDEX package_grants_standing ON package_grants (account_id, invoice_id) WHERE reversed_at IS NULL;

-- +goose Down
DROP TABLE package_grants;
DROP INDEX invoices_open_packages;
ALTER TABLE invoices DROP COLUMN package_days;
ALTER TABLE invoices DROP COLUMN package_credits;
ALTER TABLE invoices DROP COLUMN package_code;
DROP TABLE credit_package_prices;
DROP TABLE credit_packages;
