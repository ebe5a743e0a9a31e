package app

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

var machine clock.Clock

// want is what the gate should say: "" lets through.
type want struct {
	status int
	code   string
}

var let want

// policyTable is DESIGN's, "The gate", written down a second time: what the
// test expects comes from here and not from the code.
func policyTable(o operation, c credential, s standing) want {
	switch {
	case o.policy == "public", o.policy == "anybody" && c.kind != badCredential:
		return let
	case c.kind == noCredential:
		return want{http.StatusUnauthorized, "auth.required"}
	case c.kind == badCredential:
		return want{http.StatusUnauthorized, "auth.invalid"}
	case o.policy == "user":
		return forbiddenUnless(c.kind == personal || c.kind == ofStaff)
	case o.policy == "staff":
		return forbiddenUnless(c.kind == ofStaff && c.may[o.needs])
	}
	if c.outside { // a member of no account has no account to be in trouble
		return forbiddenUnless(false)
	}
	unpaid := s.refused.status == http.StatusPaymentRequired && o.policy == "tenant_even_if_unpaid"
	if s.refused != let && !unpaid {
		return s.refused
	}
	return forbiddenUnless(c.may[o.needs] && c.bound == (o.policy == "bridge"))
}

func forbiddenUnless(may bool) want {
	if may {
		return let
	}
	return want{http.StatusForbidden, "auth.forbidden"}
}

// TestGateMatrix asks every route with every kind of credential in every state
// of an account. Whoever is let in gets no further than the door: what is sent
// is not a request that the route could act on.
func TestGateMatrix(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC))
	h := openWide(t, hand.Clock())
	operations := h.operations()
	accounts := make([]subject, len(standings))
	for i, s := range standings {
		accounts[i] = h.subject(s)
	}
	hand.Advance(2 * time.Hour)
	staff := h.staffCredentials()
	cells, through := 0, 0
	for _, a := range accounts {
		for _, c := range append(a.credentials(), staff...) {
			for _, o := range operations {
				w := policyTable(o, c, a.standing)
				if got := h.knock(o, c.text); !got.fits(o, w) {
					t.Errorf("%s %s by %s, account %s: %d %s, want %d %s", o.method, o.path, c.name, a.standing.name, got.status, got.code, w.status, w.code)
				}
				cells++
				if w == let {
					through++
				}
			}
		}
	}
	t.Logf("%d cells: %d operations, %d states of an account; %d were let through", cells, len(operations), len(standings), through)
}

type gateAnswer struct {
	status int
	code   string
}

