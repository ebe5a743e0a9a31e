package web

import (
	"context"
	"errors"
	"net/http"

	"igny8/internal/ai"
	"igny8/internal/config"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountOwnModels is an account's own AI provider.
func (w *Web) mountOwnModels() {
	keys := identity.Tenant(tenant.ManageKeys)
	w.mount("GET /ai-provider", keys, w.ownModels)
	w.mount("POST /ai-provider", keys, w.setOwnModels)
	w.mount("POST /ai-provider/test", keys, w.testOwnModels)
	w.mount("GET /ai-provider/drop", keys, w.askDropModels)
	w.mount("POST /ai-provider/drop", keys, w.dropOwnModels)
}

// ownModelsPage is who does the work of an account's models.
type ownModelsPage struct {
	ui.Page
	Own  *ai.Own // nil: the operator's
	Form ui.Form
}

// start is what a field begins with.
func (p ownModelsPage) start(of func(ai.Own) string) string {
	if p.Own == nil {
		return ""
	}
	return of(*p.Own)
}

// keyHint is what is said of the key.
func (p ownModelsPage) keyHint() words.Text {
	if p.Own == nil {
		return "It is kept sealed and never shown again."
	}
	if p.Own.Hint == "" {
		return "Empty: as it is."
	}
	return words.With("It ends in %s. Empty: as it is.", p.Own.Hint)
}

func (w *Web) ownModels(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showOwnModels(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showOwnModels(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	p := ownModelsPage{Form: f}
	err := w.within(r, v, &p.Page, "AI provider", func(ctx context.Context, view *tenant.View) error {
		o, err := ai.LoadOwn(ctx, view)
		if errors.Is(err, ai.ErrNoOwn) {
			return nil
		}
		p.Own = &o
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = "Let the account's work be done by models of your own. It costs the same credits."
	return show(r.Context(), rw, status, ownModelsView(p))
}

func (w *Web) setOwnModels(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := w.Models.SetOwn(ctx, tx, ai.NewOwn{
			Vendor: values.Get("provider"), BaseURL: values.Get("base_url"), Model: values.Get("model"), Embeddings: values.Get("embedding_model"),
			Key: config.NewSecret(values.Get("api_key")),
		})
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		return w.showOwnModels(rw, r, v, statusOf(why), ui.NewForm(values).Refused(why, "provider", "base_url", "model", "embedding_model", "api_key"))
	}
	w.say(rw, ui.Good, "Kept. Test it before you order anything.")
	return to(rw, r, "/ai-provider")
}

func (w *Web) testOwnModels(rw http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := w.Models.TestOwn(r.Context(), v.Scope)
	if err != nil {
		return err
	}
	if o.Trouble == "" {
		w.say(rw, ui.Good, "It works.")
	} else {
		w.say(rw, ui.Bad, o.Says())
	}
	return to(rw, r, "/ai-provider")
}

// droppingModels asks whether the account's own models are to be forgotten.
func droppingModels() ui.Confirm {
	return ui.Confirm{
		ID: "drop-models", Ask: "Forget it", Title: "Forget your AI provider?", Do: "Forget it and its key", Action: "/ai-provider/drop", Page: "/ai-provider/drop",
		Back: "/ai-provider", Text: "The account's work is done by the operator's models again, from the next step on. The key is erased here; revoke it with the provider, too.",
	}
}

func (w *Web) askDropModels(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.ask(rw, r, v, droppingModels())
}

func (w *Web) dropOwnModels(rw http.ResponseWriter, r *http.Request, v *visit) error {
	if err := w.st.Update(r.Context(), v.Scope, ai.DropOwn); err != nil {
		return err
	}
	w.say(rw, ui.Good, "Forgotten. The operator's models do the work again.")
	return to(rw, r, "/ai-provider")
}
