-- Owned by package bank.
-- What the operator's bank says belongs to no account: a bank line names no
-- tenant. Files, statements and lines are written once (see 0042); how far a
-- line has been handled is in a table of its own.
-- +goose Up
CREATE TABLE bank_files (
	id          TEXT PRIMARY KEY,
	name        TEXT NOT NULL,
	format      TEXT NOT NULL,
	sha256      TEXT NOT NULL UNIQUE,
	imported_by TEXT NOT NULL,
	imported_at BIGINT NOT NULL
);

CREATE TABLE bank_statements (
	id           TEXT PRIMARY KEY,
	file_id      TEXT NOT NULL REFERENCES bank_files (id),
	ordinal      BIGINT NOT NULL,
	account_iban TEXT NOT NULL,
	currency     TEXT NOT NULL,
	own_id       TEXT NOT NULL,
	number       TEXT NOT NULL,
	opening      BIGINT,
	closing      BIGINT,
	gap          BIGINT,
	first_day    BIGINT,
	last_day     BIGINT,
	new_lines    BIGINT NOT NULL CHECK (new_lines >= 0),
	known_lines  BIGINT NOT NULL CHECK (known_lines >= 0),
	UNIQUE (file_id, ordinal)
);

-- identity names a line among those of its bank account, and occurrence counts
-- lines that nothing tells apart. The other keys are what a line is recognised
-- by in another format.
CREATE TABLE bank_lines (
	id              TEXT PRIMARY KEY,
	statement_id    TEXT NOT NULL REFERENCES bank_statements (id),
	ordinal         BIGINT NOT NULL,
	account_iban    TEXT NOT NULL,
	format          TEXT NOT NULL,
	day             BIGINT NOT NULL,
	currency        TEXT NOT NULL,
	amount          BIGINT NOT NULL,
	credit          BOOLEAN NOT NULL,
	booked          BOOLEAN NOT NULL,
	reversal        BOOLEAN NOT NULL,
	hindrance       TEXT NOT NULL,
	payer_account   TEXT NOT NULL,
	identity        TEXT NOT NULL,
	occurrence      BIGINT NOT NULL CHECK (occurrence > 0),
	bank_reference  TEXT NOT NULL,
	end_to_end      TEXT NOT NULL,
	words           TEXT NOT NULL,
	detail          TEXT NOT NULL,
	UNIQUE (account_iban, identity, occurrence)
);
CREATE INDEX bank_lines_by_statement ON bank_lines (statement_id);
CREATE INDEX bank_lines_by_day ON bank_lines (account_iban, day);
CREATE INDEX bank_lines_by_payer ON bank_lines (payer_account);

-- Every name by which somebody could know a line.
CREATE TABLE bank_line_names (
	name    TEXT NOT NULL,
	line_id TEXT NOT NULL REFERENCES bank_lines (id),
	PRIMARY KEY (name, line_id)
);

CREATE TABLE bank_line_states (
	line_id    TEXT PRIMARY KEY REFERENCES bank_lines (id),
	state      TEXT NOT NULL CHECK (state IN ('open', 'matched', 'ignored', 'inert')),
	account_id TEXT,
	payment_id TEXT,
	reason     TEXT NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	CHECK ((state = 'matched') = (account_id IS NOT NULL) AND (account_id IS NULL) = (payment_id IS NULL))
);
CREATE INDEX bank_line_states_by_state ON bank_line_states (state, line_id);
-- A payment is one line's money.
CREATE UNIQUE INDEX bank_line_states_by_payment ON bank_line_states (account_id, payment_id);

-- Imports of one bank account wait for one another here.
CREATE TABLE bank_ledgers (
	iban    TEXT PRIMARY KEY,
	imports BIGINT NOT NULL
);

CREATE TABLE bank_mappings (
	name       TEXT PRIMARY KEY,
	mapping    TEXT NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);

CREATE TABLE bank_settings (
	name  TEXT PRIMARY KEY,
	value BOOLEAN NOT NULL
);

-- +goose Down
DROP TABLE bank_settings;
DROP TABLE bank_mappings;
DROP TABLE bank_ledgers;
DROP TABLE bank_line_states;
DROP TABLE bank_line_names;
DROP TABLE bank_lines;
DROP TABLE bank_statements;
DROP TABLE bank_files;
