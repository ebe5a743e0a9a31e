-- Owned by package db. The eighth wall: what the code cannot say, the database
-- would not answer. See "Whose data" in docs/architecture.md.
--
-- Every table whose rows belong to an account gets two policies. tenant lets a
-- transaction read and write the rows of the account it was opened for.
-- tenant_reach lets one that was opened to read across accounts see all rows;
-- it is for SELECT alone, so that nothing written, deleted or locked can ever
-- be another account's. The settings are read once per statement (the
-- sub-select), and are NULL or empty when nothing was set: then no row is there.
--
-- FORCE holds for the owner too. A later migration that changes rows of
-- accounts says ALTER TABLE ... NO FORCE ROW LEVEL SECURITY before and FORCE
-- after; one that forgets fails, since migrations run with row_security = off.
-- A later table of accounts needs one line here, in a migration for PostgreSQL
-- after the one that makes it: SELECT igny8_guard('exports');
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION igny8_guard(guarded regclass, account text DEFAULT 'account_id') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', guarded);
	EXECUTE format('CREATE POLICY tenant ON %s USING (%I = (SELECT nullif(current_setting(''igny8.account'', true), '''')))', guarded, account);
	EXECUTE format('CREATE POLICY tenant_reach ON %s FOR SELECT USING ((SELECT current_setting(''igny8.reach'', true)) = ''all'')', guarded);
END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION igny8_unguard(guarded regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('DROP POLICY tenant ON %s', guarded);
	EXECUTE format('DROP POLICY tenant_reach ON %s', guarded);
	EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY', guarded);
END
$$;
-- +goose StatementEnd
SELECT igny8_guard('accounts', 'id');
-- Whoever must have an account belongs to one. token_families need not have
-- one and is found by a token before anybody knows whose it is.
SELECT igny8_guard(c.oid::regclass)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attname = 'account_id' AND a.attnotnull
ORDER BY c.relname;

-- +goose Down
SELECT igny8_unguard(p.polrelid::regclass)
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = current_schema()::regnamespace AND p.polname = 'tenant'
ORDER BY c.relname;
DROP FUNCTION igny8_unguard(regclass);
DROP FUNCTION igny8_guard(regclass, text);
