package account_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/db"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func (h *house) orders(name string) (d account.Deletion, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
		d, err = account.OrderDeletion(ctx, tx, name, true)
		return err
	})
	return d, err
}

// due tells whether something is to be done in the account's deletion.
func (h *house) due() bool {
	h.t.Helper()
	var all []tenant.AccountID
	now := h.hand.Clock().Now()
	err := h.d.ViewAcross(h.t.Context(), func(ctx context.Context, v *db.View) (err error) {
		all, err = account.DeletionsDue(ctx, v, now, 10)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return slices.Contains(all, h.s.Account())
}

func TestDeletionIsOrderedAndTakenBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain(account.Active))
	keep := func() error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			d, err := account.Keep(ctx, tx)
			if err == nil && !d.PlanCancelled {
				t.Error("it is forgotten that the plan was cancelled")
			}
			return err
		})
	}
	if err := keep(); !errors.Is(err, account.ErrNoDeletion) {
		t.Errorf("kept what was not to be deleted: %v", err)
	}
	if _, err := h.orders("acme"); !errors.Is(err, account.ErrOtherName) {
		t.Errorf("another name: %v", err)
	}
	program := tenant.Mint(h.s.Account(), tenant.Actor{Kind: tenant.APIKey, ID: "key_1"}, tenant.AllPermissions)
	err := h.st.Update(t.Context(), program, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.OrderDeletion(ctx, tx, "Acme", false)
		return err
	})
	if !errors.Is(err, tenant.ErrForbidden) {
		t.Errorf("a program: %v", err)
	}
	d, err := h.orders(" Acme ")
	if err != nil || d.Due.Sub(d.Ordered) != account.SecondThoughts || d.By != "user:usr_test" {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := h.orders("Acme"); !errors.Is(err, account.ErrDeletionOrdered) {
		t.Errorf("ordered twice: %v", err)
	}
	other := tenanttest.New(t, h.d)
	for s, want := range map[tenant.Scope]error{h.s: account.ErrToBeDeleted, other: nil} {
		if err := h.st.View(t.Context(), s, func(ctx context.Context, v *tenant.View) error { return account.Stays(ctx, v) }); !errors.Is(err, want) {
			t.Errorf("stays: %v, want %v", err, want)
		}
	}
	if err := keep(); err != nil {
		t.Error(err)
	}
	if _, err := h.orders("Acme"); err != nil {
		t.Errorf("ordered again: %v", err)
	}
	if got := h.actions(); got != "account.deletion_ordered account.kept account.deletion_ordered account.created" {
		t.Errorf("audit: %s", got)
	}
}

func TestSystemAccountsAreNotDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, account.New{Name: "Acme", Kind: account.System, Status: account.Active})
	if _, err := h.orders("Acme"); !errors.Is(err, account.ErrSystemStays) {
		t.Errorf("ordered: %v", err)
	}
}

// TestWhenADeletionIsDue: near its end, at its end, and once the account has
// settled; and never again when it is done.
func TestWhenADeletionIsDue(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain(account.Active))
	anna := h.member("anna", account.Owner)
	if _, err := h.orders("Acme"); err != nil {
		t.Fatal(err)
	}
	step := func(what string, wait time.Duration, want bool, then func(context.Context, *tenant.Tx) error) {
		t.Helper()
		h.hand.Advance(wait)
		if got := h.due(); got != want {
			t.Errorf("%s: due is %v", what, got)
		}
		if then != nil {
			h.must(then)
		}
	}
	step("at first", 0, false, nil)
	step("near", account.SecondThoughts-account.LastWord, true, account.Remind)
	step("reminded", time.Hour, false, nil)
	step("at the end", account.LastWord, true, func(ctx context.Context, tx *tenant.Tx) error {
		if err := account.RemoveAll(ctx, tx); err != nil {
			return err
		}
		return account.Shut(ctx, tx)
	})
	if a := h.load(); a.Status != account.Cancelled || a.Name != account.ErasedName {
		t.Errorf("shut: %+v", a)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := account.RoleOf(ctx, tx, anna); !errors.Is(err, account.ErrNotMember) {
			t.Errorf("a member is left: %v", err)
		}
		if _, err := account.Keep(ctx, tx); !errors.Is(err, account.ErrNoDeletion) {
			t.Errorf("kept though it had begun: %v", err)
		}
		return nil
	})
	step("shut", 0, false, nil)
	step("settled", account.Settling, true, account.Erased)
	step("erased", time.Hour, false, nil)
}
