package web

import (
	"context"
	"net/http"
	"strings"

	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// sessionsPage is where a person is signed in.
type sessionsPage struct {
	ownPage
	Sessions []identity.Session
	Mine     identity.SessionID // the one that looks
}

// askPage is a question as a page of its own, for who has no scripts.
type askPage struct {
	ui.Page
	Question ui.Confirm
}

// personal is a page in whatever shell a person works in. The account need
// not be in a state to work.
func (w *Web) personal(ctx context.Context, v *visit, title words.Text) (ui.Page, error) {
	if v.Scope.Account().IsZero() && !nobodys(v.Caller) {
		return w.operator(ctx, v, title)
	}
	p, err := w.member(ctx, v, title)
	if err != nil || nobodys(v.Caller) {
		return p, err
	}
	err = w.st.View(ctx, v.Scope, func(ctx context.Context, view *tenant.View) error { return belongs(ctx, view, &p) })
	return p, err
}

func (w *Web) sessions(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := sessionsPage{Mine: v.Session}
	var err error
	if p.ownPage, err = w.own(r.Context(), v, "Where you are signed in", "/sessions"); err != nil {
		return err
	}
	p.Lead = "Programs that use the API with your password are here as well."
	if p.Sessions, err = w.Identity.Sessions(r.Context(), v.User); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, sessionsView(p))
}

func (w *Web) askEndOthers(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := askPage{Question: endOthers()}
	var err error
	if p.Page, err = w.personal(r.Context(), v, p.Question.Title); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func endOthers() ui.Confirm {
	return ui.Confirm{
		ID: "end-others", Ask: "Sign out everywhere else", Title: "Sign out everywhere else?",
		Text: "Every other browser and program has to sign in again. API keys go on.",
		Do:   "Sign out", Action: "/sessions/end-others", Page: "/sessions/end-others", Back: "/sessions",
	}
}

func (w *Web) endOthers(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := w.Identity.RevokeOtherSessions(r.Context(), v.Caller); err != nil {
		return err
	}
	w.say(rw, ui.Good, "You are signed out everywhere else.")
	return to(rw, r, "/sessions")
}

func (w *Web) endSession(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	sid, err := identity.ParseSessionID(values.Get("session"))
	if err != nil {
		return identity.ErrSessionNotFound
	}
	if err := w.Identity.RevokeSession(r.Context(), v.User, sid); err != nil {
		return err
	}
	w.say(rw, ui.Good, "That session is over.")
	return to(rw, r, "/sessions")
}

// device is a User-Agent as people know it: the browser and the system. What
// is no browser is shown as it calls itself.
func device(agent string) words.Text {
	name := first(agent, "Edg/", "Edge", "OPR/", "Opera", "Firefox/", "Firefox", "Chrome/", "Chrome", "Safari/", "Safari")
	if name == "" {
		name, _, _ = strings.Cut(agent, " ")
		if name == "" {
			return "Unknown"
		}
		return words.Verbatim(name)
	}
	system := first(agent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "macOS", "Linux", "Linux")
	if system == "" {
		return words.Verbatim(name)
	}
	return words.With("%s on %s", name, system)
}

// first is the name that goes with the first mark found in the text: marks and
// names take turns.
func first(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if strings.Contains(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
