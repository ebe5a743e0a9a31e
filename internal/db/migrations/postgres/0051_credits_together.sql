-- Owned by package credit. See 0030: a transaction meets the rows of the account
-- it was opened for. One that commits the credits of several accounts together
-- names them all, and meets their rows in these tables only.
-- +goose Up
CREATE POLICY together ON credit_balances USING (account_id IN (SELECT unnest(string_to_array(current_setting('igny8.accounts', true), ','))));
CREATE POLICY together ON credit_lots USING (account_id IN (SELECT unnest(string_to_array(current_setting('igny8.accounts', true), ','))));
CREATE POLICY together ON credit_holds USING (account_id IN (SELECT unnest(string_to_array(current_setting('igny8.accounts', true), ','))));
CREATE POLICY together ON credit_hold_lots USING (account_id IN (SELECT unnest(string_to_array(current_setting('igny8.accounts', true), ','))));
CREATE POLICY together ON credit_entries USING (account_id IN (SELECT unnest(string_to_array(current_setting('igny8.accounts', true), ','))));

-- +goose Down
DROP POLICY together ON credit_entries;
DROP POLICY together ON credit_hold_lots;
DROP POLICY together ON credit_holds;
DROP POLICY together ON credit_lots;
DROP POLICY together ON credit_balances;
