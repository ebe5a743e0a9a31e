package web

import (
	"errors"
	"net/http"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
)

// setupPage is the form with which the first operator is made.
type setupPage struct {
	Token                      string
	Email, FirstName, LastName string
	Trouble                    string
	Done                       bool
}

// formLimit is far above what the form can hold.
const formLimit = 16 << 10

func (w *Web) setup(rw http.ResponseWriter, r *http.Request) error {
	return w.show(rw, http.StatusOK, "setup.html", setupPage{Token: r.URL.Query().Get("token")})
}

func (w *Web) claim(rw http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(rw, r.Body, formLimit)
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	p := setupPage{
		Token: r.PostForm.Get("token"), Email: r.PostForm.Get("email"),
		FirstName: r.PostForm.Get("first_name"), LastName: r.PostForm.Get("last_name"),
	}
	made, err := w.identity.Prepare(r.Context(), identity.Registration{
		Email: p.Email, Password: r.PostForm.Get("password"), FirstName: p.FirstName, LastName: p.LastName,
	})
	if err == nil {
		_, _, err = w.identity.ClaimFirstStaff(r.Context(), p.Token, made, w.clientOf(r))
	}
	var f *fault.Fault
	switch {
	case err == nil:
		p.Done = true
		return w.show(rw, http.StatusOK, "setup.html", p)
	case errors.As(err, &f) && f.Kind != fault.Internal:
		p.Trouble = f.Msg
		return w.show(rw, httpx.Status(err), "setup.html", p)
	default:
		return err
	}
}

var errForm = fault.New(fault.Malformed, "page.form", "The form could not be read. Go back and send it again.")

// clientOf is what a request says of who sent it.
func (w *Web) clientOf(r *http.Request) identity.Client {
	return identity.Client{Agent: r.UserAgent(), Address: w.proxies.Client(r).String()}
}
