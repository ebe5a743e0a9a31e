-- Owned by package payment.
-- A reference is taken while its payment may count: one that was rejected or
-- undone may be told of again.
-- +goose Up
ALTER TABLE payments DROP CONSTRAINT payments_account_id_method_external_payment_id_key;
CREATE UNIQUE INDEX payments_reference ON payments (account_id, method, external_payment_id) WHERE status NOT IN ('rejected', 'reversed');

-- +goose Down
-- The constraint of before held for all: what it would refuse is told apart by
-- its own id, so that no payment is lost.
ALTER TABLE payments NO FORCE ROW LEVEL SECURITY;
UPDATE payments SET external_payment_id = external_payment_id || ' ' || id WHERE status IN ('rejected', 'reversed');
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
DROP INDEX payments_reference;
ALTER TABLE payments ADD CONSTRAINT payments_account_id_method_external_payment_id_key UNIQUE (account_id, method, external_payment_id);
