-- Owned by packages flag, plan.
-- flags is what is switched on, and for how many in a hundred; a flag without
-- a row is as the program has it. flag_overrides is of package flag too: what
-- one account has whatever the share. plan_prices is package plan's: what a
-- plan costs in other currencies than its own. A plan that was ever offered
-- keeps its interval, since somebody may be paying for one.
-- +goose Up
CREATE TABLE flags (
	name       TEXT PRIMARY KEY,
	share      BIGINT NOT NULL CHECK (share BETWEEN 0 AND 100),
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE TABLE flag_overrides (
	account_id TEXT NOT NULL REFERENCES accounts (id),
	name       TEXT NOT NULL,
	enabled    BOOLEAN NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, name)
);
CREATE TABLE plan_prices (
	plan_id  TEXT NOT NULL REFERENCES plans (id),
	currency TEXT NOT NULL,
	amount   BIGINT NOT NULL CHECK (amount > 0),
	PRIMARY KEY (plan_id, currency)
);
ALTER TABLE plans ADD COLUMN offered BOOLEAN NOT NULL DEFAULT TRUE;

-- +goose Down
ALTER TABLE plans DROP COLUMN offered;
DROP TABLE plan_prices;
DROP TABLE flag_overrides;
DROP TABLE flags;
