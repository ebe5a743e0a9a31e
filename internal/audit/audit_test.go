package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

type house struct {
	t  testing.TB
	d  *db.DB
	st *tenant.Store
	s  tenant.Scope
}

var now = time.Date(2030, 1, 10, 12, 0, 0, 123_456_000, time.UTC)

func newHouse(t testing.TB) *house {
	t.Helper()
	d := dbtest.OpenAt(t, clock.At(now))
	return &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d)}
}

func (h *house) update(s tenant.Scope, fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), s, fn)
}

func (h *house) record(s tenant.Scope, action string, detail any) error {
	return h.update(s, func(ctx context.Context, tx *tenant.Tx) error {
		return audit.Record(ctx, tx, action, "site_1", detail)
	})
}

func (h *house) events(s tenant.Scope, limit int) (all []audit.Event) {
	h.t.Helper()
	err := h.st.View(h.t.Context(), s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = audit.Of(ctx, v, audit.EventID{}, limit)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// is fails the test unless got is want; a nil want is success.
func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("got the error %v, want %v", got, want)
	}
}

func TestAnEventSaysWhoDidWhatToWhat(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, who := range []tenant.Actor{
		{Kind: tenant.User, ID: "usr_1"}, {Kind: tenant.Staff, ID: "usr_2"}, {Kind: tenant.System, ID: "test"},
	} {
		s := tenant.Mint(h.s.Account(), who, tenant.AllPermissions)
		is(t, h.record(s, "site.created", map[string]any{"domain": "a.example", "n": 1}), nil)
		e := h.events(h.s, 1)[0]
		if e.Actor != who.String() || e.Action != "site.created" || e.Subject != "site_1" || !e.At.Equal(now) || e.ID.IsZero() {
			t.Errorf("by %s: %+v", who, e)
		}
		if got := string(e.Detail); got != `{"domain":"a.example","n":1}` {
			t.Errorf("detail %s", got)
		}
	}
}

func TestDetail(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for want, detail := range map[string]any{
		`{}`:                      nil,
		`null`:                    (*int)(nil),
		`{"a":"é \u003cb\u003e"}`: map[string]string{"a": "é <b>"},
		`["x"]`:                   []string{"x"},
		`{"From":1}`:              struct{ From int }{1},
	} {
		is(t, h.record(h.s, "a.done", detail), nil)
		if got := string(h.events(h.s, 1)[0].Detail); got != want {
			t.Errorf("detail %s, want %s", got, want)
		}
	}
	before := len(h.events(h.s, 100))
	if err := h.record(h.s, "a.done", func() {}); err == nil || !strings.Contains(err.Error(), "audit a.done") {
		t.Errorf("a detail that is no JSON: %v", err)
	}
	if got := len(h.events(h.s, 100)); got != before {
		t.Errorf("%d events, want %d", got, before)
	}
}

func TestAnEventIsThereIfItsTransactionIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	boom := errors.New("boom")
	is(t, h.update(h.s, func(ctx context.Context, tx *tenant.Tx) error {
		if err := audit.Record(ctx, tx, "site.created", "site_1", nil); err != nil {
			return err
		}
		if all, err := audit.Of(ctx, tx, audit.EventID{}, 10); len(all) != 1 || err != nil {
			t.Errorf("within its transaction: %+v, %v", all, err)
		}
		return boom
	}), boom)
	if all := h.events(h.s, 10); len(all) != 0 {
		t.Errorf("an act that was undone left %+v", all)
	}
	dbtest.FailEverywhere(t, h.d, func() error {
		return h.update(h.s, func(ctx context.Context, tx *tenant.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE accounts SET name = 'Renamed' WHERE id = $1`); err != nil {
				return err
			}
			return audit.Record(ctx, tx, "account.renamed", h.s.Account().String(), nil)
		})
	})
	if all := h.events(h.s, 10); len(all) != 1 {
		t.Errorf("an act that was done once left %+v", all)
	}
}

func TestNewestFirstAndNoMoreThanAskedFor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	// Ten in each of three transactions, all at one time of the clock.
	for round := range 3 {
		is(t, h.update(h.s, func(ctx context.Context, tx *tenant.Tx) error {
			for n := range 10 {
				if err := audit.Record(ctx, tx, fmt.Sprintf("step.%02d", 10*round+n), "x", nil); err != nil {
					return err
				}
			}
			return nil
		}), nil)
	}
	for _, limit := range []int{1, 7, 30, 500} {
		all := h.events(h.s, limit)
		if len(all) != min(limit, 30) {
			t.Errorf("%d events, asked for %d of 30", len(all), limit)
		}
		for i, e := range all {
			if want := fmt.Sprintf("step.%02d", 29-i); e.Action != want {
				t.Errorf("event %d is %s, want %s", i, e.Action, want)
			}
		}
	}
}

func TestSharedEventsBelongToNoAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	by := tenanttest.Operator(tenant.PlansManage).Actor()
	dbtest.FailEverywhere(t, h.d, func() error {
		return h.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
			return audit.RecordShared(ctx, tx, by, "plan.changed", "growth", map[string]int{"price": 1})
		})
	})
	rows := dbtest.Dump(t, h.d)["staff_audit_events"]
	if len(rows) != 1 || !strings.Contains(rows[0], fmt.Sprintf(`staff:usr_staff | plan.changed | growth | {"price":1} | %d`, clock.Micros(now))) {
		t.Errorf("kept %q", rows)
	}
	err := h.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		return audit.RecordShared(ctx, tx, by, "plan.changed", "growth", make(chan int))
	})
	if err == nil {
		t.Error("a detail that is no JSON was kept")
	}
	if all := h.events(h.s, 10); len(all) != 0 {
		t.Errorf("an account sees %+v", all)
	}
}

func TestNothingOfAnotherAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	other := tenanttest.New(t, h.d)
	is(t, h.record(h.s, "site.created", nil), nil)
	is(t, h.record(other, "site.deleted", nil), nil)
	for s, want := range map[tenant.Scope]string{h.s: "site.created", other: "site.deleted"} {
		if all := h.events(s, 10); len(all) != 1 || all[0].Action != want {
			t.Errorf("got %+v, want %s alone", all, want)
		}
	}
	nobody := tenant.Mint(tenant.NewAccountID(), h.s.Actor(), tenant.AllPermissions)
	if err := h.record(nobody, "site.created", nil); !tenant.IsForeignKey(err) {
		t.Errorf("an event of an account that is not there: %v", err)
	}
}
