package app

import (
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pquerna/otp/totp"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/db/dbtest"
	"igny8/internal/mail/mailtest"
)

// withPost starts a server whose letters go to a real SMTP server.
func withPost(t *testing.T) (*house, *mailtest.Server) {
	t.Helper()
	return withPostAt(t, clock.Clock{})
}

func withPostAt(t *testing.T, c clock.Clock) (*house, *mailtest.Server) {
	t.Helper()
	post := mailtest.Start(t, mailtest.Address(t))
	return openOn(t, c, config.Config{
		Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Database: dbtest.URL(t), AI: config.AI{Provider: config.Offline},
		SMTP: config.NewSecret("smtp://" + post.SMTP), MailFrom: "igny8@example.com",
	}), post
}

// link finds the link of a letter, which begins with the configured address.
func (h *house) link(l mailtest.Letter, page string) string {
	h.t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(h.base+page) + `\?token=(\S+)`).FindStringSubmatch(l.Text)
	if m == nil {
		h.t.Fatalf("no link to %s in %q", page, l.Text)
	}
	return m[1]
}

func form(kv ...string) string {
	v := url.Values{}
	for i := 0; i < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return v.Encode()
}

var urlencoded = []string{"Content-Type", "application/x-www-form-urlencoded"}

// The letter of registration arrives, and its link does what it says; so does
// that of a reset, whether a program uses it or a person.
func TestLettersArriveAndTheirLinksWork(t *testing.T) {
	t.Parallel()
	h, post := withPost(t)
	p := someone("trial", "")
	address, password := p["email"].(string), p["password"].(string)
	in := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	if in.get("user.email_verified_at") != nil {
		t.Error("verified without a letter")
	}
	token := h.link(post.Wait(address, "Confirm your e-mail address"), "/verify-email")
	page := h.send("GET", "page:/verify-email?token="+token, "", nil).is(http.StatusOK)
	if !strings.Contains(string(page.body), token) || h.send("GET", "/auth/me", in.text("access_token"), nil).get("user.email_verified_at") != nil {
		t.Error("to look at the page is not to use it")
	}
	h.send("POST", "page:/verify-email", "", form("token", token), urlencoded...).is(http.StatusOK)
	h.send("GET", "/auth/me", in.text("access_token"), nil).is(http.StatusOK).text("user.email_verified_at")
	h.send("POST", "/auth/verify-email", "", object{"token": token}).fault(http.StatusUnprocessableEntity, "auth.invalid_link")
	h.send("POST", "/auth/verify-email/resend", in.text("access_token"), nil).is(http.StatusAccepted)

	known := h.send("POST", "/auth/password-reset", "", object{"email": strings.ToUpper(address)}).is(http.StatusAccepted)
	unknown := h.send("POST", "/auth/password-reset", "", object{"email": "x" + address}).is(http.StatusAccepted)
	if string(known.body) != string(unknown.body) {
		t.Errorf("the answers differ: %s, %s", known.body, unknown.body)
	}
	token = h.link(post.Wait(address, "Choose a new password"), "/reset-password")
	h.send("POST", "page:/reset-password", "", form("token", token, "password", "short"), urlencoded...).is(http.StatusUnprocessableEntity)
	h.send("POST", "/auth/password-reset/confirm", "", object{"token": token, "password": "an entirely new one"}).is(http.StatusNoContent)
	h.send("POST", "page:/reset-password", "", form("token", token, "password", "an entirely newer one"), urlencoded...).is(http.StatusUnprocessableEntity)
	post.Wait(address, "Your password was changed")
	h.send("GET", "/auth/me", in.text("access_token"), nil).fault(http.StatusUnauthorized, "auth.invalid")
	h.send("POST", "/auth/login", "", object{"email": address, "password": password}).fault(http.StatusUnauthorized, "auth.bad_credentials")
	h.send("POST", "/auth/login", "", object{"email": address, "password": "an entirely new one"}).is(http.StatusOK)

	// The outbox tells staff who got what, and nothing that opens anything.
	outbox := h.send("GET", "/admin/letters", h.operator(), nil).is(http.StatusOK)
	if text := string(outbox.body); !strings.Contains(text, address) || strings.Contains(text, "igl_") || strings.Contains(text, "x"+address) {
		t.Errorf("the outbox: %s", text)
	}
	h.send("GET", "/admin/letters", h.member(), nil).fault(http.StatusForbidden, "auth.forbidden")
}

