package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
)

// keptTables are the tables of accounts that keep rows of an account that was
// deleted, and why. Whoever adds a table to the schema erases it, or says here
// why it has to stay.
var keptTables = map[string]string{
	"account_deletions":       "that it was deleted, and when",
	"account_grants":          "of system accounts, which are not deleted",
	"audit_events":            "who did what: the books are explained by it",
	"bank_line_states":        "which money of the bank was for what",
	"credit_balances":         "the sums of the ledger",
	"credit_debts":            "the ledger says that they are owed",
	"credit_entries":          "the ledger",
	"credit_failures":         "why the ledger charged work that failed",
	"credit_hold_lots":        "what the ledger took from where",
	"credit_holds":            "what the ledger reserved for what",
	"credit_lots":             "what the ledger granted for what",
	"credit_overruns":         "why the ledger charged more than was reserved",
	"credit_usage":            "sums of the ledger",
	"credit_usage_cursor":     "up to where they are",
	"credit_usage_orders":     "who ordered what the ledger has",
	"credit_note_allocations": "the books",
	"credit_notes":            "the books",
	"invoice_lines":           "the books",
	"invoices":                "the books, with the buyer as they name him",
	"money_balances":          "what of the money paid is the account's still",
	"money_entries":           "the books",
	"package_grants":          "what an invoice paid for",
	"payment_allocations":     "the books",
	"payment_proofs":          "what a payment was decided by",
	"payment_sessions":        "by it money that comes late finds its invoice",
	"payment_targets":         "what a payment was meant for",
	"payments":                "the books",
	"plan_changes":            "what a credit note was for",
	"renewal_notices":         "that money was asked for",
	"subscription_periods":    "what an invoice paid for",
	"support_visits":          "when support was in the account, and why: the log tells of it",
	"subscriptions":           "what invoices are for",
	"vendor_agreements":       "by it money that comes late finds its account",
}

// namesHim are the tables in which a deleted account's own words may be found
// still, and why.
var namesHim = map[string]string{
	"audit_events":   "the log is not rewritten",
	"credit_entries": "references that programs chose", "credit_holds": "likewise",
	"credit_notes": "the reason that the operator wrote",
	"invoices":     "the buyer", "payments": "who paid, and the bank's reference", "money_entries": "likewise",
	"support_visits": "when support was in the account, and why: the log tells of it",
	"subscriptions":  "the bank's reference of the last payment",
	"letters":        "a letter says that the account was deleted; it is put away after 90 days",
}

// fill adds what a furnished tenant has none of, so that every table of accounts
// has a row of it.
func (f *furnished) fill() {
	f.t.Helper()
	f.h.sqlOf(f.acc, `
		INSERT INTO keyword_results (account_id, keyword_id, position, url) VALUES ($1, $2, 1, '$3');
		INSERT INTO uploads (account_id, id, name, body, created_at) VALUES ($1, 'upl_1', $3, '$3', 0);
		INSERT INTO import_rejections (account_id, job_id, body, created_at) VALUES ($1, $4, '$3', 0);
		INSERT INTO ai_own (account_id, vendor, base_url, model, embeddings, key_sealed, hint, updated_at) VALUES ($1, 'openai', '$3', 'm', '', '$3', '', 0);
		INSERT INTO flag_overrides (account_id, name, enabled, changed_by, changed_at) VALUES ($1, 'paypal', TRUE, 'x:y', 0);
		INSERT INTO pipelines (account_id, site_id, paused, steps, ideas_per_day, articles_per_day, posts_per_day, waits, created_at, updated_at)
			VALUES ($1, $5, TRUE, '[]', 1, 1, 1, '', 0, 0);
		INSERT INTO pipeline_runs (account_id, id, site_id, step, items, quote, job_id, created_at) VALUES ($1, 'run_1', $5, 'write', 1, 0, $4, 0)`,
		f.ids["account"], f.ids["keyword"], f.marker, f.ids["job"], f.ids["site"])
}

// left is how many rows of the account each table has.
func (f *furnished) left(dump map[string][]string) map[string]int {
	all := map[string]int{}
	for table, rows := range dump {
		for _, row := range rows {
			if strings.Contains(row, f.ids["account"]) {
				all[table]++
			}
		}
	}
	return all
}

var errCrash = errors.New("the process dies here")

