package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/db"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// sharedEvents counts what the operator's log says was done.
func (h *house) sharedEvents(action, actor string) int {
	h.t.Helper()
	return h.count(`SELECT count(*) FROM staff_audit_events WHERE action = $1 AND actor = $2`, action, actor)
}

func TestStaffMayWhatWasGranted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u, tokens := h.staff("staff@example.com", tenant.AccountsRead, tenant.AuditRead)
	for _, p := range tenant.AllPrivileges() {
		var want error
		if p != tenant.AccountsRead && p != tenant.AuditRead {
			want = tenant.ErrForbidden
		}
		_, err := h.ids.Admit(t.Context(), "Bearer "+tokens.Access, identity.Staff(p))
		is(t, err, want)
	}
	c := h.admit(tokens.Access, identity.Staff(tenant.AccountsRead))
	if c.Operator.Actor() != (tenant.Actor{Kind: tenant.Staff, ID: u.ID.String()}) || !c.Scope.Account().IsZero() {
		t.Errorf("let in as %+v, want staff without an account", c)
	}
	for _, p := range []identity.Policy{
		identity.Tenant(tenant.ReadContent), identity.TenantEvenIfUnpaid(tenant.ReadBilling), identity.Bridge(tenant.ReadContent),
	} {
		h.refused(tokens.Access, p, tenant.ErrForbidden)
	}
	next, err := h.ids.Refresh(t.Context(), tokens.Refresh)
	is(t, err, nil)
	h.admit(next.Access, identity.Staff(tenant.AuditRead))
	if n := h.sharedEvents("privilege.granted", "staff:console"); n != 2 {
		t.Errorf("%d grants in the log, want 2", n)
	}
}

// What happens to a session without an account is in the operator's log.
func TestStolenStaffSession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u, tokens := h.staff("staff@example.com", tenant.AccountsRead)
	_, err := h.ids.Refresh(t.Context(), tokens.Refresh)
	is(t, err, nil)
	_, err = h.ids.Refresh(t.Context(), tokens.Refresh)
	is(t, err, identity.ErrInvalid)
	h.refused(tokens.Access, identity.Staff(tenant.AccountsRead), identity.ErrInvalid)
	if n := h.sharedEvents("session.ended_by_reuse", "user:"+u.ID.String()); n != 1 {
		t.Errorf("%d events of the reuse, want 1", n)
	}
}

func TestGrantAndRevokeCountOnTheNextRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	boss, bossTokens := h.staff("boss@example.com", tenant.PrivilegesManage)
	f := h.found("anna@example.com") // anybody may be given one
	op := h.operator(bossTokens.Access)
	h.refused(f.tokens.Access, identity.Staff(tenant.FlagsManage), tenant.ErrForbidden)
	for range 2 {
		is(t, h.grant(op, f.user.ID, tenant.FlagsManage), nil)
		h.admit(f.tokens.Access, identity.Staff(tenant.FlagsManage))
	}
	grants, err := h.grants(op)
	is(t, err, nil)
	want := []identity.StaffGrant{
		{User: f.user.ID, Email: "anna@example.com", FirstName: "Anna", LastName: "Adler", Privilege: tenant.FlagsManage, GrantedBy: "staff:" + boss.ID.String(), Granted: h.hand.Clock().Now()},
		{User: boss.ID, Email: "boss@example.com", FirstName: "Anna", LastName: "Adler", Privilege: tenant.PrivilegesManage, GrantedBy: "staff:console", Granted: h.hand.Clock().Now()},
	}
	if !slices.Equal(grants, want) {
		t.Errorf("grants %+v, want %+v", grants, want)
	}
	for range 2 {
		is(t, h.revoke(op, f.user.ID, tenant.FlagsManage), nil)
		h.refused(f.tokens.Access, identity.Staff(tenant.FlagsManage), tenant.ErrForbidden)
	}
	for _, action := range []string{"privilege.granted", "privilege.revoked"} {
		if n := h.sharedEvents(action, "staff:"+boss.ID.String()); n != 1 {
			t.Errorf("%d events %s, want 1", n, action)
		}
	}
	is(t, h.grant(op, account.NewUserID(), tenant.FlagsManage), identity.ErrUserNotFound)
	is(t, h.grant(op, f.user.ID, "everything"), identity.ErrPrivilege)
	is(t, h.revoke(op, f.user.ID, "everything"), identity.ErrPrivilege)
}

