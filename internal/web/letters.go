package web

import (
	"errors"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/httpx"
)

// linkPage is where the link of a letter leads. Opening it changes nothing,
// since programs that look through letters open links as well.
type linkPage struct {
	Token, Trouble string
	Done           bool
}

func (w *Web) verifyEmail(rw http.ResponseWriter, r *http.Request) error {
	return w.show(rw, http.StatusOK, "verify.html", linkPage{Token: r.URL.Query().Get("token")})
}

func (w *Web) confirmEmail(rw http.ResponseWriter, r *http.Request) error {
	return w.useLink(rw, r, "verify.html", func(token string) error {
		_, err := w.identity.VerifyEmail(r.Context(), token)
		return err
	})
}

func (w *Web) choosePassword(rw http.ResponseWriter, r *http.Request) error {
	return w.show(rw, http.StatusOK, "reset.html", linkPage{Token: r.URL.Query().Get("token")})
}

func (w *Web) resetPassword(rw http.ResponseWriter, r *http.Request) error {
	return w.useLink(rw, r, "reset.html", func(token string) error {
		return w.identity.ResetPassword(r.Context(), token, r.PostForm.Get("password"))
	})
}

// useLink shows a page again with what came of its form.
func (w *Web) useLink(rw http.ResponseWriter, r *http.Request, name string, do func(token string) error) error {
	r.Body = http.MaxBytesReader(rw, r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	p := linkPage{Token: r.PostForm.Get("token")}
	err := do(p.Token)
	var f *fault.Fault
	switch {
	case err == nil:
		p.Done = true
		return w.show(rw, http.StatusOK, name, p)
	case errors.As(err, &f) && f.Kind != fault.Internal:
		p.Trouble = f.Msg
		return w.show(rw, httpx.Status(err), name, p)
	default:
		return err
	}
}