// TestADeletedAccountLeavesNothingBehind orders the deletion of an account that
// has one of everything, lets the time pass, and erases it row by row, by one
// process after the other, some of which die before a commit. Nothing
// stays but what is on the lists above, the books are right, and nothing of
// anybody else has changed.
func TestADeletedAccountLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
	h := openWide(t, hand.Clock())
	operator := h.operator()
	alice, bob := h.furnish(t, operator, "alicealbatross"), h.furnish(t, operator, "bob")
	for _, f := range []*furnished{alice, bob} {
		f.fill()
	}
	h.joins(alice.owner, bob.owner, account.Editor) // who stays, since he is a member elsewhere
	guest, staffer := alice.tenancy.member(account.Viewer).String(), alice.tenancy.member(account.Viewer).String()
	h.sql(`INSERT INTO staff_grants (user_id, privilege, granted_by, granted_at) VALUES ($1, 'audit.read', 'x:y', 0)`, staffer)
	key := alice.tenancy.key(0, "", "content.read")
	alice.order()
	h.stop()
	s := h.again(hand.Clock())
	h.s = s
	was := alice.left(dbtest.Dump(t, s.db))
	for _, table := range dbtest.AccountTables(t, s.db) {
		if table != "token_families" && keptTables[table] == "" && was[table] == 0 {
			t.Errorf("the test has no row of %s: furnish one, or say why it is kept", table)
		}
	}
	hand.Advance(account.SecondThoughts - account.LastWord - time.Second)
	alice.stays(s, "it is not near")
	hand.Advance(time.Second)
	alice.erases(s)
	if got := letters(dbtest.Dump(t, s.db), "deletion_near", "alicealbatross@example.com"); got != 1 {
		t.Errorf("%d reminders", got)
	}
	hand.Advance(account.LastWord - time.Second)
	alice.stays(s, "it is not due")
	hand.Advance(time.Second)
	alice.stays(s, "what was reported is not decided")
	h.sqlOf(alice.acc, `UPDATE payments SET status = 'rejected' WHERE account_id = $1 AND status = 'pending_review'`, alice.ids["account"])
	h.sqlOf(alice.acc, `UPDATE accounts SET status = 'suspended', resume_status = 'active' WHERE id = $1`, alice.ids["account"])
	alice.stays(s, "the account is suspended")
	h.sqlOf(alice.acc, `UPDATE accounts SET status = 'active', resume_status = NULL WHERE id = $1`, alice.ids["account"])
	before := bob.mine(s)
	alice.dies(s)
	alice.erases(s) // shuts it
	if got := alice.status(s); got != account.Cancelled {
		t.Errorf("the account is %s", got)
	}
	if now := alice.left(dbtest.Dump(t, s.db)); now["api_keys"] != 0 || now["members"] != 0 || now["sites"] == 0 {
		t.Errorf("after it was shut there are %v", now)
	}
	alice.stays(s, "requests that were let in may go on still")
	hand.Advance(account.Settling)
	steps := 0
	for alice.erases(s) {
		if steps++; steps%12 == 0 { // another process goes on
			alice.dies(s)
			s = h.again(hand.Clock())
			h.s = s
		}
		if steps > 500 {
			t.Fatal("it does not come to an end")
		}
	}
	if steps < 20 {
		t.Errorf("it took %d steps only", steps)
	}
	alice.stays(s, "all has been")
	dump := dbtest.Dump(t, s.db)
	now := alice.left(dump)
	for _, table := range dbtest.AccountTables(t, s.db) {
		if keptTables[table] == "" && now[table] > 0 {
			t.Errorf("%s has %d rows of an account that was deleted: erase them, or say why they are kept", table, now[table])
		}
	}
	for table, rows := range dump {
		for _, row := range rows {
			if strings.Contains(strings.ToLower(row), alice.marker) && namesHim[table] == "" {
				t.Errorf("%s has words of the account still: %s", table, row)
			}
		}
	}
	people := strings.Join(dump["users"], " ")
	if strings.Contains(people, alice.ids["user"]) || strings.Contains(people, guest) || !strings.Contains(people, staffer) {
		t.Errorf("of %s, %s and %s, who is staff, these are there: %s", alice.ids["user"], guest, staffer, people)
	}
	if strings.Contains(strings.Join(dump["letters"], " "), "invited@"+alice.marker) {
		t.Error("there is a letter to who was invited")
	}
	if after := bob.mine(s); !bytes.Equal(before, after) {
		t.Errorf("bob's rows have changed:\n%s\n\nwere\n%s", after, before)
	}
	alice.proven(s)
	h.after(alice, key, hand)
}

