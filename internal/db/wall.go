package db

import (
	"context"
	"errors"
	"fmt"
)

// ErrWall is a PostgreSQL on which row-level security would hold nobody back.
// The sentence around it says why, and what to do.
var ErrWall = errors.New("the database would not keep accounts apart")

// CheckWall is ErrWall unless row-level security stands: serving connections
// act as a role that is no superuser, cannot bypass row-level security and owns
// nothing in the schema; every table of accounts that it can read has forced
// policies; and no view shows such a table with its owner's eyes. A server asks
// it before it answers anybody. SQLite has no such wall, and passes.
func (d *DB) CheckWall(ctx context.Context) error {
	if d.engine != Postgres {
		return nil
	}
	var role string
	err := d.View(ctx, func(ctx context.Context, v *View) (err error) {
		if role, err = checkRole(ctx, v); err != nil {
			return err
		}
		return checkTables(ctx, v)
	})
	if err == nil {
		d.actsAs.Store(&role)
	}
	return err
}

// checkRole is the role that the connection acts as, when it is good.
func checkRole(ctx context.Context, v *View) (string, error) {
	var role, login string
	var super, bypass bool
	err := v.Get(ctx, `SELECT rolname, session_user::text, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user`, nil,
		&role, &login, &super, &bypass)
	if err != nil {
		return "", fmt.Errorf("whom the server acts as: %w", err)
	}
	remedy := "log in with IGNY8_DATABASE_URL as a role that may act as " + runtimeRole + ": " + grantRole(login) + ";"
	if role == runtimeRole {
		remedy = "an administrator has to run: ALTER ROLE " + runtimeRole + " NOSUPERUSER NOBYPASSRLS;"
	}
	switch {
	case super:
		return "", fmt.Errorf("%w: the server acts as %s, a superuser, whom no policy binds; %s", ErrWall, role, remedy)
	case bypass:
		return "", fmt.Errorf("%w: the server acts as %s, which has BYPASSRLS; %s", ErrWall, role, remedy)
	}
	owned, err := first(ctx, v, `
		SELECT c.relname FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND pg_has_role(current_user, c.relowner, 'USAGE')
		ORDER BY c.relname LIMIT 1`)
	if err != nil {
		return "", err
	}
	if owned != "" {
		if role == runtimeRole {
			remedy = "an administrator has to run: ALTER TABLE " + owned + " OWNER TO the login that migrates; and to take its roles from " + runtimeRole
		}
		return "", fmt.Errorf("%w: the server acts as %s, which owns %s and could switch its policies off; %s", ErrWall, role, owned, remedy)
	}
	return role, nil
}

// ofAccounts finds the tables whose rows belong to accounts, among those that
// the role can read: another program's in the same schema are not ours.
const ofAccounts = `
	FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND has_table_privilege(c.oid, 'SELECT')
	AND (c.relname = 'accounts' OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'account_id' AND a.attnotnull AND NOT a.attisdropped))`

func checkTables(ctx context.Context, v *View) error {
	var tables int
	if err := v.Get(ctx, `SELECT count(*)`+ofAccounts, nil, &tables); err != nil {
		return fmt.Errorf("the tables of accounts: %w", err)
	}
	if tables == 0 {
		return fmt.Errorf("%w: the server sees no table of ours; do IGNY8_DATABASE_URL and IGNY8_MIGRATE_DATABASE_URL lead to one database and schema?", ErrWall)
	}
	open, err := first(ctx, v, `SELECT c.relname`+ofAccounts+`
		AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant'))
		ORDER BY c.relname LIMIT 1`)
	if err != nil {
		return err
	}
	if open != "" {
		return fmt.Errorf("%w: row-level security of the table %s is off, not forced, or without its policy; as its owner run: ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; and if it has no policy: SELECT igny8_guard('%s');",
			ErrWall, open, open, open)
	}
	view, err := first(ctx, v, `
		SELECT c.relname FROM pg_class c
		WHERE c.relnamespace = current_schema()::regnamespace AND has_table_privilege(c.oid, 'SELECT')
		AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions), false))
		ORDER BY c.relname LIMIT 1`)
	if err != nil {
		return err
	}
	if view != "" {
		return fmt.Errorf("%w: the view %s shows rows with its owner's rights; drop it, or keep it from %s", ErrWall, view, runtimeRole)
	}
	return nil
}

// first is the first text of a query, or none.
func first(ctx context.Context, v *View, query string) (string, error) {
	var text string
	err := v.Get(ctx, query, nil, &text)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("check row-level security: %w", err)
	}
	return text, nil
}
