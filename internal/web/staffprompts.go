package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"igny8/internal/fault"
	"igny8/internal/prompt"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// promptsPage is what models are told, for each kind of work.
type promptsPage struct {
	ui.Page
	Prompts []prompt.Prompt
}

func (w *Web) prompts(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p promptsPage
	err := w.shared(r, v, tenant.PromptsManage, "admin-list-prompts", func(ctx context.Context, tx *tenant.SharedTx) error {
		for _, k := range prompt.Kinds() {
			one, err := prompt.Current(ctx, tx.Shared, k)
			if err != nil {
				return err
			}
			p.Prompts = append(p.Prompts, one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, "Prompts"); err != nil {
		return err
	}
	p.Lead = "What models are told to do. A change counts from the next call on."
	return show(r.Context(), rw, http.StatusOK, promptsView(p))
}

// promptPage is one prompt with its versions.
type promptPage struct {
	ui.Page
	Kind     prompt.Kind
	Versions []prompt.Prompt // newest first, the program's last
	Form     ui.Form
	Says     func(actor string) words.Text
}

// current is the version that counts.
func (p promptPage) current() int64 { return p.Versions[0].Version }

// promptSaid is a kind of work in words.
func promptSaid(k prompt.Kind) words.Text {
	switch k {
	case prompt.Names:
		return "Name clusters"
	case prompt.Ideas:
		return "Find ideas"
	case prompt.Article:
		return "Write an article"
	case prompt.Section:
		return "Write a section anew"
	}
	return words.Verbatim(string(k))
}

// versionSaid is a version in words.
func versionSaid(n int64) words.Text {
	if n == 0 {
		return "the program's own"
	}
	return words.With("version %s", strconv.FormatInt(n, 10))
}

func (w *Web) prompt(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPrompt(rw, r, v, http.StatusOK, nil)
}

func (w *Web) showPrompt(rw http.ResponseWriter, r *http.Request, v *visit, status int, f *ui.Form) error {
	k, err := prompt.ParseKind(r.PathValue("kind"))
	if err != nil {
		return err
	}
	p := promptPage{Kind: k, Says: func(actor string) words.Text { return w.actorSaid(r.Context(), actor) }}
	err = w.shared(r, v, tenant.PromptsManage, "admin-list-prompt-versions", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		p.Versions, err = prompt.Versions(ctx, tx.Shared, k)
		return err
	})
	if err != nil {
		return err
	}
	if f != nil {
		p.Form = *f
	} else {
		text := p.Versions[0].Text
		for _, one := range p.Versions { // an older one, to be taken again
			if r.URL.Query().Get("from") == strconv.FormatInt(one.Version, 10) {
				text = one.Text
			}
		}
		p.Form = ui.NewForm(url.Values{"text": {text}})
	}
	if p.Page, err = w.operator(r.Context(), v, promptSaid(k)); err != nil {
		return err
	}
	return show(r.Context(), rw, status, promptView(p))
}

func (w *Web) setPrompt(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	k, err := prompt.ParseKind(r.PathValue("kind"))
	if err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PromptsManage, "admin-set-prompt", func(ctx context.Context, tx *tenant.SharedTx) error {
		seen, err := strconv.ParseInt(values.Get("version"), 10, 64)
		if err != nil {
			return errForm
		}
		_, err = prompt.Set(ctx, tx, tx.Operator().Actor(), k, seen, lineEnds.Replace(values.Get("text")))
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil || why.Kind == fault.NotFound {
			return firstOfErrors(err, why)
		}
		f := ui.NewForm(values).Refused(why, "text")
		return w.showPrompt(rw, r, v, statusOf(why), &f)
	}
	w.say(rw, ui.Good, "Kept as a new version. Models are told so from the next call on.")
	return to(rw, r, "/staff/prompts/"+string(k))
}
