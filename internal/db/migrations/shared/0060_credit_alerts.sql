-- Owned by package credit.
-- When an account is warned that its credits run out: below threshold, which is
-- 0 for never. An automatic one is a tenth of what the plan grants, or of a
-- larger grant. warned_at is when it was warned since it fell below.
-- +goose Up
CREATE TABLE credit_alerts (
	account_id TEXT PRIMARY KEY REFERENCES credit_balances (account_id),
	threshold  BIGINT NOT NULL CHECK (threshold >= 0),
	automatic  BOOLEAN NOT NULL,
	warned_at  BIGINT
);

-- +goose Down
DROP TABLE credit_alerts;