// order orders the deletion, after some mistakes.
func (f *furnished) order() {
	f.t.Helper()
	right := object{"name": f.marker, "password": f.password}
	f.send("GET", "/account/deletion", f.owner, nil).fault(http.StatusNotFound, "account.no_deletion")
	f.send("DELETE", "/account/deletion", f.owner, nil).fault(http.StatusNotFound, "account.no_deletion")
	f.send("POST", "/account/deletion", f.owner, object{"name": "another", "password": f.password}).fault(http.StatusUnprocessableEntity, "account.other_name")
	f.send("POST", "/account/deletion", f.owner, object{"name": f.marker, "password": "wrong"}).fault(http.StatusUnprocessableEntity, "auth.wrong_password")
	f.send("POST", "/account/deletion", f.session(account.Admin).Access, right).fault(http.StatusForbidden, "auth.forbidden")
	f.send("POST", "/account/deletion", f.owner, right, "Idempotency-Key", "once").is(http.StatusAccepted).text("due_at")
	f.send("POST", "/account/deletion", f.owner, right, "Idempotency-Key", "once").is(http.StatusAccepted)
	f.send("POST", "/account/deletion", f.owner, right).fault(http.StatusConflict, "account.deletion_ordered")
	a := f.send("GET", "/account/deletion", f.owner, nil).is(http.StatusOK)
	if a.number("credits_lost") < 1000 || a.number("payments_undecided") != 1 || len(a.get("balance").([]any)) != 0 {
		f.t.Errorf("the outlook: %s", a.body)
	}
	f.send("POST", "/billing/checkout", f.owner, object{"plan": "scale", "payment_method": "bank_transfer"}, "Idempotency-Key", "more").
		fault(http.StatusConflict, "account.to_be_deleted")
}

// again is another process on the same data, which serves nobody.
func (h *house) again(c clock.Clock) *server {
	h.t.Helper()
	s, err := build(h.t.Context(), h.cfg, slog.New(slog.NewTextHandler(testLog{h.t}, nil)), c)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := s.close(); err != nil {
			h.t.Errorf("close: %v", err)
		}
	})
	return s
}

// stays makes a step of the deletion, which is to do nothing yet, or any more.
func (f *furnished) stays(s *server, why string) {
	f.t.Helper()
	before := dbtest.Dump(f.t, s.db)
	if err := s.jobs.Make(f.t.Context(), s.eraser.Round()); err != nil {
		f.t.Fatal(err)
	}
	if !sameDump(before, dbtest.Dump(f.t, s.db)) {
		f.t.Fatalf("something was done: %s", why)
	}
}

// dies is doomed, and looks whether that has left anything.
func (f *furnished) dies(s *server) {
	f.t.Helper()
	before := dbtest.Dump(f.t, s.db)
	f.doomed(s)
	if !sameDump(before, dbtest.Dump(f.t, s.db)) {
		f.t.Fatal("a step that was not committed has changed something")
	}
}

// doomed makes the next step in a process that dies before the commit.
func (f *furnished) doomed(s *server) {
	f.t.Helper()
	scope := tenant.Mint(f.acc, tenant.Actor{Kind: tenant.System, ID: "test"}, tenant.AllPermissions)
	err := s.store.Update(f.t.Context(), scope, func(ctx context.Context, tx *tenant.Tx) error {
		if err := s.eraser.InPartsOf(1).Do(ctx, tx); err != nil {
			return err
		}
		return errCrash
	})
	if !errors.Is(err, errCrash) {
		f.t.Fatal(err)
	}
}

// erases makes the next step, once in vain and then for good, and tells whether it was not the last.
func (f *furnished) erases(s *server) (more bool) {
	f.t.Helper()
	f.doomed(s)
	if err := s.jobs.Make(f.t.Context(), s.eraser.InPartsOf(1).Round()); err != nil {
		f.t.Fatal(err)
	}
	f.view(s, func(ctx context.Context, v *tenant.View) error {
		d, _, err := account.DeletionOf(ctx, v)
		more = d.Erased.IsZero()
		return err
	})
	return more
}

func sameDump(a, b map[string][]string) bool {
	for table := range a {
		if !slices.Equal(a[table], b[table]) {
			return false
		}
	}
	return len(a) == len(b)
}