// fits tells whether the gate said what it should. Who is let through is told
// of something else that is wrong, or nothing.
func (g gateAnswer) fits(o operation, w want) bool {
	if w != let {
		return g.status == w.status && g.code == w.code
	}
	switch g.status {
	case http.StatusUnauthorized: // a public route may find that a token in the body is none
		return o.policy == "public" && (g.code == "auth.invalid" || g.code == "auth.bad_credentials")
	case http.StatusPaymentRequired, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return g.status < http.StatusInternalServerError
}

// knock sends what no route could act on: ids of nothing, and a body that is
// not JSON.
func (h *house) knock(o operation, credential string) gateAnswer {
	h.t.Helper()
	body := ""
	if o.body != nil {
		body = "{"
	}
	req := httptest.NewRequest(o.method, api.Base+o.at(func(string) string { return "nothing" }), strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	rec := httptest.NewRecorder()
	h.s.handler.ServeHTTP(rec, req)
	var p struct{ Code string }
	if rec.Code >= http.StatusBadRequest {
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			h.t.Errorf("%s %s: %d is no problem document: %s", o.method, o.path, rec.Code, rec.Body)
		}
	}
	return gateAnswer{rec.Code, p.Code}
}

// kind is what sort of credential it is.
type kind int

const (
	noCredential kind = iota
	badCredential
	personal // a member's access token
	ofStaff
	program // an API key
)

type credential struct {
	name, text string
	kind       kind
	may        map[string]bool
	bound      bool // to a site
	outside    bool // a member of no account
}

// standing is a state that an account can be in, and how the gate answers it.
type standing struct {
	name    string
	plan    string
	refused want
	put     string // SQL; $1 is the account, $2 now, in microseconds
}

const day = "86400000000"

var standings = []standing{
	{name: "trial", plan: "trial"},
	{
		"trial ended", "trial", want{402, "trial.ended"},
		`UPDATE subscriptions SET current_period_start = $2 - 15 * ` + day + `, current_period_end = $2 - 1 WHERE account_id = $1`,
	},
	{name: "pending payment", plan: "growth", refused: want{402, "account.payment_required"}},
	{"active", "growth", let, active},
	{
		"past due in grace", "growth", let, active + `;
		UPDATE accounts SET status = 'past_due' WHERE id = $1;
		UPDATE subscriptions SET status = 'past_due', current_period_end = $2 - 6 * ` + day + `, current_period_start = $2 - 36 * ` + day + ` WHERE account_id = $1`,
	},
	{
		"past due beyond grace", "growth", want{402, "account.payment_required"}, active + `;
		UPDATE accounts SET status = 'past_due' WHERE id = $1;
		UPDATE subscriptions SET status = 'past_due', current_period_end = $2 - 8 * ` + day + `, current_period_start = $2 - 38 * ` + day + ` WHERE account_id = $1`,
	},
	{
		"suspended", "growth", want{403, "account.suspended"}, active + `;
		UPDATE accounts SET status = 'suspended', resume_status = 'active' WHERE id = $1`,
	},
	{"cancelled", "growth", want{403, "account.cancelled"}, active + `; UPDATE accounts SET status = 'cancelled' WHERE id = $1`},
	{
		"plan inactive", "growth", want{402, "plan.inactive"}, active + `;
		INSERT INTO plans (id, code, name, price_amount, price_currency, period, trial_days, included_credits, limit_sites, limit_users, limit_keywords, active, position)
			SELECT 'plan_00000000000000000000000000', 'old', 'Old', 1, 'EUR', 'month', 0, 1, 1, 1, 1, FALSE, 99;
		UPDATE subscriptions SET plan_id = 'plan_00000000000000000000000000' WHERE account_id = $1`,
	},
}

const active = `UPDATE accounts SET status = 'active' WHERE id = $1;
	UPDATE subscriptions SET status = 'active', current_period_start = $2 - 1, current_period_end = $2 + 30 * ` + day + ` WHERE account_id = $1`

// subject is an account in a state, with what will have expired by the time
// that it is shown.
type subject struct {
	tenancy
	standing            standing
	expired, expiredKey string
}

func (h *house) subject(s standing) subject {
	h.t.Helper()
	method := ""
	if s.plan != "trial" {
		method = "bank_transfer"
	}
	r := h.send("POST", "/auth/register", "", someone(s.plan, method)).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		h.t.Fatal(err)
	}
	m := tenancy{h: h, acc: acc}
	return subject{
		tenancy: m, standing: s, expired: m.session(account.Owner).Access,
		expiredKey: m.key(time.Hour, "", tenant.KeyPermissions.Names()...),
	}
}

// credentials is everything that could be shown at the gate for the account,
// which is brought into its state.
func (m subject) credentials() []credential {
	m.h.t.Helper()
	all := []credential{
		{name: "nobody"},
		{name: "something that is none", text: "nonsense", kind: badCredential},
		{name: "a mistyped key", text: m.expiredKey[:len(m.expiredKey)-1] + "x", kind: badCredential},
		{name: "an expired token", text: m.expired, kind: badCredential},
		{name: "a refresh token", text: m.session(account.Owner).Refresh, kind: badCredential},
		{name: "an ended session", text: m.ended(), kind: badCredential},
		{name: "an expired key", text: m.expiredKey, kind: badCredential},
		{name: "a revoked key", text: m.revoked(), kind: badCredential},
		{name: "a removed member", text: m.removed(), kind: personal, outside: true},
	}
	for _, role := range []account.Role{account.Owner, account.Admin, account.Editor, account.Viewer} {
		all = append(all, credential{name: "the role " + string(role), text: m.session(role).Access, kind: personal, may: set(rolesMay[role]...)})
	}
	for _, p := range tenant.KeyPermissions.Names() {
		all = append(all,
			credential{name: "a key for " + p, text: m.key(0, "", p), kind: program, may: set(p)},
			credential{name: "a bound key for " + p, text: m.key(0, someSite, p), kind: program, may: set(p), bound: true})
	}
	all = append(all, credential{name: "a key for all", text: m.key(0, "", tenant.KeyPermissions.Names()...), kind: program, may: set(tenant.KeyPermissions.Names()...)})
	m.put(m.standing.put)
	return all
}

// rolesMay is what the roles are for, in the words of the contract.
var rolesMay = map[account.Role][]string{
	account.Owner: {"content.read", "content.write", "content.approve", "sites.manage", "billing.read", "billing.manage", "team.read", "team.manage", "keys.manage", "account.delete"},
	account.Admin: {"content.read", "content.write", "content.approve", "sites.manage", "billing.read", "team.read", "team.manage", "keys.manage"},
	account.Editor: {
		"content.read", "content.write", "content.approve", "billing.read", "team.read",
	},
	account.Viewer: {"content.read"},
}

func set(names ...string) map[string]bool {
	all := map[string]bool{}
	for _, n := range names {
		all[n] = true
	}
	return all
}
