package account_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

type house struct {
	t    testing.TB
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	hand *clock.Hand
}

// newHouse has one account in the status given.
func newHouse(t testing.TB, n account.New) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), hand: hand,
		s: tenant.Mint(tenant.NewAccountID(), tenant.Actor{Kind: tenant.User, ID: "usr_test"}, tenant.AllPermissions)}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := account.Create(ctx, tx, n)
		return err
	})
	return h
}

func plain(s account.Status) account.New {
	return account.New{Name: "Acme", Country: "DE", Kind: account.Tenant, Status: s}
}

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) must(fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.update(fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) load() account.Account {
	h.t.Helper()
	var a account.Account
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) (err error) {
		a, err = account.Load(ctx, v)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// person inserts a user, which package identity does in the product.
func (h *house) person(name string) account.UserID {
	h.t.Helper()
	u := account.NewUserID()
	err := h.d.Update(h.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, created_at)
			VALUES ($1, $2, $2, '-', $2, '-', 0)`, u, name)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

func (h *house) member(name string, r account.Role) account.UserID {
	h.t.Helper()
	u := h.person(name)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return account.AddMember(ctx, tx, u, r) })
	return u
}

func (h *house) actions() string {
	h.t.Helper()
	var names []string
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		events, err := audit.Of(ctx, v, audit.EventID{}, 50)
		for _, e := range events {
			names = append(names, e.Action)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestCreateLoadRename(t *testing.T) {
	t.Parallel()
	h := newHouse(t, account.New{Name: "  Acme GmbH ", Country: "de", Kind: account.Tenant, Status: account.Trial})
	a := h.load()
	want := account.Account{ID: h.s.Account(), Name: "Acme GmbH", Country: "DE", Kind: account.Tenant, Status: account.Trial,
		PaymentMethod: account.Stripe, Created: a.Created, Updated: a.Updated}
	if a != want || a.Created.Year() != 2030 {
		t.Errorf("loaded %+v, want %+v", a, want)
	}
	h.hand.Advance(time.Hour)
	name, country := "Acme AG", "ch"
	for _, c := range []account.Change{{Name: &name}, {Country: &country}} {
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := account.Rename(ctx, tx, c)
			return err
		})
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		return account.SetPaymentMethod(ctx, tx, account.BankTransfer)
	})
	a = h.load()
	if a.Name != "Acme AG" || a.Country != "CH" || a.PaymentMethod != account.BankTransfer || a.Updated.Sub(a.Created) != time.Hour {
		t.Errorf("after the changes: %+v", a)
	}
	if got := h.actions(); got != "account.renamed account.renamed account.created" {
		t.Errorf("audit: %s", got)
	}
}

func TestInputIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain(account.Active))
	for _, tt := range []struct {
		name, country string
		method        account.PaymentMethod
		want          error
		location      string
	}{
		{"", "DE", "", account.ErrInvalidName, "body.account_name"},
		{" \t", "DE", "", account.ErrInvalidName, "body.account_name"},
		{"a\nb", "DE", "", account.ErrInvalidName, "body.account_name"},
		{"a\u202eb", "DE", "", account.ErrInvalidName, "body.account_name"},
		{"\u200d", "DE", "", account.ErrInvalidName, "body.account_name"},
		{"a\xff", "DE", "", account.ErrInvalidName, "body.account_name"},
		{strings.Repeat("é", 121), "DE", "", account.ErrInvalidName, "body.account_name"},
		{"Acme", "", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "DEU", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "UK", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "276", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "EU", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "IC", "", account.ErrInvalidCountry, "body.country"},
		{"Acme", "DE", "cash", account.ErrUnknownMethod, "body.payment_method"},
	} {
		s := tenant.Mint(tenant.NewAccountID(), h.s.Actor(), tenant.AllPermissions)
		err := h.st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := account.Create(ctx, tx, account.New{Name: tt.name, Country: tt.country, Kind: account.Tenant, Status: account.Trial, PaymentMethod: tt.method})
			return err
		})
		f := fault.Of(err)
		if !errors.Is(err, tt.want) || len(f.Fields) != 1 || f.Fields[0].Location != tt.location || f.Kind != fault.Invalid {
			t.Errorf("%q, %q, %q: %v at %+v", tt.name, tt.country, tt.method, err, f.Fields)
		}
	}
	for _, ok := range []string{strings.Repeat("é", 120), "می\u200cخواهم", "🙂 & Söhne"} {
		if got, fine := account.Printable(ok, 120); !fine || got != ok {
			t.Errorf("Printable(%q) = %q, %v", ok, got, fine)
		}
	}
	if m, err := account.ParsePaymentMethod(""); m != account.Stripe || err != nil {
		t.Errorf("no method given: %q, %v", m, err)
	}
	for _, m := range []account.PaymentMethod{account.Stripe, account.PayPal, account.BankTransfer} {
		if got, err := account.ParsePaymentMethod(string(m)); got != m || err != nil {
			t.Errorf("ParsePaymentMethod(%q) = %q, %v", m, got, err)
		}
	}
}

func TestNullPaymentMethodReadsAsStripe(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	s := tenanttest.New(t, d) // inserts as the release before the column did
	err := tenant.NewStore(d).View(t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		a, err := account.Load(ctx, v)
		if a.PaymentMethod != account.Stripe {
			t.Errorf("method %q", a.PaymentMethod)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSuspensionRemembersWhatItInterrupted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, meanwhile, after account.Status
	}{
		{account.Trial, "", account.Trial},
		{account.Active, account.PastDue, account.PastDue},
		{account.PendingPayment, account.Active, account.Active},
		{account.Cancelled, "", account.Cancelled},
	} {
		h := newHouse(t, plain(tt.before))
		for range 2 {
			h.must(func(ctx context.Context, tx *tenant.Tx) error {
				a, err := account.Suspend(ctx, tx, "abuse")
				if a.Status != account.Suspended {
					t.Errorf("suspended to %s", a.Status)
				}
				return err
			})
		}
		if tt.meanwhile != "" {
			h.must(func(ctx context.Context, tx *tenant.Tx) error { return account.SetStatus(ctx, tx, tt.meanwhile) })
		}
		if got := h.load().Status; got != account.Suspended {
			t.Errorf("SetStatus lifted the suspension: %s", got)
		}
		for range 2 {
			h.must(func(ctx context.Context, tx *tenant.Tx) error {
				a, err := account.Reactivate(ctx, tx, "a mistake")
				if a.Status != tt.after {
					t.Errorf("%s came back as %s, want %s", tt.before, a.Status, tt.after)
				}
				return err
			})
		}
		if got := h.actions(); got != "account.reactivated account.suspended account.created" {
			t.Errorf("audit: %s", got)
		}
	}
}

func TestSuspendRefuses(t *testing.T) {
	t.Parallel()
	n := plain(account.Active)
	n.Kind = account.System
	h := newHouse(t, n)
	suspend := func(reason string) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := account.Suspend(ctx, tx, reason)
			return err
		})
	}
	if err := suspend("x"); !errors.Is(err, account.ErrSystem) {
		t.Errorf("a system account: %v", err)
	}
	if err := suspend("  "); !errors.Is(err, account.ErrInvalidReason) {
		t.Errorf("no reason: %v", err)
	}
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error { return account.SetStatus(ctx, tx, account.Suspended) }); err == nil {
		t.Error("SetStatus suspended")
	}
	if got := h.load().Status; got != account.Active {
		t.Errorf("status %s after refusals", got)
	}
	missing := tenant.Mint(tenant.NewAccountID(), h.s.Actor(), 0)
	for name, fn := range map[string]func(context.Context, *tenant.Tx) error{
		"load":       func(ctx context.Context, tx *tenant.Tx) error { _, err := account.Load(ctx, tx); return err },
		"suspend":    func(ctx context.Context, tx *tenant.Tx) error { _, err := account.Suspend(ctx, tx, "x"); return err },
		"reactivate": func(ctx context.Context, tx *tenant.Tx) error { _, err := account.Reactivate(ctx, tx, "x"); return err },
		"set status": func(ctx context.Context, tx *tenant.Tx) error { return account.SetStatus(ctx, tx, account.Active) },
		"set method": func(ctx context.Context, tx *tenant.Tx) error {
			return account.SetPaymentMethod(ctx, tx, account.PayPal)
		},
	} {
		if err := h.st.Update(t.Context(), missing, fn); !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s of a missing account: %v", name, err)
		}
	}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	for s, want := range map[account.Status]error{
		account.Trial: nil, account.Active: nil, account.PastDue: nil, account.PendingPayment: account.ErrPaymentRequired,
		account.Suspended: account.ErrSuspended, account.Cancelled: account.ErrCancelled,
	} {
		if err := s.Standing(); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", s, err, want)
		}
	}
	if account.Status("odd").Standing() == nil {
		t.Error("an unknown status may work")
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, plain(account.Active))
	anna, ben := h.member("anna", account.Owner), h.member("ben", account.Viewer)
	set := func(u account.UserID, r account.Role) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := account.SetRole(ctx, tx, u, r)
			return err
		})
	}
	remove := func(u account.UserID) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error { return account.RemoveMember(ctx, tx, u) })
	}
	add := func(u account.UserID, r account.Role) error {
		return h.update(func(ctx context.Context, tx *tenant.Tx) error { return account.AddMember(ctx, tx, u, r) })
	}
	for _, tt := range []struct {
		what string
		got  error
		want error
	}{
		{"add twice", add(ben, account.Owner), account.ErrMember},
		{"an unknown role", add(h.person("eve"), "god"), account.ErrUnknownRole},
		{"demote the last owner", set(anna, account.Admin), account.ErrLastOwner},
		{"remove the last owner", remove(anna), account.ErrLastOwner},
		{"a stranger's role", set(account.NewUserID(), account.Admin), account.ErrNotMember},
		{"remove a stranger", remove(account.NewUserID()), account.ErrNotMember},
		{"promote", set(ben, account.Owner), nil},
		{"demote one of two", set(anna, account.Editor), nil},
		{"remove", remove(anna), nil},
		{"the one who is left", remove(ben), account.ErrLastOwner},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.what, tt.got, tt.want)
		}
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		all, err := account.Members(ctx, tx)
		if len(all) != 1 || all[0].User != ben || all[0].Role != account.Owner || all[0].Joined.Year() != 2030 {
			t.Errorf("members %+v", all)
		}
		if _, err := account.RoleOf(ctx, tx, anna); !errors.Is(err, account.ErrNotMember) {
			t.Errorf("role of one removed: %v", err)
		}
		return err
	})
}

func TestTwoOwnersLeaveAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		h := newHouse(t, plain(account.Active))
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, u := range []account.UserID{h.member("a", account.Owner), h.member("b", account.Owner)} {
			wg.Go(func() {
				errs[i] = h.update(func(ctx context.Context, tx *tenant.Tx) error {
					if i == 0 {
						return account.RemoveMember(ctx, tx, u)
					}
					_, err := account.SetRole(ctx, tx, u, account.Viewer)
					return err
				})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), account.ErrLastOwner) {
			t.Errorf("two owners left: %v", errs)
		}
	}
}

func TestRolesNarrow(t *testing.T) {
	t.Parallel()
	order := []account.Role{account.Owner, account.Admin, account.Editor, account.Viewer}
	for i, r := range order[1:] {
		p := r.Permissions()
		if p == 0 || p.And(order[i].Permissions()) != p || p == order[i].Permissions() {
			t.Errorf("%s (%v) is not less than %s", r, p.Names(), order[i])
		}
		if p.Has(tenant.ManageBilling) {
			t.Errorf("%s may bind the account to pay", r)
		}
	}
	if account.Role("odd").Permissions() != 0 {
		t.Error("an unknown role allows something")
	}
}

func TestPageIsForOperators(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	st := tenant.NewStore(d)
	ids := map[string]bool{}
	for range 5 {
		ids[tenanttest.New(t, d).Account().String()] = true
	}
	var look tenant.Look
	op := tenanttest.Operator(tenant.AccountsRead)
	err := st.UpdateFor(t.Context(), op, tenant.AccountsRead, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		if err := audit.RecordShared(ctx, tx, op.Actor(), "privilege.used", "test", nil); err != nil {
			return err
		}
		look, err = tx.Look()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	after, pages := "", 0
	for {
		var page []account.Account
		err := st.Survey(t.Context(), look, func(ctx context.Context, s *tenant.Survey) (err error) {
			page, err = account.Page(ctx, s, after, 2)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		pages++
		for _, a := range page {
			delete(ids, a.ID.String())
			after = a.ID.String()
		}
	}
	if len(ids) != 0 || pages != 3 {
		t.Errorf("%d accounts missed in %d pages", len(ids), pages)
	}
}

// TestSearchIsForOperators finds accounts by what somebody remembers of them.
func TestSearchIsForOperators(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	st := tenant.NewStore(d)
	made := map[string]tenant.AccountID{}
	for _, name := range []string{"Zebra 100%", "zebra_two", "Äpfel", "Other"} {
		s := tenanttest.New(t, d)
		made[name] = s.Account()
		err := st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE accounts SET name = $2, status = $3 WHERE id = $1`, name, map[bool]string{true: "past_due", false: "active"}[name == "Other"])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var look tenant.Look
	op := tenanttest.Operator(tenant.AccountsRead)
	err := st.UpdateFor(t.Context(), op, tenant.AccountsRead, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		if err := audit.RecordShared(ctx, tx, op.Actor(), "privilege.used", "test", nil); err != nil {
			return err
		}
		look, err = tx.Look()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		wanted account.Wanted
		want   string // newest first
	}{
		"all":                    {account.Wanted{}, "Other Äpfel zebra_two Zebra 100%"},
		"a part, in capitals":    {account.Wanted{Text: " ZEBRA "}, "zebra_two Zebra 100%"},
		"a percent sign":         {account.Wanted{Text: "%"}, "Zebra 100%"},
		"an underscore":          {account.Wanted{Text: "_"}, "zebra_two"},
		"no ASCII, as it stands": {account.Wanted{Text: "Äpf"}, "Äpfel"},
		"an id":                  {account.Wanted{Text: made["Äpfel"].String()}, "Äpfel"},
		"a part of an id":        {account.Wanted{Text: made["Äpfel"].String()[:10]}, ""},
		"a status":               {account.Wanted{Status: account.PastDue}, "Other"},
		"from one on":            {account.Wanted{After: made["Äpfel"]}, "zebra_two Zebra 100%"},
		"no more than":           {account.Wanted{Limit: 1}, "Other"},
	} {
		if tt.wanted.Limit == 0 {
			tt.wanted.Limit = 10
		}
		var found []string
		err := st.Survey(t.Context(), look, func(ctx context.Context, s *tenant.Survey) error {
			all, err := account.Search(ctx, s, tt.wanted)
			for _, a := range all {
				found = append(found, a.Name)
			}
			return err
		})
		if got := strings.Join(found, " "); err != nil || got != tt.want {
			t.Errorf("%s: %q %v, want %q", name, got, err, tt.want)
		}
	}
}

func TestTwoTenants(t *testing.T) {
	t.Parallel()
	a := newHouse(t, plain(account.Active))
	anna := a.member("anna", account.Owner)
	open := func(context.Context, tenant.Reader, int64, int64) error { return nil }
	var waits account.Invitation
	a.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		waits, err = account.Invite(ctx, tx, account.NewInvitation{Email: "ben@example.com", EmailKey: "ben@example.com", Role: account.Editor, Hash: "hash"}, open)
		return err
	})
	b := &house{t: t, d: a.d, st: a.st, s: tenanttest.New(t, a.d), hand: a.hand}
	b.must(func(ctx context.Context, tx *tenant.Tx) error {
		if all, err := account.Members(ctx, tx); len(all) != 0 || err != nil {
			t.Errorf("B sees the members of A: %v, %v", all, err)
		}
		if _, err := account.RoleOf(ctx, tx, anna); !errors.Is(err, account.ErrNotMember) {
			t.Errorf("B sees a role in A: %v", err)
		}
		if all, err := account.Invitations(ctx, tx, account.InvitationID{}, 10); len(all) != 0 || err != nil {
			t.Errorf("B sees the invitations of A: %v, %v", all, err)
		}
		if _, err := account.InvitationOf(ctx, tx, "hash"); !errors.Is(err, account.ErrNotInvited) {
			t.Errorf("B opens an invitation of A: %v", err)
		}
		if err := account.RevokeInvitation(ctx, tx, waits.ID); !errors.Is(err, account.ErrNotInvited) {
			t.Errorf("B revokes an invitation of A: %v", err)
		}
		if _, err := account.Accept(ctx, tx, anna, "hash", open); !errors.Is(err, account.ErrNotInvited) {
			t.Errorf("B accepts an invitation of A: %v", err)
		}
		_, err := account.Suspend(ctx, tx, "x")
		return err
	})
	a.must(func(ctx context.Context, tx *tenant.Tx) error {
		all, err := account.Invitations(ctx, tx, account.InvitationID{}, 10)
		if len(all) != 1 || all[0] != waits {
			t.Errorf("A's invitations are %v", all)
		}
		return err
	})
	if err := b.update(func(ctx context.Context, tx *tenant.Tx) error { return account.RemoveMember(ctx, tx, anna) }); !errors.Is(err, account.ErrNotMember) {
		t.Errorf("B removes a member of A: %v", err)
	}
	if got := a.load(); got.Status != account.Active || got.Name != "Acme" {
		t.Errorf("B changed A: %+v", got)
	}
}

// TestCountries: every one that is listed is taken, by its code alone.
func TestCountries(t *testing.T) {
	t.Parallel()
	all := account.Countries()
	if len(all) < 240 || !slices.IsSorted(all) || !slices.Contains(all, "DE") || !slices.Contains(all, "AQ") || slices.Contains(all, "EU") || slices.Contains(all, "AC") {
		t.Errorf("%d countries: %v", len(all), all)
	}
}