// mine is what there is of the tenant, and of its owner.
func (f *furnished) mine(s *server) []byte {
	f.t.Helper()
	dump := dbtest.Dump(f.t, s.db)
	all := f.rows(dump)
	for _, row := range dump["users"] {
		if strings.Contains(row, f.ids["user"]) {
			all = append(all, row...)
		}
	}
	return all
}

func (f *furnished) view(s *server, fn func(context.Context, *tenant.View) error) {
	f.t.Helper()
	scope := tenant.Mint(f.acc, tenant.Actor{Kind: tenant.System, ID: "test"}, tenant.AllPermissions)
	if err := s.store.View(f.t.Context(), scope, fn); err != nil {
		f.t.Fatal(err)
	}
}

func (f *furnished) status(s *server) (status account.Status) {
	f.t.Helper()
	f.view(s, func(ctx context.Context, v *tenant.View) error {
		a, err := account.Load(ctx, v)
		status = a.Status
		return err
	})
	return status
}

// proven checks the books of all accounts, and that no credit is left.
func (f *furnished) proven(s *server) {
	f.t.Helper()
	all, err := s.verify(f.t.Context(), "")
	if err != nil || len(all) < 2 {
		f.t.Fatalf("%d accounts are verified: %v", len(all), err)
	}
	for _, a := range all {
		for _, sentence := range a.found {
			f.t.Errorf("%s: %s", a.ID, sentence)
		}
	}
	f.view(s, func(ctx context.Context, v *tenant.View) error {
		b, err := credit.BalanceOf(ctx, v)
		if b != (credit.Balance{}) {
			f.t.Errorf("%+v is left", b)
		}
		return err
	})
}

// after looks at a server from which an account is gone.
func (h *house) after(gone *furnished, key string, hand *clock.Hand) {
	h.t.Helper()
	again := openOn(h.t, hand.Clock(), h.cfg)
	for _, c := range []string{gone.owner, key} {
		again.send("GET", "/sites", c, nil).fault(http.StatusUnauthorized, "auth.invalid")
	}
	login := object{"email": gone.marker + "@example.com", "password": gone.password}
	again.send("POST", "/auth/login", "", login).fault(http.StatusUnauthorized, "auth.bad_credentials")
	a := again.send("GET", "/admin/accounts/"+gone.ids["account"], again.staff(tenant.AccountsRead), nil).is(http.StatusOK)
	if a.text("name") != account.ErasedName || a.text("status") != "cancelled" || a.text("deletion.erased_at") == "" {
		h.t.Errorf("the operator sees %s", a.body)
	}
	p := someone("trial", "")
	p["email"] = login["email"]
	again.send("POST", "/auth/register", "", p).is(http.StatusCreated)
}

