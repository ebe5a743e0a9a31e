package flag_test

import (
	"context"
	"errors"
	"testing"

	"igny8/internal/db/dbtest"
	"igny8/internal/flag"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func TestAFlagIsSetAndOverridden(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	st, s := tenant.NewStore(d), tenanttest.New(t, d)
	clerk := tenant.MintOperator("clerk", []tenant.Privilege{tenant.FlagsManage})
	const name = flag.BankTransferCheckout
	set := func(share flag.Share) error {
		return st.UpdateFor(t.Context(), clerk, tenant.FlagsManage, func(ctx context.Context, tx *tenant.SharedTx) error {
			return flag.Set(ctx, tx, name, share)
		})
	}
	change := func(fn func(context.Context, *tenant.Tx) error) {
		t.Helper()
		if err := st.Update(t.Context(), s, fn); err != nil {
			t.Fatal(err)
		}
	}
	is := func(want bool) {
		t.Helper()
		err := st.View(t.Context(), s, func(ctx context.Context, v *tenant.View) error {
			on, err := flag.For(ctx, v, name)
			if on != want {
				t.Errorf("on is %t, want %t", on, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is(true) // as the program has it
	for _, share := range []flag.Share{flag.Off, flag.On, flag.Off} {
		if err := set(share); err != nil {
			t.Fatal(err)
		}
		is(share == flag.On)
	}
	if err := set(flag.Off); !errors.Is(err, tenant.ErrUnwritten) { // no change, no event of the room's
		t.Errorf("set to what it was: %v", err)
	}
	if err := set(101); !errors.Is(err, flag.ErrInvalid) {
		t.Errorf("101%%: %v", err)
	}
	change(func(ctx context.Context, tx *tenant.Tx) error { return flag.Override(ctx, tx, name, true) })
	is(true)
	change(func(ctx context.Context, tx *tenant.Tx) error { return flag.Follow(ctx, tx, name) })
	is(false)
	dump := dbtest.Dump(t, d)
	if n := len(dump["staff_audit_events"]); n != 3 {
		t.Errorf("%d events of the flag: %v", n, dump["staff_audit_events"])
	}
	if n := len(dump["audit_events"]); n != 2 {
		t.Errorf("%d events of the account: %v", n, dump["audit_events"])
	}
	if _, err := flag.Parse("nothing"); !errors.Is(err, flag.ErrUnknown) {
		t.Errorf("an unknown flag: %v", err)
	}
}
