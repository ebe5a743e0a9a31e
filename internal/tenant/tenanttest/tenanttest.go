// Package tenanttest makes accounts for the tests of rooms, without the rooms
// that make them in the product.
package tenanttest

import (
	"context"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
)

// New inserts an active account and returns a scope that may do all in it, as
// a user.
func New(t testing.TB, d *db.DB) tenant.Scope {
	t.Helper()
	return NewWith(t, d, tenant.AllPermissions)
}

// NewWith is New with the permissions given.
func NewWith(t testing.TB, d *db.DB, may tenant.Permissions) tenant.Scope {
	t.Helper()
	s := tenant.Mint(tenant.NewAccountID(), tenant.Actor{Kind: tenant.User, ID: "usr_test"}, may)
	err := d.UpdateOf(t.Context(), s.Account().String(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO accounts (id, name, country, kind, status, created_at, updated_at)
			VALUES ($1, 'Test', 'DE', 'tenant', 'active', $2, $2)`, s.Account().String(), clock.Micros(tx.Now()))
		return err
	})
	if err != nil {
		t.Fatalf("insert a test account: %v", err)
	}
	return s
}

// Operator is one of the operator's people with the privileges given.
func Operator(may ...tenant.Privilege) tenant.Operator {
	return OperatorNamed("usr_staff", may...)
}

// OperatorNamed is Operator for a test with two of them.
func OperatorNamed(user string, may ...tenant.Privilege) tenant.Operator {
	return tenant.MintOperator(user, may)
}

// Look is good for a Survey by one of the operator's people, as if the look
// were in the log.
func Look(t testing.TB, st *tenant.Store, may tenant.Privilege) tenant.Look {
	t.Helper()
	var look tenant.Look
	op := Operator(may)
	err := st.UpdateFor(t.Context(), op, may, func(_ context.Context, tx *tenant.SharedTx) (err error) {
		tenant.NoteShared(tx, op.Actor())
		look, err = tx.Look()
		return err
	})
	if err != nil {
		t.Fatalf("look at all accounts: %v", err)
	}
	return look
}
