-- Owned by packages subscription and renewal.
-- review_at is when the next thing is due with a subscription: an invoice, a
-- letter, an end. NULL is now, which is what the release before this one
-- writes. renewal_notices says which letters of a period have been dealt with.
-- +goose Up
ALTER TABLE subscriptions ADD COLUMN review_at BIGINT;
CREATE INDEX subscriptions_review ON subscriptions (review_at) WHERE status IN ('trialing', 'pending_payment', 'active', 'past_due');

CREATE TABLE renewal_notices (
	account_id      TEXT NOT NULL,
	subscription_id TEXT NOT NULL,
	period_end      BIGINT NOT NULL,
	kind            TEXT NOT NULL,
	sent            BOOLEAN NOT NULL,
	created_at      BIGINT NOT NULL,
	PRIMARY KEY (account_id, subscription_id, period_end, kind),
	FOREIGN KEY (account_id, subscription_id) REFERENCES subscriptions (account_id, id)
);

-- +goose Down
DROP TABLE renewal_notices;
DROP INDEX subscriptions_review;
ALTER TABLE subscriptions DROP COLUMN review_at;