// SMTP that is away when somebody registers costs no letter.
func TestNoLetterIsLostWhileSMTPIsAway(t *testing.T) {
	t.Parallel()
	at := mailtest.Address(t)
	h := openOn(t, clock.Clock{}, config.Config{
		Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Database: dbtest.URL(t), AI: config.AI{Provider: config.Offline},
		SMTP: config.NewSecret("smtp://" + at), MailFrom: "igny8@example.com",
	})
	p := someone("trial", "")
	h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	mailtest.Start(t, at).Wait(p["email"].(string), "Confirm your e-mail address")
}

func TestSessionsOverTheAPI(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	p := someone("trial", "")
	first := h.send("POST", "/auth/register", "", p, "User-Agent", "laptop").is(http.StatusCreated).text("access_token")
	login := object{"email": p["email"], "password": p["password"]}
	phone := h.send("POST", "/auth/login", "", login, "User-Agent", "phone").is(http.StatusOK).text("access_token")
	tablet := h.send("POST", "/auth/login", "", login, "User-Agent", "tablet").is(http.StatusOK).text("access_token")
	items := h.send("GET", "/auth/sessions", phone, nil).is(http.StatusOK).get("items").([]any)
	ids := map[string]string{}
	for _, i := range items {
		s := i.(map[string]any)
		ids[s["user_agent"].(string)] = s["id"].(string)
		if s["address"] != "127.0.0.1" || s["current"] != (s["user_agent"] == "phone") {
			t.Errorf("session %v", s)
		}
	}
	if len(ids) != 3 {
		t.Fatalf("sessions %v", items)
	}
	h.send("DELETE", "/auth/sessions/"+ids["tablet"], h.member(), nil).fault(http.StatusNotFound, "session.not_found")
	h.send("DELETE", "/auth/sessions/nonsense", phone, nil).fault(http.StatusNotFound, "session.not_found")
	h.send("DELETE", "/auth/sessions/"+ids["tablet"], phone, nil).is(http.StatusNoContent)
	h.send("GET", "/auth/me", tablet, nil).fault(http.StatusUnauthorized, "auth.invalid")
	h.send("DELETE", "/auth/sessions", phone, nil).is(http.StatusNoContent)
	h.send("GET", "/auth/me", first, nil).fault(http.StatusUnauthorized, "auth.invalid")

	// A suspended account is shut to every session it has, at once.
	account := h.send("GET", "/auth/me", phone, nil).text("account.id")
	h.send("GET", "/sites", phone, nil).is(http.StatusOK)
	h.send("POST", "/admin/accounts/"+account+"/suspend", h.operator(), object{"reason": "a test"}).is(http.StatusOK)
	h.send("GET", "/sites", phone, nil).fault(http.StatusForbidden, "account.suspended")
	again := h.send("POST", "/auth/login", "", login).is(http.StatusOK).text("access_token")
	h.send("GET", "/sites", again, nil).fault(http.StatusForbidden, "account.suspended")
}

func TestSecondFactorOverTheAPI(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(clock.Clock{}.Now())
	h := open(t, hand.Clock())
	p := someone("trial", "")
	token := h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token")
	begun := h.send("POST", "/auth/second-factor", token, object{"password": p["password"]}).is(http.StatusCreated)
	if !strings.HasPrefix(begun.text("otpauth_url"), "otpauth://totp/") {
		t.Error(string(begun.body))
	}
	code := func() string {
		c, err := totp.GenerateCode(begun.text("secret"), hand.Clock().Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	h.send("POST", "/auth/second-factor/confirm", token, object{"code": "nonsense"}).fault(http.StatusUnprocessableEntity, "auth.invalid_code")
	recovery := h.send("POST", "/auth/second-factor/confirm", token, object{"code": code()}).is(http.StatusOK).get("recovery_codes").([]any)
	hand.Advance(30e9)
	login := object{"email": p["email"], "password": p["password"]}
	owes := h.send("POST", "/auth/login", "", login).fault(http.StatusUnauthorized, "auth.second_factor_required").text("challenge")
	in := h.send("POST", "/auth/login/second-factor", "", object{"challenge": owes, "code": code()}).is(http.StatusOK)
	h.send("GET", "/auth/me", in.text("access_token"), nil).is(http.StatusOK).text("user.second_factor_since")
	h.send("POST", "/auth/login/second-factor", "", object{"challenge": owes, "code": recovery[0]}).fault(http.StatusUnauthorized, "auth.invalid")
	h.send("DELETE", "/auth/second-factor", in.text("access_token"), object{"password": p["password"], "code": recovery[1]}).is(http.StatusNoContent)
	h.send("POST", "/auth/login", "", login).is(http.StatusOK)
	h.send("POST", "/auth/password", in.text("access_token"), object{"current_password": p["password"], "password": "an entirely new one"}).
		is(http.StatusOK).text("refresh_token")
	h.send("GET", "/auth/me", in.text("access_token"), nil).fault(http.StatusUnauthorized, "auth.invalid")
}
