package dbtest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

func count(ctx context.Context, tx *db.Tx, series string) error {
	_, err := tx.Exec(ctx, `INSERT INTO invoice_series (name, last) VALUES ($1, 1)
		ON CONFLICT (name) DO UPDATE SET last = invoice_series.last + 1`, series)
	return err
}

func TestFailEverywhereCountsStatementsAndCommits(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	n := dbtest.FailEverywhere(t, d, func() error {
		return d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if err := count(ctx, tx, "a"); err != nil {
				return err
			}
			if err := tx.Each(ctx, `SELECT name FROM invoice_series`, nil, func(scan db.Scan) error { return scan(new(string)) }); err != nil {
				return err
			}
			return tx.Get(ctx, `SELECT last FROM invoice_series`, nil, new(int))
		})
	})
	if n != 4 {
		t.Errorf("%d things failed, want three statements and the commit", n)
	}
	if got := dbtest.Dump(t, d)["invoice_series"]; len(got) != 1 || got[0] != "a | 1" {
		t.Errorf("after the one success: %q", got)
	}
	if err := d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error { return count(ctx, tx, "a") }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// complaints is a test that a helper may fail.
type complaints struct {
	testing.TB
	text string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.text += fmt.Sprintf(format, args...) + "\n"
}

func (c *complaints) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

func TestFailEverywhereFindsWhatIsHalfDone(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		do   func(context.Context, *db.DB) error
		want string
	}{
		"two transactions": {func(ctx context.Context, d *db.DB) error {
			for _, series := range []string{"a", "b"} {
				if err := d.Update(ctx, func(ctx context.Context, tx *db.Tx) error { return count(ctx, tx, series) }); err != nil {
					return err
				}
			}
			return nil
		}, "left table invoice_series"},
		"an error that is swallowed": {func(ctx context.Context, d *db.DB) error {
			return d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
				_ = count(ctx, tx, "a")
				return nil
			})
		}, "nobody was told"},
		"what never works": {func(context.Context, *db.DB) error { return errors.New("no") }, "undisturbed"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := dbtest.Open(t)
			c := &complaints{TB: t}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				dbtest.FailEverywhere(c, d, func() error { return tt.do(t.Context(), d) })
			}()
			<-ended
			if !strings.Contains(c.text, tt.want) {
				t.Errorf("complained %q, want %q", c.text, tt.want)
			}
		})
	}
}
