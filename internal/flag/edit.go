package flag

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Setting is a flag as it is.
type Setting struct {
	Name      Name
	Says      words.Text // what it switches
	Share     Share
	ChangedBy string    // see tenant.Actor; empty: nobody has yet
	Changed   time.Time // zero: never
}

// List is every flag, set or not.
func List(ctx context.Context, r tenant.Shared) ([]Setting, error) {
	set := map[Name]Setting{}
	err := r.Each(ctx, `SELECT name, share, changed_by, changed_at FROM flags`, nil, func(scan tenant.Scan) error {
		var s Setting
		var at int64
		err := scan(&s.Name, &s.Share, &s.ChangedBy, &at)
		s.Changed = clock.FromMicros(at)
		set[s.Name] = s
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list flags: %w", err)
	}
	all := make([]Setting, 0, len(about))
	for _, a := range about {
		s, found := set[a.name]
		if !found {
			s = Setting{Name: a.name, Share: On}
		}
		s.Says = a.says
		all = append(all, s)
	}
	return all, nil
}

// Set changes for how many accounts a flag is on, and writes down what it was.
// A flag that is so already stays as it is. It needs flags.manage.
func Set(ctx context.Context, tx *tenant.SharedTx, n Name, s Share) error {
	by := tx.Operator()
	if err := by.Require(tenant.FlagsManage); err != nil {
		return err
	}
	if s < Off || s > On {
		return ErrInvalid.At("body.percentage", "is from 0 to 100", int(s))
	}
	// This holds the row, so that what was read before is what is replaced.
	if _, err := tx.Exec(ctx, `
		INSERT INTO flags (name, share, changed_by, changed_at) VALUES ($1, 100, $2, $3)
		ON CONFLICT (name) DO UPDATE SET share = flags.share`, string(n), by.Actor().String(), clock.Micros(tx.Now())); err != nil {
		return fmt.Errorf("hold flag %s: %w", n, err)
	}
	before, err := shareOf(ctx, tx.Shared, n)
	if err != nil || before == s {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE flags SET share = $2, changed_by = $3, changed_at = $4 WHERE name = $1`,
		string(n), int(s), by.Actor().String(), clock.Micros(tx.Now())); err != nil {
		return fmt.Errorf("set flag %s: %w", n, err)
	}
	return audit.RecordShared(ctx, tx, by.Actor(), "flag.changed", string(n), change{Before: before.String(), After: s.String()})
}

// change is the detail of an event.
type change struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// Own is what a flag is for one account.
type Own struct {
	Name     Name
	On       bool
	Override bool // set for this account, whatever the share
}

// Of is every flag as the account has it.
func Of(ctx context.Context, r tenant.Reader) ([]Own, error) {
	set := map[Name]bool{}
	err := r.Each(ctx, `SELECT name, enabled FROM flag_overrides WHERE account_id = $1`, nil, func(scan tenant.Scan) error {
		var n Name
		var on bool
		err := scan(&n, &on)
		set[n] = on
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("flags of the account: %w", err)
	}
	flags, err := List(ctx, r.Shared())
	all := make([]Own, 0, len(flags))
	for _, f := range flags {
		on, own := set[f.Name]
		if !own {
			on = f.Share.includes(f.Name, r.Scope().Account().String())
		}
		all = append(all, Own{Name: f.Name, On: on, Override: own})
	}
	return all, err
}

// Override sets a flag for the account of tx, whatever the share is.
func Override(ctx context.Context, tx *tenant.Tx, n Name, on bool) error {
	before, err := hold(ctx, tx, n)
	if err != nil || before == word(true, on) {
		return err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO flag_overrides (account_id, name, enabled, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, name) DO UPDATE SET enabled = $3, changed_by = $4, changed_at = $5`,
		string(n), on, tx.Scope().Actor().String(), clock.Micros(tx.Now())); err != nil {
		return fmt.Errorf("set flag %s for the account: %w", n, err)
	}
	return audit.Record(ctx, tx, "flag.overridden", string(n), change{Before: before, After: word(true, on)})
}

// Follow takes the account's own setting away: the share counts again.
func Follow(ctx context.Context, tx *tenant.Tx, n Name) error {
	before, err := hold(ctx, tx, n)
	if err != nil || before == word(false, false) {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM flag_overrides WHERE account_id = $1 AND name = $2`, string(n)); err != nil {
		return fmt.Errorf("let flag %s follow its share: %w", n, err)
	}
	return audit.Record(ctx, tx, "flag.overridden", string(n), change{Before: before, After: word(false, false)})
}

// hold is the account's own setting, in a word. Who changes an existing one
// at the same moment waits.
func hold(ctx context.Context, tx *tenant.Tx, n Name) (string, error) {
	if _, err := tx.Exec(ctx, `UPDATE flag_overrides SET enabled = enabled WHERE account_id = $1 AND name = $2`, string(n)); err != nil {
		return "", fmt.Errorf("hold flag %s of the account: %w", n, err)
	}
	on, found, err := overrideOf(ctx, tx, n)
	return word(found, on), err
}

func word(found, on bool) string {
	switch {
	case !found:
		return "share"
	case on:
		return "on"
	}
	return "off"
}
