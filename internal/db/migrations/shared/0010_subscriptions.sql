-- Owned by package subscription.
-- stripe_subscription_id is neither required nor unique: who pays by bank has
-- none. An account has one subscription that runs, and beside it at most one
-- that waits for its first payment: who pays for more keeps what he has until
-- the money is there.
-- +goose Up
CREATE TABLE subscriptions (
	account_id             TEXT NOT NULL REFERENCES accounts (id),
	id                     TEXT NOT NULL,
	plan_id                TEXT NOT NULL REFERENCES plans (id),
	status                 TEXT NOT NULL CHECK (status IN ('trialing', 'pending_payment', 'active', 'past_due', 'cancelled', 'expired')),
	stripe_subscription_id TEXT,
	current_period_start   BIGINT,
	current_period_end     BIGINT,
	created_at             BIGINT NOT NULL,
	updated_at             BIGINT NOT NULL,
	PRIMARY KEY (account_id, id),
	CHECK ((current_period_start IS NULL) = (current_period_end IS NULL)),
	CHECK (current_period_end > current_period_start)
);
CREATE UNIQUE INDEX subscriptions_running ON subscriptions (account_id) WHERE status IN ('trialing', 'active', 'past_due');
CREATE UNIQUE INDEX subscriptions_waiting ON subscriptions (account_id) WHERE status = 'pending_payment';

-- +goose Down
DROP TABLE subscriptions;
