-- Owned by package plan. What is for sale belongs to no account.
-- +goose Up
CREATE TABLE plans (
	id               TEXT PRIMARY KEY,
	code             TEXT NOT NULL UNIQUE,
	name             TEXT NOT NULL,
	price_amount     BIGINT NOT NULL CHECK (price_amount >= 0),
	price_currency   TEXT NOT NULL,
	period           TEXT NOT NULL CHECK (period IN ('month', 'year')),
	trial_days       BIGINT NOT NULL CHECK (trial_days >= 0),
	included_credits BIGINT NOT NULL CHECK (included_credits >= 0),
	limit_sites      BIGINT NOT NULL CHECK (limit_sites >= 0),
	limit_users      BIGINT NOT NULL CHECK (limit_users >= 0),
	limit_keywords   BIGINT NOT NULL CHECK (limit_keywords >= 0),
	active           BOOLEAN NOT NULL,
	position         BIGINT NOT NULL
);

-- +goose Down
DROP TABLE plans;
