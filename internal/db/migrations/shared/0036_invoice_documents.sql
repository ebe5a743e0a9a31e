-- Owned by package invoice.
-- An invoice is a document that does not change: who sold, who bought and which
-- tax was due are kept with it as they were at its issue. Columns of invoices
-- are NULL or empty for those of the release before, and for what that release
-- issues while both run.
-- +goose Up

-- The seller, in one row, edited by staff.
CREATE TABLE company_settings (
	id                  TEXT PRIMARY KEY CHECK (id = 'seller'),
	name                TEXT NOT NULL,
	line1               TEXT NOT NULL,
	line2               TEXT NOT NULL,
	postcode            TEXT NOT NULL,
	city                TEXT NOT NULL,
	country             TEXT NOT NULL,
	tax_id              TEXT NOT NULL,
	registration_number TEXT NOT NULL,
	email               TEXT NOT NULL,
	phone               TEXT NOT NULL,
	footer              TEXT NOT NULL,
	prices_include_tax  BOOLEAN NOT NULL
);

-- What is charged to whom, in hundredths of a per cent: 1900 is 19 %.
CREATE TABLE tax_rules (
	country TEXT NOT NULL,
	buyer   TEXT NOT NULL CHECK (buyer IN ('business', 'consumer')),
	rate    BIGINT NOT NULL CHECK (rate >= 0 AND rate <= 10000),
	PRIMARY KEY (country, buyer)
);

-- Where payers of one country send a currency; all others see bank_accounts.
CREATE TABLE country_bank_accounts (
	currency     TEXT NOT NULL,
	country      TEXT NOT NULL,
	holder       TEXT NOT NULL,
	iban         TEXT NOT NULL,
	bic          TEXT NOT NULL,
	bank_name    TEXT NOT NULL,
	instructions TEXT NOT NULL,
	PRIMARY KEY (currency, country)
);

-- To whom an account's invoices are written.
CREATE TABLE billing_details (
	account_id TEXT PRIMARY KEY REFERENCES accounts (id),
	company    TEXT NOT NULL,
	line1      TEXT NOT NULL,
	line2      TEXT NOT NULL,
	postcode   TEXT NOT NULL,
	city       TEXT NOT NULL,
	country    TEXT NOT NULL,
	tax_id     TEXT NOT NULL,
	email      TEXT NOT NULL,
	phone      TEXT NOT NULL,
	language   TEXT NOT NULL,
	updated_at BIGINT NOT NULL
);

ALTER TABLE invoices ADD COLUMN net BIGINT CHECK (net IS NULL OR net >= 0);
ALTER TABLE invoices ADD COLUMN tax BIGINT NOT NULL DEFAULT 0 CHECK (tax >= 0 AND CASE WHEN net IS NULL THEN tax = 0 ELSE net + tax = total END);
ALTER TABLE invoices ADD COLUMN tax_rate BIGINT NOT NULL DEFAULT 0 CHECK (tax_rate >= 0 AND tax_rate <= 10000);
ALTER TABLE invoices ADD COLUMN tax_category TEXT NOT NULL DEFAULT 'O' CHECK (tax_category IN ('S', 'Z', 'AE', 'O'));
ALTER TABLE invoices ADD COLUMN tax_note TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN prices_include_tax BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE invoices ADD COLUMN seller TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN buyer TEXT NOT NULL DEFAULT '';
ALTER TABLE invoices ADD COLUMN credited BIGINT NOT NULL DEFAULT 0 CHECK (credited >= 0 AND credited <= total);

-- What is taken back of an invoice. Its numbers are a series of their own.
-- applied is how much of it has been used to pay invoices.
CREATE TABLE credit_notes (
	account_id TEXT NOT NULL,
	id         TEXT NOT NULL,
	number     TEXT NOT NULL UNIQUE,
	invoice_id TEXT NOT NULL,
	reason     TEXT NOT NULL,
	currency   TEXT NOT NULL,
	net        BIGINT NOT NULL CHECK (net >= 0),
	tax        BIGINT NOT NULL CHECK (tax >= 0),
	total      BIGINT NOT NULL CHECK (total > 0),
	applied    BIGINT NOT NULL DEFAULT 0 CHECK (applied >= 0 AND applied <= total),
	issued_at  BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	PRIMARY KEY (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id),
	CHECK (net + tax = total)
);
CREATE INDEX credit_notes_by_invoice ON credit_notes (account_id, invoice_id);

-- +goose Down
DROP TABLE credit_notes;
ALTER TABLE invoices DROP COLUMN credited;
ALTER TABLE invoices DROP COLUMN buyer;
ALTER TABLE invoices DROP COLUMN seller;
ALTER TABLE invoices DROP COLUMN prices_include_tax;
ALTER TABLE invoices DROP COLUMN tax_note;
ALTER TABLE invoices DROP COLUMN tax_category;
ALTER TABLE invoices DROP COLUMN tax_rate;
ALTER TABLE invoices DROP COLUMN tax;
ALTER TABLE invoices DROP COLUMN net;
DROP TABLE billing_details;
DROP TABLE country_bank_accounts;
DROP TABLE tax_rules;
DROP TABLE company_settings;
