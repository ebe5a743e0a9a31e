package db

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Scratch makes an empty schema on the PostgreSQL server that raw names, for
// something that is to leave no trace. within turns the URL of any login of
// that database into one that opens the schema; drop ends it.
func Scratch(ctx context.Context, raw string) (within func(string) string, drop func(context.Context) error, err error) {
	name := "igny8_scratch_" + strings.ToLower(rand.Text()[:12])
	run := func(ctx context.Context, statement string) error {
		c, err := pgx.Connect(ctx, raw)
		if err != nil {
			return fmt.Errorf("database: %w", err) // pgx leaves the password out
		}
		_, err = c.Exec(ctx, statement)
		if cerr := c.Close(ctx); err == nil {
			err = cerr
		}
		return err
	}
	if err := run(ctx, "CREATE SCHEMA "+name); err != nil {
		return nil, nil, fmt.Errorf("make a scratch schema: %w", err)
	}
	within = func(raw string) string {
		u, err := url.Parse(raw)
		if err != nil {
			return raw // which Open refuses, without repeating its password
		}
		q := u.Query()
		q.Set("search_path", name)
		u.RawQuery = q.Encode()
		return u.String()
	}
	return within, func(ctx context.Context) error { return run(ctx, "DROP SCHEMA "+name+" CASCADE") }, nil
}
