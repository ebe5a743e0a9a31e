-- Owned by package credit. What is written of an account's credits is written
-- with its balance, whose row is locked; to look that row up again for every
-- entry and every hold took a third of the time. igny8 verify looks.
-- The balance is changed more often than any other row.
-- +goose Up
ALTER TABLE credit_entries DROP CONSTRAINT credit_entries_account_id_fkey;
ALTER TABLE credit_holds DROP CONSTRAINT credit_holds_account_id_fkey;
ALTER TABLE credit_balances SET (fillfactor = 50);
ALTER TABLE credit_lots SET (fillfactor = 70);

-- +goose Down
ALTER TABLE credit_lots RESET (fillfactor);
ALTER TABLE credit_balances RESET (fillfactor);
ALTER TABLE credit_balances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_holds NO FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_entries NO FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_holds ADD CONSTRAINT credit_holds_account_id_fkey FOREIGN KEY (account_id) REFERENCES credit_balances (account_id);
ALTER TABLE credit_entries ADD CONSTRAINT credit_entries_account_id_fkey FOREIGN KEY (account_id) REFERENCES credit_balances (account_id);
ALTER TABLE credit_entries FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_holds FORCE ROW LEVEL SECURITY;
ALTER TABLE credit_balances FORCE ROW LEVEL SECURITY;
