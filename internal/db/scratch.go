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
// something that is to leave no trace, and says how to open and to drop it.
func Scratch(ctx context.Context, raw string) (opens string, drop func(context.Context) error, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", nil, fmt.Errorf("the database's address cannot be read") // the cause would repeat its password
	}
	name := "igny8_scratch_" + strings.ToLower(rand.Text()[:12])
	run := func(ctx context.Context, statement string) error {
		c, err := pgx.Connect(ctx, raw)
		if err != nil {
			return fmt.Errorf("database: %w", err)
		}
		_, err = c.Exec(ctx, statement)
		if cerr := c.Close(ctx); err == nil {
			err = cerr
		}
		return err
	}
	if err := run(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", nil, fmt.Errorf("make a scratch schema: %w", err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String(), func(ctx context.Context) error { return run(ctx, "DROP SCHEMA "+name+" CASCADE") }, nil
}
