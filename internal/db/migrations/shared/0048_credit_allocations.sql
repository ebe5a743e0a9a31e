-- Owned by package payment.
-- What of a credit note went to which invoice, and which credit note was issued
-- for the unused days of a plan that another has replaced, with the credits
-- that were taken for it: undoing the payment that replaced it takes both back.
-- +goose Up
CREATE TABLE credit_note_allocations (
	account_id     TEXT NOT NULL,
	credit_note_id TEXT NOT NULL,
	invoice_id     TEXT NOT NULL,
	amount         BIGINT NOT NULL CHECK (amount > 0),
	created_at     BIGINT NOT NULL,
	reversed_at    BIGINT,
	PRIMARY KEY (account_id, credit_note_id, invoice_id),
	FOREIGN KEY (account_id, credit_note_id) REFERENCES credit_notes (account_id, id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id)
);

CREATE TABLE plan_changes (
	account_id      TEXT NOT NULL,
	invoice_id      TEXT NOT NULL,
	credit_note_id  TEXT NOT NULL,
	grant_reference TEXT NOT NULL,
	credits         BIGINT NOT NULL CHECK (credits >= 0),
	expires_at      BIGINT NOT NULL,
	created_at      BIGINT NOT NULL,
	reversed_at     BIGINT,
	PRIMARY KEY (account_id, credit_note_id),
	FOREIGN KEY (account_id, invoice_id) REFERENCES invoices (account_id, id),
	FOREIGN KEY (account_id, credit_note_id) REFERENCES credit_notes (account_id, id)
);

-- +goose Down
DROP TABLE plan_changes;
DROP TABLE credit_note_allocations;
