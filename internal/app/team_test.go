package app

import (
	"bytes"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"igny8/internal/clock"
	"igny8/internal/mail/mailtest"
	"igny8/internal/tenant"
)

const invited = "You are invited to work with Igny8"

// team is an account with seats for a few, whose letters arrive.
type team struct {
	*house
	tenancy
	post  *mailtest.Server
	hand  *clock.Hand
	owner string // an access token
}

// newTeam makes an account on a plan with three seats, one of them the owner's.
func newTeam(t *testing.T) *team {
	t.Helper()
	hand := clock.NewHand(clock.Clock{}.Now())
	m := &team{hand: hand}
	m.house, m.post = withPostAt(t, hand.Clock())
	r := m.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	m.tenancy, m.owner = tenancy{h: m.house, acc: acc}, r.text("access_token")
	m.put(active)
	return m
}

// invite invites an address and returns the id of the invitation and the token
// of its letter.
func (m *team) invite(address, role string) (id, token string) {
	m.t.Helper()
	id = m.send("POST", "/account/invitations", m.owner, object{"email": address, "role": role}).is(http.StatusCreated).text("id")
	return id, m.token(address)
}

func (m *team) token(address string) string {
	m.t.Helper()
	return m.link(m.post.Wait(address, invited), "/accept-invitation")
}

// known registers a person with an account of his own.
func (m *team) known() (p object, token, account string) {
	m.t.Helper()
	p = someone("trial", "")
	r := m.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	return p, r.text("access_token"), r.text("account.id")
}

func newcomer(token string) object {
	return object{"token": token, "first_name": "Nora", "last_name": "New", "password": "a password of hers"}
}