// TestAnAccountIsKept goes through the pages: who may order it, what is said
// where, and that all is as it was when it is taken back.
func TestAnAccountIsKept(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	operator := h.operator()
	f := h.furnish(t, operator, "alice")
	tab := h.visits("alice@example.com", f.password)
	if _, text := got(t, tab, h.base+"/team"); !strings.Contains(text, `href="/account/delete"`) {
		t.Error("the team's page does not lead there")
	}
	status, text := got(t, tab, h.base+"/account/delete")
	if status != http.StatusOK || !strings.Contains(text, "What stays, and why") || !strings.Contains(text, `href="/account/export"`) ||
		!strings.Contains(text, "1 payment is neither confirmed nor rejected") {
		t.Errorf("%d: %s", status, text)
	}
	post := func(path string, kv ...string) (int, string, string) {
		t.Helper()
		values, err := url.ParseQuery(form(kv...))
		if err != nil {
			t.Fatal(err)
		}
		res, err := tab.PostForm(h.base+path, values)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		if err := errors.Join(err, res.Body.Close()); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Request.URL.Path, b.String()
	}
	for _, tt := range []struct{ name, password, says string }{
		{"another", f.password, "This is not the name of the account."}, {"alice", "wrong", "This is not your password."},
	} {
		status, _, text := post("/account/delete", "name", tt.name, "password", tt.password)
		if status != http.StatusUnprocessableEntity || !strings.Contains(text, tt.says) || !strings.Contains(text, `value="`+tt.name+`"`) || strings.Contains(text, tt.password) && tt.password == f.password {
			t.Errorf("%v: %d %s", tt, status, text)
		}
	}
	renews := func() bool {
		return !h.send("GET", "/billing/subscription", f.owner, nil).is(http.StatusOK).get("cancel_at_period_end").(bool)
	}
	if !renews() {
		t.Fatal("the plan is not renewed")
	}
	status, path, text := post("/account/delete", "name", " alice ", "password", f.password)
	if status != http.StatusOK || path != "/account/delete" || !strings.Contains(text, "The deletion is ordered.") || !strings.Contains(text, "Keep the account") {
		t.Errorf("%d at %s: %s", status, path, text)
	}
	for _, at := range []string{"/home", "/billing", "/team"} {
		if _, text := got(t, tab, h.base+at); !strings.Contains(text, "This account will be deleted on") || !strings.Contains(text, `action="/account/keep"`) {
			t.Errorf("%s says nothing of it", at)
		}
	}
	if renews() {
		t.Error("the plan is renewed though the account is to be deleted")
	}
	f.send("PUT", "/sites/"+f.ids["site"]+"/pipeline", f.owner, object{"steps": []string{"cluster"}, "ideas_per_day": 1, "articles_per_day": 1, "posts_per_day": 1}).is(http.StatusOK)
	if a := f.send("POST", "/sites/"+f.ids["site"]+"/pipeline/preview", f.owner, nil).is(http.StatusOK); a.text("waits_for") != "account.to_be_deleted" {
		t.Errorf("the pipeline: %s", a.body)
	}
	looks := someone("trial", "")
	h.send("POST", "/auth/register", "", looks).is(http.StatusCreated)
	h.send("POST", "/admin/privileges", operator, object{"email": looks["email"], "privilege": tenant.AccountsRead}).is(http.StatusCreated)
	staff := h.visits(looks["email"].(string), looks["password"].(string))
	if _, text := got(t, staff, h.base+"/staff/accounts/"+f.ids["account"]); !strings.Contains(text, "Will be deleted on") || !strings.Contains(text, "by alice alice") || !strings.Contains(text, "1 payment to be confirmed") {
		t.Errorf("the operator sees %s", text)
	}
	h.stranger(t, f)
	if status, path, text := post("/account/keep"); status != http.StatusOK || path != "/account/delete" || !strings.Contains(text, "The account stays.") || strings.Contains(text, "will be deleted on") && strings.Contains(text, `action="/account/keep"`) {
		t.Errorf("%d at %s: %s", status, path, text)
	}
	if !renews() {
		t.Error("the plan is not renewed again")
	}
	dump := dbtest.Dump(t, h.s.db)
	for _, kind := range []string{"deletion_ordered", "account_kept"} {
		if n := letters(dump, kind, "alice@example.com"); n != 1 {
			t.Errorf("%d letters of the kind %s", n, kind)
		}
	}
	log := string(f.send("GET", "/account/audit", f.owner, nil).is(http.StatusOK).body)
	for _, action := range []string{"account.deletion_ordered", "account.kept", "subscription.cancelled_at_end", "subscription.resumed"} {
		if !strings.Contains(log, strconv.Quote(action)) {
			t.Errorf("the log does not tell of %s", action)
		}
	}
}

// letters is how many of a kind went to an address.
func letters(dump map[string][]string, kind, to string) (n int) {
	for _, l := range dump["letters"] {
		if strings.Contains(l, " "+kind+" ") && strings.Contains(l, to) {
			n++
		}
	}
	return n
}

// stranger is a viewer: he is told of it, and may do nothing about it.
func (h *house) stranger(t *testing.T, f *furnished) {
	t.Helper()
	p := someone("trial", "")
	h.joins(f.owner, h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token"), account.Viewer)
	tab := h.visits(p["email"].(string), p["password"].(string))
	res, err := tab.PostForm(h.base+"/accounts/enter", url.Values{"account": {f.ids["account"]}})
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, text := got(t, tab, h.base+"/home"); !strings.Contains(text, "This account will be deleted on") || strings.Contains(text, `action="/account/keep"`) {
		t.Errorf("a viewer sees %s", text)
	}
	if status, _ := got(t, tab, h.base+"/account/delete"); status != http.StatusForbidden {
		t.Errorf("a viewer is answered %d", status)
	}
	res, err = tab.PostForm(h.base+"/account/keep", nil)
	if err == nil {
		err = res.Body.Close()
	}
	if err != nil || res.StatusCode != http.StatusForbidden {
		t.Errorf("a viewer keeps the account: %d %v", res.StatusCode, err)
	}
}
