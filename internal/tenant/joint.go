package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/db"
)

// Joint is a transaction on the rows of several accounts, in the few tables
// that are committed together: those of the credits. In its statements $1 is
// the list of the accounts' ids, and the database shows no other's rows.
type Joint struct {
	t        *db.Together
	accounts []string
}

// JointStatement is a statement of a Joint. Args begin at $2; Row is called for
// every row that it answers.
type JointStatement struct {
	Query string
	Args  []any
	Row   func(Scan) error
}

// Joins tells whether the database has Joints: PostgreSQL does. Where it has
// none, InTurn does the same work.
func (st *Store) Joins() bool { return st.db.Engine() == db.Postgres }

// Jointly runs fn in one transaction on the rows of several accounts. It ends
// with the Send that says so. Only credit may call it.
func (st *Store) Jointly(ctx context.Context, all []Scope, fn func(context.Context, *Joint) error) error {
	accounts := make([]string, 0, len(all))
	for _, s := range all {
		if err := s.own(); err != nil {
			return err
		}
		accounts = append(accounts, s.account.String())
	}
	return st.db.UpdateTogether(ctx, accounts, func(ctx context.Context, t *db.Together) error {
		return fn(ctx, &Joint{t, accounts})
	})
}

// InTurn runs fn in one transaction that opens the rows of one account after
// the other, as often as fn asks. Only credit may call it.
func (st *Store) InTurn(ctx context.Context, fn func(ctx context.Context, open func(Scope, func(*Tx) error) error) error) error {
	return st.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		return fn(ctx, func(s Scope, do func(*Tx) error) error { return Within(ctx, tx, s, do) })
	})
}

// own is an error for a scope that opens nothing without being written down.
func (s Scope) own() error {
	switch {
	case s.account.IsZero():
		return ErrNoScope
	case s.unwritten():
		return ErrUnwritten
	}
	return nil
}

// Now is the time of the transaction.
func (j *Joint) Now() time.Time { return j.t.Now() }

// Accounts are the ids that $1 lists.
func (j *Joint) Accounts() []string { return j.accounts }

// Send runs statements in one round trip, and with last commits behind them.
// An error of which IsUncertain is true leaves open whether it was done.
func (j *Joint) Send(ctx context.Context, last bool, all ...JointStatement) error {
	sent := make([]db.Statement, 0, len(all))
	for _, s := range all {
		if !bindsAccount(s.Query) {
			return fmt.Errorf("tenant: statement does not bind the accounts ($1): %.80s", s.Query)
		}
		sent = append(sent, db.Statement{Query: s.Query, Args: append([]any{j.accounts}, s.Args...), Row: s.Row})
	}
	return j.t.Send(ctx, last, sent...)
}

// IsUncertain tells whether err is a commit of which nobody heard whether it
// was done.
func IsUncertain(err error) bool { return errors.Is(err, db.ErrUncertain) }