// TestATeamFromTheLetterToTheEnd is what a team lives through.
func TestATeamFromTheLetterToTheEnd(t *testing.T) {
	t.Parallel()
	m := newTeam(t)
	const address = "Nora@Example.com"
	order := object{"email": address, "role": "editor"}
	first := m.send("POST", "/account/invitations", m.owner, order, "Idempotency-Key", "one").is(http.StatusCreated)
	again := m.send("POST", "/account/invitations", m.owner, order, "Idempotency-Key", "one").is(http.StatusCreated)
	if !bytes.Equal(first.body, again.body) {
		t.Errorf("answered %s and %s", first.body, again.body)
	}
	letter := m.post.Wait(address, invited)
	if strings.Contains(letter.Text, "Agency") || strings.Contains(letter.Text, "Dora") {
		t.Errorf("the letter says what a stranger chose: %s", letter.Text)
	}
	token := m.link(letter, "/accept-invitation")
	list := m.send("GET", "/account/invitations", m.owner, nil).is(http.StatusOK)
	if !bytes.Contains(list.body, []byte(address)) || bytes.Contains(list.body, []byte("igi_")) {
		t.Errorf("invitations %s", list.body)
	}
	read := m.send("POST", "/auth/invitation", "", object{"token": token}).is(http.StatusOK)
	if read.text("account_name") != "Agency" || read.text("email") != address || read.text("role") != "editor" || read.get("registered") != false {
		t.Errorf("invited to %s", read.body)
	}

	// What is refused uses nothing up.
	m.send("POST", "/auth/accept-invitation", "", newcomer(token[:len(token)-1]+"x")).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	m.send("POST", "/auth/accept-invitation", "", object{"token": token, "first_name": "Nora", "password": "short"}).fault(http.StatusUnprocessableEntity, "identity.weak_password")
	m.send("POST", "/auth/accept-invitation", "", object{"token": token, "password": "a password of hers"}).fault(http.StatusUnprocessableEntity, "identity.invalid_name")
	in := m.send("POST", "/auth/accept-invitation", "", newcomer(token)).is(http.StatusOK)
	in.text("user.email_verified_at")
	m.send("POST", "/auth/accept-invitation", "", newcomer(token)).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	m.send("POST", "/auth/invitation", "", object{"token": token}).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	nora, noraID := in.text("access_token"), in.text("user.id")
	me := m.send("GET", "/auth/me", nora, nil).is(http.StatusOK)
	if me.text("account.id") != m.acc.String() || len(me.get("accounts").([]any)) != 1 {
		t.Errorf("accepted into %s", me.body)
	}

	// An editor sees the team, and changes nothing in it.
	page := m.send("GET", "/account/members?limit=1", nora, nil).is(http.StatusOK)
	rest := m.send("GET", "/account/members?limit=1&cursor="+page.text("next_cursor"), nora, nil).is(http.StatusOK)
	if rest.text("next_cursor") != "" || !bytes.Contains(rest.body, []byte(address)) || !bytes.Contains(rest.body, []byte(`"Nora"`)) {
		t.Errorf("the members are %s and %s", page.body, rest.body)
	}
	ownerID := page.get("items").([]any)[0].(map[string]any)["id"].(string)
	for _, o := range [][2]string{{"POST", "/account/invitations"}, {"GET", "/account/invitations"}, {"DELETE", "/account/members/" + ownerID}, {"PATCH", "/account/members/" + noraID}} {
		m.send(o[0], o[1], nora, nil).fault(http.StatusForbidden, "auth.forbidden")
	}

	// Who is registered proves it, and is then in two accounts.
	bert, bertToken, bertAccount := m.known()
	_, token = m.invite(bert["email"].(string), "admin")
	if m.send("POST", "/auth/invitation", "", object{"token": token}).get("registered") != true {
		t.Error("bert is not known")
	}
	m.send("POST", "/auth/accept-invitation", "", newcomer(token)).fault(http.StatusUnauthorized, "auth.bad_credentials")
	m.send("POST", "/auth/accept-invitation", "", object{"token": token}).fault(http.StatusUnauthorized, "auth.bad_credentials")
	in = m.send("POST", "/auth/accept-invitation", "", object{"token": token, "password": bert["password"]}).is(http.StatusOK)
	admin := in.text("access_token")
	me = m.send("GET", "/auth/me", admin, nil).is(http.StatusOK)
	if me.text("account.id") != m.acc.String() || len(me.get("accounts").([]any)) != 2 {
		t.Errorf("bert is %s", me.body)
	}
	home := m.send("POST", "/auth/switch", admin, object{"account_id": bertAccount}).is(http.StatusOK).text("access_token")
	if got := m.send("GET", "/auth/me", home, nil).text("account.id"); got != bertAccount {
		t.Errorf("switched to %s", got)
	}
	m.send("POST", "/auth/switch", nora, object{"account_id": bertAccount}).fault(http.StatusNotFound, "account.not_found")
	m.send("POST", "/auth/leave", nora, object{"account_id": bertAccount}).fault(http.StatusNotFound, "account.not_found")

	// The seats are taken, and an admin is not above an owner.
	full := m.send("POST", "/account/invitations", m.owner, object{"email": "late@example.com", "role": "viewer"}).fault(http.StatusConflict, "plan.limit_reached")
	if full.text("resource") != "users" || full.get("have") != 3.0 || full.get("limit") != 3.0 {
		t.Errorf("full: %s", full.body)
	}
	m.send("PATCH", "/account/members/"+ownerID, admin, object{"role": "viewer"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("PATCH", "/account/members/"+noraID, admin, object{"role": "owner"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("PATCH", "/account/members/"+in.text("user.id"), admin, object{"role": "owner"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("DELETE", "/account/members/"+ownerID, admin, nil).fault(http.StatusForbidden, "auth.forbidden")
	m.send("POST", "/account/invitations", admin, object{"email": "friend@example.com", "role": "owner"}).fault(http.StatusForbidden, "auth.forbidden")
	program := m.tenancy.key(0, "", tenant.KeyPermissions.Names()...)
	m.send("GET", "/account/members", program, nil).is(http.StatusOK)
	m.send("POST", "/account/invitations", program, object{"email": "friend@example.com", "role": "viewer"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("PATCH", "/account/members/"+noraID, program, object{"role": "admin"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("DELETE", "/account/members/"+noraID, program, nil).fault(http.StatusForbidden, "auth.forbidden")

	// An account keeps an owner.
	m.send("PATCH", "/account/members/"+ownerID, m.owner, object{"role": "viewer"}).fault(http.StatusConflict, "account.last_owner")
	m.send("DELETE", "/account/members/"+ownerID, m.owner, nil).fault(http.StatusConflict, "account.last_owner")
	m.send("POST", "/auth/leave", m.owner, object{"account_id": m.acc.String()}).fault(http.StatusConflict, "account.last_owner")
	m.send("PATCH", "/account/members/"+noraID, m.owner, object{"role": "god"}).fault(http.StatusUnprocessableEntity, "account.unknown_role")
	m.send("PATCH", "/account/members/usr_00000000000000000000000000", m.owner, object{"role": "viewer"}).fault(http.StatusNotFound, "account.member_not_found")

	// A role counts from the next request on, and so does its end.
	if got := m.send("PATCH", "/account/members/"+noraID, admin, object{"role": "viewer"}).is(http.StatusOK); got.text("role") != "viewer" || got.text("email") != address {
		t.Errorf("now %s", got.body)
	}
	m.send("GET", "/account/members", nora, nil).fault(http.StatusForbidden, "auth.forbidden")
	if l := m.post.Wait(address, "Your role was changed"); !strings.Contains(l.Text, "viewer") || !strings.Contains(l.Text, m.acc.String()) {
		t.Errorf("told %s", l.Text)
	}
	login := object{"email": address, "password": "a password of hers"}
	other := m.send("POST", "/auth/login", "", login).is(http.StatusOK)
	m.send("DELETE", "/account/members/"+noraID, admin, nil).is(http.StatusNoContent)
	for _, token := range []string{nora, other.text("access_token")} {
		m.send("GET", "/auth/me", token, nil).fault(http.StatusUnauthorized, "auth.invalid")
	}
	m.send("POST", "/auth/refresh", "", object{"refresh_token": other.text("refresh_token")}).fault(http.StatusUnauthorized, "auth.invalid")
	m.post.Wait(address, "You are not a member of an account any more")
	me = m.send("GET", "/auth/me", m.send("POST", "/auth/login", "", login).is(http.StatusOK).text("access_token"), nil).is(http.StatusOK)
	if me.get("account") != nil || len(me.get("accounts").([]any)) != 0 {
		t.Errorf("nora is still in: %s", me.body)
	}
	m.send("DELETE", "/account/members/"+noraID, m.owner, nil).fault(http.StatusNotFound, "account.member_not_found")

	// Who leaves keeps what is his.
	m.send("POST", "/auth/leave", bertToken, object{"account_id": m.acc.String()}).is(http.StatusNoContent)
	m.send("GET", "/auth/me", admin, nil).fault(http.StatusUnauthorized, "auth.invalid")
	for _, token := range []string{bertToken, home} {
		m.send("GET", "/sites", token, nil).is(http.StatusOK)
	}

	log := m.send("GET", "/admin/accounts/"+m.acc.String()+"/audit?limit=100", m.operator(), nil).is(http.StatusOK)
	for _, action := range []string{"invitation.created", "invitation.accepted", "member.added", "member.role_changed", "member.removed", "member.left"} {
		if !bytes.Contains(log.body, []byte(`"`+action+`"`)) {
			t.Errorf("the log has no %s: %s", action, log.body)
		}
	}
	if bytes.Contains(log.body, []byte("igi_")) {
		t.Errorf("the log has a secret: %s", log.body)
	}
}

// TestWhoInvitesLearnsNothing compares what is answered for an address that
// somebody has and for one that nobody has.
func TestWhoInvitesLearnsNothing(t *testing.T) {
	t.Parallel()
	m := newTeam(t)
	bert, _, _ := m.known()
	shape := func(address string) string {
		a := m.send("POST", "/account/invitations", m.owner, object{"email": address, "role": "viewer"}).is(http.StatusCreated)
		all := a.get("id").(string)[:5]
		members := map[string]any{}
		for _, name := range []string{"role", "invited_by", "email"} {
			members[name] = a.get(name)
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			all += " " + name + " " + members[name].(string)
		}
		return strings.ReplaceAll(all, address, "ADDRESS")
	}
	if known, unknown := shape(bert["email"].(string)), shape("x"+bert["email"].(string)); known != unknown {
		t.Errorf("known %s, unknown %s", known, unknown)
	}
}

func TestInvitationsThatEnd(t *testing.T) {
	t.Parallel()
	m := newTeam(t)
	gone := func(token string) {
		t.Helper()
		m.send("POST", "/auth/accept-invitation", "", newcomer(token)).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	}
	again := func(id string) answer { return m.send("POST", "/account/invitations/"+id+"/resend", m.owner, nil) }
	m.send("POST", "/account/invitations", m.owner, object{"email": "nobody", "role": "viewer"}).fault(http.StatusUnprocessableEntity, "identity.invalid_email")
	m.send("POST", "/account/invitations", m.owner, object{"email": "nora@example.com", "role": "god"}).fault(http.StatusUnprocessableEntity, "account.unknown_role")

	// Open invitations take the seats of the plan.
	firstID, first := m.invite("one@example.com", "viewer")
	secondID, second := m.invite("two@example.com", "viewer")
	m.send("POST", "/account/invitations", m.owner, object{"email": "three@example.com", "role": "viewer"}).fault(http.StatusConflict, "plan.limit_reached")

	// One that is revoked takes none, and opens nothing.
	m.send("DELETE", "/account/invitations/"+firstID, m.owner, nil).is(http.StatusNoContent)
	m.send("DELETE", "/account/invitations/"+firstID, m.owner, nil).fault(http.StatusNotFound, "invitation.not_found")
	again(firstID).fault(http.StatusNotFound, "invitation.not_found")
	gone(first)
	_, third := m.invite("three@example.com", "owner")

	// A letter a minute; the newest link is the one that is good.
	again(secondID).fault(http.StatusTooManyRequests, "invitation.too_soon")
	m.send("POST", "/account/invitations", m.owner, object{"email": "TWO@example.com", "role": "viewer"}).fault(http.StatusTooManyRequests, "invitation.too_soon")
	m.hand.Advance(2 * time.Minute)
	again(secondID).is(http.StatusOK)
	gone(second)
	m.hand.Advance(2 * time.Minute)
	replacedID := secondID
	r := m.send("POST", "/account/invitations", m.owner, object{"email": "TWO@example.com", "role": "admin"}).is(http.StatusCreated)
	secondID, second = r.text("id"), m.token("TWO@example.com")
	again(replacedID).fault(http.StatusNotFound, "invitation.not_found")

	// Who is a member is not invited, and an admin does not touch an owner's.
	admin := m.send("POST", "/auth/accept-invitation", "", newcomer(second)).is(http.StatusOK).text("access_token")
	m.hand.Advance(2 * time.Minute)
	third2 := m.send("GET", "/account/invitations", admin, nil).is(http.StatusOK).get("items").([]any)
	if len(third2) != 1 {
		t.Fatalf("open are %v", third2)
	}
	thirdID := third2[0].(map[string]any)["id"].(string)
	m.send("DELETE", "/account/invitations/"+thirdID, admin, nil).fault(http.StatusForbidden, "auth.forbidden")
	m.send("POST", "/account/invitations/"+thirdID+"/resend", admin, nil).fault(http.StatusForbidden, "auth.forbidden")
	m.send("POST", "/account/invitations", admin, object{"email": "three@example.com", "role": "viewer"}).fault(http.StatusForbidden, "auth.forbidden")
	m.send("DELETE", "/account/invitations/"+secondID, m.owner, nil).fault(http.StatusNotFound, "invitation.not_found")

	// After seven days a link opens nothing and its seat is free. Whoever signs
	// in later does so with a new session.
	m.hand.Advance(7*24*time.Hour - 6*time.Minute)
	m.send("POST", "/auth/accept-invitation", "", newcomer(third)).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	owner := m.session("owner").Access // the third seat
	m.send("POST", "/account/invitations/"+thirdID+"/resend", owner, nil).fault(http.StatusConflict, "plan.limit_reached")
	m.send("POST", "/account/invitations", owner, object{"email": "two@example.com", "role": "viewer"}).fault(http.StatusConflict, "plan.limit_reached")
	m.h.sql(`UPDATE plans SET limit_users = 4 WHERE code = 'growth'`)
	m.send("POST", "/account/invitations", owner, object{"email": "two@example.com", "role": "viewer"}).fault(http.StatusConflict, "account.already_member")
	m.send("POST", "/account/invitations/"+thirdID+"/resend", owner, nil).is(http.StatusOK)

	// The seat that was there at inviting may be gone at accepting.
	m.h.sql(`UPDATE plans SET limit_users = 3 WHERE code = 'growth'`)
	for range 100 {
		if token := m.token("three@example.com"); token != third {
			third = token
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.send("POST", "/auth/accept-invitation", "", newcomer(third)).fault(http.StatusConflict, "plan.limit_reached")
	m.h.sql(`UPDATE plans SET limit_users = 4 WHERE code = 'growth'`)
	m.sqlOf(m.acc, `UPDATE accounts SET status = 'suspended', resume_status = 'active' WHERE id = '`+m.acc.String()+`'`)
	m.send("POST", "/auth/accept-invitation", "", newcomer(third)).fault(http.StatusForbidden, "account.suspended")
	m.sqlOf(m.acc, `UPDATE accounts SET status = 'active', resume_status = NULL WHERE id = '`+m.acc.String()+`'`)
	m.send("POST", "/auth/accept-invitation", "", newcomer(third)).is(http.StatusOK)
}

// Who is registered may accept with a second factor, or as who is signed in.
func TestHowAKnownPersonAccepts(t *testing.T) {
	t.Parallel()
	m := newTeam(t)
	bert, bertToken, _ := m.known()
	_, carlToken, _ := m.known()
	begun := m.send("POST", "/auth/second-factor", bertToken, object{"password": bert["password"]}).is(http.StatusCreated)
	code := func() string {
		m.hand.Advance(30 * time.Second)
		c, err := totp.GenerateCode(begun.text("secret"), m.hand.Clock().Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	m.send("POST", "/auth/second-factor/confirm", bertToken, object{"code": code()}).is(http.StatusOK)
	id, token := m.invite(bert["email"].(string), "editor")
	m.send("POST", "/auth/join", carlToken, object{"token": token}).fault(http.StatusForbidden, "invitation.other_person")
	m.send("POST", "/auth/join", m.owner, object{"token": token}).fault(http.StatusForbidden, "invitation.other_person")
	accept := func(with object) answer {
		with["token"] = token
		return m.send("POST", "/auth/accept-invitation", "", with)
	}
	owes := accept(object{"password": bert["password"]}).fault(http.StatusUnauthorized, "auth.second_factor_required").text("challenge")
	accept(object{"challenge": owes, "code": "nonsense"}).fault(http.StatusUnprocessableEntity, "auth.invalid_code")
	accept(object{"challenge": owes[:len(owes)-1] + "x", "code": code()}).fault(http.StatusUnauthorized, "auth.invalid")
	in := accept(object{"challenge": owes, "code": code()}).is(http.StatusOK)
	me := m.send("GET", "/auth/me", in.text("access_token"), nil).is(http.StatusOK)
	if me.text("account.id") != m.acc.String() || me.text("user.email") != bert["email"] {
		t.Errorf("in as %s", me.body)
	}
	me.text("user.email_verified_at")

	// Once more, by his session.
	m.send("DELETE", "/account/members/"+me.text("user.id"), m.owner, nil).is(http.StatusNoContent)
	m.hand.Advance(2 * time.Minute)
	next, fresh := m.invite("carla@example.com", "viewer")
	m.send("POST", "/auth/join", bertToken, object{"token": fresh}).fault(http.StatusForbidden, "invitation.other_person")
	if next == id {
		t.Error("one id for two invitations")
	}
	m.send("POST", "/account/invitations", m.owner, object{"email": bert["email"], "role": "viewer"}).is(http.StatusCreated)
	for old := token; token == old; time.Sleep(50 * time.Millisecond) {
		token = m.token(bert["email"].(string))
	}
	m.send("POST", "/auth/join", bertToken, object{"token": "nonsense"}).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	in = m.send("POST", "/auth/join", bertToken, object{"token": token}).is(http.StatusOK)
	if got := m.send("GET", "/auth/me", in.text("access_token"), nil).text("account.id"); got != m.acc.String() {
		t.Errorf("joined %s", got)
	}
	m.send("POST", "/auth/join", bertToken, object{"token": token}).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	m.send("GET", "/sites", bertToken, nil).is(http.StatusOK) // his own goes on
}

// TestTheLinkOfAnInvitation is for who opens it in a browser.
func TestTheLinkOfAnInvitation(t *testing.T) {
	t.Parallel()
	m := newTeam(t)
	shows := func(a answer, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(string(a.body), text) {
				t.Errorf("%s shows no %q: %s", a.what, text, a.body)
			}
		}
	}
	accept := func(kv ...string) answer {
		return m.send("POST", "page:/accept-invitation", "", form(kv...), urlencoded...)
	}
	_, token := m.invite("nora@example.com", "editor")
	shows(m.send("GET", "page:/accept-invitation?token="+token, "", nil).is(http.StatusOK), "Agency", "nora@example.com", "editor", "first_name")
	shows(accept("token", token, "first_name", "Nora", "password", "short").is(http.StatusUnprocessableEntity), "at least 15 characters", `value="Nora"`)
	shows(accept("token", token, "first_name", "Nora", "password", "a password of hers").is(http.StatusOK), "Sign in") // where a browser without cookies ends up
	shows(accept("token", token, "first_name", "Nora", "password", "a password of hers").is(http.StatusUnprocessableEntity), "not valid")
	shows(m.send("GET", "page:/accept-invitation?token="+token, "", nil).is(http.StatusUnprocessableEntity), "not valid")
	in := m.send("POST", "/auth/login", "", object{"email": "nora@example.com", "password": "a password of hers"}).is(http.StatusOK).text("access_token")
	m.send("GET", "/sites", in, nil).is(http.StatusOK)
	if sessions := m.send("GET", "/auth/sessions", in, nil).get("items").([]any); len(sessions) != 2 {
		t.Errorf("the sessions of the page and of the program: %v", sessions)
	}

	bert, bertToken, _ := m.known()
	password := bert["password"].(string)
	begun := m.send("POST", "/auth/second-factor", bertToken, object{"password": password}).is(http.StatusCreated)
	code := func() string {
		m.hand.Advance(30 * time.Second)
		c, err := totp.GenerateCode(begun.text("secret"), m.hand.Clock().Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	m.send("POST", "/auth/second-factor/confirm", bertToken, object{"code": code()}).is(http.StatusOK)
	_, token = m.invite(bert["email"].(string), "viewer")
	shows(accept("token", token, "password", "not his").is(http.StatusUnprocessableEntity), "is wrong", "Your password")
	asked := accept("token", token, "password", password).is(http.StatusOK)
	challenge := regexp.MustCompile(`igc_[0-9a-z]+`).FindString(string(asked.body))
	shows(accept("token", token, "challenge", challenge, "code", "nonsense").is(http.StatusUnprocessableEntity), challenge)
	shows(accept("token", token, "challenge", challenge, "code", code()).is(http.StatusOK), "Sign in")
}