// Privileges are handed out by who manages them, and by nobody else.
func TestGrantIsNoEscalation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	u, tokens := h.staff("staff@example.com", slices.DeleteFunc(tenant.AllPrivileges(), func(p tenant.Privilege) bool { return p == tenant.PrivilegesManage })...)
	for name, op := range map[string]tenant.Operator{
		"all but the one": h.operator(tokens.Access), "nobody": {}, "an owner": h.operator(f.tokens.Access),
	} {
		for what, err := range map[string]error{
			"grant":  h.grant(op, u.ID, tenant.PrivilegesManage),
			"revoke": h.revoke(op, u.ID, tenant.AccountsRead),
		} {
			if !errors.Is(err, tenant.ErrForbidden) {
				t.Errorf("%s by %s: got %v, want %v", what, name, err, tenant.ErrForbidden)
			}
		}
		_, err := h.grants(op)
		is(t, err, tenant.ErrForbidden)
	}
	if n := h.count(`SELECT count(*) FROM staff_grants`); n != len(tenant.AllPrivileges())-1 {
		t.Errorf("%d grants, want %d as before", n, len(tenant.AllPrivileges())-1)
	}
}

// A grant that an older or newer release made is left out, not an error.
func TestUnknownGrantAllowsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u, tokens := h.staff("staff@example.com", tenant.AccountsRead)
	err := h.d.Update(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO staff_grants (user_id, privilege, granted_by, granted_at) VALUES ($1, 'future.thing', 'system:test', 1)`, u.ID)
		return err
	})
	is(t, err, nil)
	c := h.admit(tokens.Access, identity.Staff(tenant.AccountsRead))
	if got := c.Operator.Privileges(); !slices.Equal(got, []tenant.Privilege{tenant.AccountsRead}) {
		t.Errorf("privileges %v", got)
	}
}

func TestLastManagerStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, aTokens := h.staff("a@example.com", tenant.PrivilegesManage)
	op := h.operator(aTokens.Access)
	is(t, h.revoke(op, a.ID, tenant.PrivilegesManage), identity.ErrLastPrivilege)
	h.admit(aTokens.Access, identity.Staff(tenant.PrivilegesManage))
	b, _ := h.staff("b@example.com", tenant.PrivilegesManage)
	var errs []error
	h.whileGrantsAreHeld(2, func() {
		errs = atOnce(2, func(i int) error { // both leave, or push each other out
			return h.revoke(op, []identity.UserID{a.ID, b.ID}[i], tenant.PrivilegesManage)
		})
	})
	if won := split(t, errs, identity.ErrLastPrivilege); won != 1 {
		t.Errorf("%d of 2 were revoked, want 1", won)
	}
	if n := h.count(`SELECT count(*) FROM staff_grants WHERE privilege = 'privileges.manage'`); n != 1 {
		t.Errorf("%d manage privileges, want 1", n)
	}
}

// whileGrantsAreHeld runs fn while another transaction has the grants locked,
// and lets go when n of fn's transactions wait for them: all have read what
// they read without waiting by then. SQLite has one writer, which is enough.
func (h *house) whileGrantsAreHeld(n int, fn func()) {
	h.t.Helper()
	done := make(chan struct{})
	err := h.d.Update(h.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		err := tx.Each(ctx, `SELECT user_id FROM staff_grants`+tx.ForUpdate(), nil, func(scan db.Scan) error { return scan(new(string)) })
		go func() {
			defer close(done)
			fn()
		}()
		if err != nil || tx.Engine() != db.Postgres {
			return err
		}
		for h.count(`SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`) < n {
			select {
			case <-done:
				return errors.New("nobody waits for the grants")
			case <-ctx.Done():
				return ctx.Err()
			default:
			}
		}
		return nil
	})
	<-done
	is(h.t, err, nil)
}

func (h *house) firstToken() string {
	h.t.Helper()
	token, ok, err := h.ids.FirstStaffToken(h.t.Context())
	if err != nil || !ok || token == "" {
		h.t.Fatalf("got (%d letters, %v, %v), want a token", len(token), ok, err)
	}
	return token
}

func TestFirstStaffIsClaimedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	old, token := h.firstToken(), h.firstToken()
	claim := func(token, address string) (identity.Tokens, identity.User, error) {
		return h.ids.ClaimFirstStaff(t.Context(), token, h.prepare(address), identity.Client{})
	}
	for name, bad := range map[string]string{
		"nothing": "", "an older one": old, "mistyped": swapTwo(token), "a refresh token": f.tokens.Refresh, "with a tail": token + "0",
	} {
		if _, _, err := claim(bad, "mallory@example.com"); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, identity.ErrInvalid)
		}
	}
	_, _, err := claim(token, "ANNA@example.com")
	is(t, err, identity.ErrEmailTaken) // and the token stays good
	tokens, u, err := claim(token, "boss@example.com")
	is(t, err, nil)
	c := h.admit(tokens.Access, identity.Staff(tenant.PrivilegesManage))
	if c.User != u.ID || !slices.Equal(sorted(c.Operator.Privileges()), sorted(tenant.AllPrivileges())) {
		t.Errorf("the first of the staff is %+v", c)
	}
	_, _, err = claim(token, "second@example.com")
	is(t, err, identity.ErrInvalid)
	again, ok, err := h.ids.FirstStaffToken(t.Context())
	if again != "" || ok || err != nil {
		t.Errorf("with a manager: got (%d letters, %v, %v), want no token", len(again), ok, err)
	}
	if n := h.count(`SELECT count(*) FROM users`); n != 2 {
		t.Errorf("%d people, want 2", n)
	}
}

func sorted(ps []tenant.Privilege) []tenant.Privilege { return slices.Sorted(slices.Values(ps)) }

func TestFirstStaffTokenEndsAfterADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tt := range []struct {
		after time.Duration
		want  error
	}{{day, identity.ErrInvalid}, {day - time.Microsecond, nil}} {
		token, p := h.firstToken(), h.prepare("boss@example.com")
		h.hand.Advance(tt.after)
		_, _, err := h.ids.ClaimFirstStaff(t.Context(), token, p, identity.Client{})
		is(t, err, tt.want)
	}
}

// A token that was made is worth nothing once somebody manages privileges.
func TestFirstStaffTokenIsLateForAManager(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.firstToken()
	h.staff("boss@example.com", tenant.PrivilegesManage)
	_, _, err := h.ids.ClaimFirstStaff(t.Context(), token, h.prepare("mallory@example.com"), identity.Client{})
	is(t, err, identity.ErrInvalid)
}

func TestOneOfManyIsTheFirstStaff(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]bool{"one token": true, "tokens made at once": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			const n = 6
			tokens := slices.Repeat([]string{h.firstToken()}, n)
			people := make([]identity.Prepared, n)
			for i := range people {
				people[i] = h.prepare(fmt.Sprintf("boss%d@example.com", i))
			}
			if !one {
				errs := atOnce(n, func(i int) (err error) {
					tokens[i], _, err = h.ids.FirstStaffToken(t.Context())
					return err
				})
				is(t, errors.Join(errs...), nil)
			}
			errs := atOnce(n, func(i int) error {
				_, _, err := h.ids.ClaimFirstStaff(t.Context(), tokens[i], people[i], identity.Client{})
				return err
			})
			won := split(t, errs, identity.ErrInvalid)
			if won != 1 {
				t.Errorf("%d claims won, want 1", won)
			}
			if n := h.count(`SELECT count(DISTINCT user_id) FROM staff_grants`); n != won {
				t.Errorf("%d of the staff, want %d", n, won)
			}
			if n := h.count(`SELECT count(*) FROM users`); n != won {
				t.Errorf("%d people, want %d", n, won)
			}
		})
	}
}

func TestAct(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	u, tokens := h.staff("staff@example.com", tenant.AccountsSuspend)
	op := h.operator(tokens.Access)
	use := identity.Use{Operator: op, Privilege: tenant.AccountsSuspend, Operation: "test"}
	newest := func() audit.Event {
		t.Helper()
		var all []audit.Event
		h.in(f.scope, func(ctx context.Context, tx *tenant.Tx) (err error) {
			all, err = audit.Of(ctx, tx, audit.EventID{}, 1)
			return err
		})
		return all[0]
	}
	for _, want := range []string{"account.suspended", "privilege.used"} { // the second time nothing changes, and it is a use all the same
		err := h.ids.Act(t.Context(), use, f.scope.Account(), func(ctx context.Context, tx *tenant.Tx) error {
			if s := tx.Scope(); s.Account() != f.scope.Account() || s.Permissions() != 0 {
				t.Errorf("acts with %+v", s)
			}
			_, err := account.Suspend(ctx, tx, "a test")
			return err
		})
		is(t, err, nil)
		if e := newest(); e.Action != want || e.Actor != "staff:"+u.ID.String() || e.Privilege != tenant.AccountsSuspend {
			t.Errorf("the log says %+v, want %s by the operator", e, want)
		}
	}
	boom := errors.New("boom")
	before := newest().ID
	is(t, h.ids.Act(t.Context(), use, f.scope.Account(), func(context.Context, *tenant.Tx) error { return boom }), boom)
	if newest().ID != before {
		t.Error("what did not happen is in the log")
	}
	for _, tt := range []struct {
		op   tenant.Operator
		p    tenant.Privilege
		acc  tenant.AccountID
		want error
	}{
		{op, tenant.CreditsAdjust, f.scope.Account(), tenant.ErrForbidden},
		{tenant.Operator{}, tenant.AccountsSuspend, f.scope.Account(), tenant.ErrForbidden},
		{op, tenant.CreditsAdjust, tenant.NewAccountID(), tenant.ErrForbidden}, // before it is looked for
		{op, tenant.AccountsSuspend, tenant.NewAccountID(), account.ErrNotFound},
		{op, tenant.AccountsSuspend, tenant.AccountID{}, account.ErrNotFound},
	} {
		err := h.ids.Act(t.Context(), identity.Use{Operator: tt.op, Privilege: tt.p}, tt.acc, func(context.Context, *tenant.Tx) error {
			t.Error("acted")
			return nil
		})
		is(t, err, tt.want)
	}
}

// What an operator's scope is good for without an event: nothing.
func TestAnOperatorsScopeNeedsItsEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	op := h.ids.Console()
	var scope tenant.Scope
	use := identity.Use{Operator: op, Privilege: tenant.AccountsSuspend, Operation: "test"}
	is(t, h.ids.Act(t.Context(), use, f.scope.Account(), func(_ context.Context, tx *tenant.Tx) error {
		scope = tx.Scope()
		return nil
	}), nil)
	is(t, h.st.View(t.Context(), scope, nil), tenant.ErrUnwritten)
	err := h.st.Update(t.Context(), scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE accounts SET name = 'Mine' WHERE id = $1`)
		return err
	})
	is(t, err, tenant.ErrUnwritten)
	if n := h.count(`SELECT count(*) FROM accounts WHERE name = 'Mine'`); n != 0 {
		t.Error("an unwritten change was kept")
	}
	is(t, h.st.Update(t.Context(), scope, func(ctx context.Context, tx *tenant.Tx) error {
		return audit.Record(ctx, tx, "account.read", scope.Account().String(), nil)
	}), nil)
	err = h.st.UpdateFor(t.Context(), op, tenant.PlansManage, func(ctx context.Context, tx *tenant.SharedTx) error {
		if _, err := tx.Look(); !errors.Is(err, tenant.ErrUnwritten) {
			t.Errorf("a look without its event: %v", err)
		}
		return audit.RecordShared(ctx, tx, tenant.Actor{Kind: tenant.System, ID: "somebody else"}, "plan.changed", "x", nil)
	})
	is(t, err, tenant.ErrUnwritten)
	is(t, h.st.Survey(t.Context(), tenant.Look{}, nil), tenant.ErrUnwritten)
}

func TestSystemAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	op := h.ids.Console()
	var acc account.Account
	is(t, h.as(op, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		acc, err = identity.OpenSystemAccount(ctx, tx, "Watchdog")
		return err
	}), nil)
	if acc.Kind != account.System || acc.Status != account.Active || acc.Country != "" {
		t.Errorf("opened %+v", acc)
	}
	use := identity.Use{Operator: op, Privilege: tenant.PrivilegesManage, Operation: "test"}
	var key string
	is(t, h.ids.Act(t.Context(), use, acc.ID, func(ctx context.Context, tx *tenant.Tx) (err error) {
		for range 2 {
			if err := account.Entrust(ctx, tx, tenant.ThrottleExempt); err != nil {
				return err
			}
		}
		if err := account.Entrust(ctx, tx, tenant.CreditsAdjust); !errors.Is(err, account.ErrNotGrantable) {
			t.Errorf("a person's privilege: %v", err)
		}
		_, key, err = identity.CreateKey(ctx, tx, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
		return err
	}), nil)
	c := h.admit(key, identity.Tenant(tenant.ReadContent))
	exempt := func(s tenant.Scope) (yes bool) {
		h.in(s, func(ctx context.Context, tx *tenant.Tx) (err error) {
			yes, err = account.Entrusted(ctx, tx, tenant.ThrottleExempt)
			return err
		})
		return yes
	}
	if !exempt(c.Scope) || exempt(f.scope) {
		t.Error("the grant is not the one account's")
	}
	is(t, h.ids.Act(t.Context(), use, acc.ID, func(ctx context.Context, tx *tenant.Tx) error {
		return account.Withdraw(ctx, tx, tenant.ThrottleExempt)
	}), nil)
	if exempt(c.Scope) {
		t.Error("revoked, and there")
	}
	is(t, h.ids.Act(t.Context(), use, f.scope.Account(), func(ctx context.Context, tx *tenant.Tx) error {
		return account.Entrust(ctx, tx, tenant.ThrottleExempt)
	}), account.ErrNotSystem)
	is(t, h.ids.Act(t.Context(), use, f.scope.Account(), func(ctx context.Context, tx *tenant.Tx) error {
		_, _, err := identity.CreateKey(ctx, tx, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
		return err
	}), tenant.ErrForbidden)
	for action, want := range map[string]int{"privilege.granted": 1, "privilege.revoked": 1, "api_key.created": 1} {
		if n := h.count(`SELECT count(*) FROM audit_events WHERE account_id = $1 AND action = $2 AND privilege = 'privileges.manage'`, acc.ID, action); n != want {
			t.Errorf("%d events %s, want %d", n, action, want)
		}
	}
	_, tokens := h.staff("clerk@example.com", tenant.AccountsRead)
	clerk := identity.Use{Operator: h.operator(tokens.Access), Privilege: tenant.AccountsRead}
	is(t, h.ids.Act(t.Context(), clerk, acc.ID, func(_ context.Context, tx *tenant.Tx) error {
		if tx.Scope().Permissions() != 0 {
			t.Error("who may look at accounts has a system account's permissions")
		}
		return nil
	}), nil)
}

func TestConsole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	op := h.ids.Console()
	for _, p := range tenant.AllPrivileges() {
		is(t, op.Require(p), nil)
	}
	use := identity.Use{Operator: op, Privilege: tenant.AccountsRead, Operation: "test"}
	is(t, h.ids.Act(t.Context(), use, f.scope.Account(), func(_ context.Context, tx *tenant.Tx) error {
		if got := tx.Scope().Actor().String(); got != "staff:console" {
			t.Errorf("the log would name %s, want the console", got)
		}
		return nil
	}), nil)
	is(t, h.grant(op, f.user.ID, tenant.FlagsManage), nil)
	h.admit(f.tokens.Access, identity.Staff(tenant.FlagsManage))
}
