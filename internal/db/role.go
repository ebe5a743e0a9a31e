package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// runtimeRole is whom every serving connection acts as: it owns nothing, so
// that no policy, trigger or grant is its to change, and it cannot bypass
// row-level security. Roles belong to the whole cluster: several databases may
// share this one, and nobody ever drops it.
const runtimeRole = "igny8_runtime"

// maySetRole is what pg_has_role is asked: before 16 every member may SET ROLE.
const maySetRole = `CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END`

// SQLSTATEs, PostgreSQL documentation, appendix A.
const (
	insufficientPrivilege = "42501"
	duplicateObject       = "42710"
	uniqueViolation       = "23505"
	internalError         = "XX000" // "tuple concurrently updated", in the catalogue
)

// ensureRole sees to it that the runtime role is there and that the serving
// login may act as it. Other processes may be doing the same, for this
// database or for another of the cluster, where no lock of ours reaches: who
// comes second looks again.
func ensureRole(ctx context.Context, migrating *sql.DB, serving string) error {
	for try := 1; ; try++ {
		err := ensureRoleOnce(ctx, migrating, serving)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) {
			return err
		}
		switch pg.Code {
		case insufficientPrivilege:
			return fmt.Errorf("%w (%s)", needsAdministrator(serving), pg.Message)
		case duplicateObject, uniqueViolation, internalError:
			if try < 10 {
				continue
			}
		}
		return fmt.Errorf("runtime role: %w", err)
	}
}

func ensureRoleOnce(ctx context.Context, migrating *sql.DB, serving string) error {
	var exists, member bool
	err := migrating.QueryRowContext(ctx, `SELECT count(*) > 0, coalesce(bool_or(pg_has_role($1::name, oid, `+maySetRole+`)), false)
		FROM pg_roles WHERE rolname = '`+runtimeRole+`'`, serving).Scan(&exists, &member)
	if err != nil {
		return err
	}
	if !exists {
		if _, err := migrating.ExecContext(ctx, createRole); err != nil {
			return err
		}
	}
	if member || serving == runtimeRole {
		return nil
	}
	// A superuser is a member of all, so one that has just made the role grants
	// it to himself here: the membership stays if he is one no longer.
	_, err = migrating.ExecContext(ctx, grantRole(serving))
	return err
}

const createRole = `CREATE ROLE ` + runtimeRole + ` NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE`

func grantRole(serving string) string {
	return `GRANT ` + runtimeRole + ` TO ` + pgx.Identifier{serving}.Sanitize()
}

// needsAdministrator says what somebody who may must do once.
func needsAdministrator(serving string) error {
	return fmt.Errorf("the database login may not set up the role that serves; have an administrator run once, in any database of the cluster:\n  %s;\n  %s;\n(the first only if there is no such role) and start again",
		createRole, grantRole(serving))
}

// grantLock is held while grants are changed: two who change those of one
// object at once are an error of PostgreSQL's.
const grantLock = 0x69676e7939

// ungranted asks what of the schema the runtime role cannot use yet. Only what
// belongs to the one who migrates is ours. The list of migrations is there to
// be read: a login that serves and does not migrate sees that nothing is to do.
const ungranted = `
	SELECT quote_ident(n.nspname), NOT has_schema_privilege('` + runtimeRole + `', n.oid, 'USAGE'),
		(SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
			WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v') AND pg_has_role(c.relowner, 'USAGE') AND c.relname <> 'goose_db_version'
			AND NOT (has_table_privilege('` + runtimeRole + `', c.oid, 'SELECT') AND has_table_privilege('` + runtimeRole + `', c.oid, 'INSERT')
				AND has_table_privilege('` + runtimeRole + `', c.oid, 'UPDATE') AND has_table_privilege('` + runtimeRole + `', c.oid, 'DELETE'))),
		(SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
			WHERE c.relnamespace = n.oid AND pg_has_role(c.relowner, 'USAGE') AND c.relname NOT LIKE 'goose_db_version%'
			AND CASE c.relkind WHEN 'S' THEN NOT has_sequence_privilege('` + runtimeRole + `', c.oid, 'USAGE') ELSE FALSE END),
		(SELECT c.oid::regclass::text FROM pg_class c
			WHERE c.relnamespace = n.oid AND pg_has_role(c.relowner, 'USAGE') AND c.relname = 'goose_db_version'
			AND NOT has_table_privilege('` + runtimeRole + `', c.oid, 'SELECT'))
	FROM pg_namespace n WHERE n.oid = current_schema()::regnamespace`

// grant lets the runtime role use what migrations made, and at once what later
// ones will make.
func grant(ctx context.Context, migrating *sql.DB) error {
	if todo, err := grantsToDo(ctx, migrating); err != nil || len(todo) == 0 {
		return err
	}
	tx, err := migrating.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing; otherwise the first error counts
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(grantLock)); err != nil {
		return err
	}
	todo, err := grantsToDo(ctx, tx) // who held the lock may have done it
	if err != nil {
		return err
	}
	for _, statement := range todo {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return tx.Commit()
}

func grantsToDo(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
},
) ([]string, error) {
	var schema string
	var barred bool
	var tables, sequences, list *string
	if err := q.QueryRowContext(ctx, ungranted).Scan(&schema, &barred, &tables, &sequences, &list); err != nil {
		return nil, fmt.Errorf("what the runtime role may use: %w", err)
	}
	const to = ` TO ` + runtimeRole
	var todo []string
	if barred {
		todo = append(todo, `GRANT USAGE ON SCHEMA `+schema+to)
	}
	if tables != nil {
		todo = append(todo, `GRANT SELECT, INSERT, UPDATE, DELETE ON `+*tables+to,
			`ALTER DEFAULT PRIVILEGES IN SCHEMA `+schema+` GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES`+to)
	}
	if sequences != nil {
		todo = append(todo, `GRANT USAGE, SELECT ON SEQUENCE `+*sequences+to,
			`ALTER DEFAULT PRIVILEGES IN SCHEMA `+schema+` GRANT USAGE, SELECT ON SEQUENCES`+to)
	}
	if list != nil {
		todo = append(todo, `GRANT SELECT ON `+*list+to)
	}
	return todo, nil
}
