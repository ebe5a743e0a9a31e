-- Owned by packages account and subscription.
-- Additive: the release before this one runs on it. Rows that carry a Stripe
-- id were paid by Stripe; the others stay unknown, which the code reads as
-- Stripe, the method when none is given.
-- +goose Up
ALTER TABLE accounts ADD COLUMN payment_method TEXT CHECK (payment_method IN ('stripe', 'paypal', 'bank_transfer'));
ALTER TABLE subscriptions ADD COLUMN payment_method TEXT CHECK (payment_method IN ('stripe', 'paypal', 'bank_transfer'));
ALTER TABLE subscriptions ADD COLUMN external_payment_id TEXT;
UPDATE subscriptions SET payment_method = 'stripe' WHERE stripe_subscription_id IS NOT NULL;
UPDATE accounts SET payment_method = 'stripe'
WHERE EXISTS (SELECT 1 FROM subscriptions s WHERE s.account_id = accounts.id AND s.stripe_subscription_id IS NOT NULL);

-- +goose Down
ALTER TABLE subscriptions DROP COLUMN external_payment_id;
ALTER TABLE subscriptions DROP COLUMN payment_method;
ALTER TABLE accounts DROP COLUMN payment_method;
