package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"igny8/internal/bank"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// maxStatementFile is the largest file that package bank reads.
const maxStatementFile = 20 << 20

// statementsPage is what was imported, and the form for more.
type statementsPage struct {
	ui.Page
	Form        ui.Form
	Wrong       []fault.Field // what could not be read, by line
	Mappings    []bank.SavedMapping
	Statements  []bank.Statement
	First, Next string
}

func (p statementsPage) mappingPicks() []ui.Pick {
	picks := []ui.Pick{}
	for _, m := range p.Mappings {
		picks = append(picks, ui.Pick{Value: m.Name, Label: words.Verbatim(m.Name)})
	}
	return picks
}

func (w *Web) statements(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showStatements(rw, r, v, http.StatusOK, statementsPage{})
}

func (w *Web) showStatements(rw http.ResponseWriter, r *http.Request, v *visit, status int, p statementsPage) error {
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Bank statements"); err != nil {
		return err
	}
	err = w.shared(r, v, tenant.PaymentsConfirm, "admin-list-bank-statements", func(ctx context.Context, tx *tenant.SharedTx) error {
		if p.Mappings, err = bank.Mappings(ctx, tx.Shared); err != nil {
			return err
		}
		all, err := bank.Statements(ctx, tx.Shared, behind(r, "after", bank.ParseStatementID), perPage+1)
		p.Statements, p.Next = pageOf(r, "after", all, func(s bank.Statement) string { return s.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, statementsView(p))
}

// importStatement takes a file in. The use of the privilege is in the log
// before the file is read.
func (w *Web) importStatement(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, f, err := fileOf(r, "file", maxStatementFile)
	if err != nil {
		return err
	}
	u := use(v, tenant.PaymentsConfirm, "admin-import-bank-statement")
	report, err := w.takeStatement(r, v, values.Get("mapping"), f)
	if err == nil {
		w.say(rw, ui.Good, reportSaid(v.page.Locale, report))
		if len(report.Statements) > 0 {
			return to(rw, r, "/staff/statements/"+report.Statements[0].ID.String())
		}
		return to(rw, r, "/staff/statements")
	}
	why, ours := refused(err)
	if ours != nil {
		return err
	}
	if err := w.Identity.ActShared(r.Context(), u, func(context.Context, *tenant.SharedTx) error { return nil }); err != nil {
		return err
	}
	p := statementsPage{Form: ui.NewForm(values)}
	if len(why.Fields) > 0 {
		p.Wrong = why.Fields
		why = why.Sayf("%s", why.Msg)
		why.Fields = nil
	}
	p.Form = p.Form.Refused(why, "file", "mapping")
	return w.showStatements(rw, r, v, statusOf(why), p)
}

func (w *Web) takeStatement(r *http.Request, v *visit, mapping string, f sentFile) (bank.Report, error) {
	if f.Content == nil {
		return bank.Report{}, errNoFile.At("body.file", "is needed", nil)
	}
	var m *bank.Mapping
	if mapping != "" {
		err := w.st.ViewShared(r.Context(), func(ctx context.Context, s tenant.Shared) error {
			saved, err := bank.LoadMapping(ctx, s, mapping)
			m = &saved.Mapping
			return err
		})
		if err != nil {
			return bank.Report{}, err
		}
	}
	file, err := bank.Read(f.Name, f.Content, m)
	if err != nil {
		return bank.Report{}, err
	}
	return w.Bank.Import(r.Context(), use(v, tenant.PaymentsConfirm, "admin-import-bank-statement"), file)
}

var errNoFile = fault.New(fault.Invalid, "page.no_file", "Choose a file first.")

// reportSaid is what came of an import, in a sentence.
func reportSaid(l ui.Locale, r bank.Report) words.Text {
	if r.Repeated {
		return "This very file had been imported already. Nothing was added."
	}
	parts := []words.Text{words.With("%s new", l.Number(int64(r.New))), words.With("%s known", l.Number(int64(r.Known))), words.With("%s open", l.Number(int64(r.Open)))}
	if exact := r.Tiers[bank.ByReference]; exact > 0 {
		parts = append(parts, words.With("%s with reference and exact amount", l.Number(int64(exact))))
	}
	if len(r.Confirmed) > 0 {
		parts = append(parts, words.With("%s confirmed by this import", l.Number(int64(len(r.Confirmed)))))
	}
	return words.With("Imported. Lines: %s.", words.Join(", ", parts...))
}

// statementPage is one statement, with the lines that it was the first to tell.
type statementPage struct {
	ui.Page
	Statement   bank.Statement
	By          words.Text
	Lines       []queuedLine
	First, Next string
}

func (w *Web) statement(rw http.ResponseWriter, r *http.Request, v *visit) error {
	sid, err := idOf(bank.ParseStatementID, r.PathValue("id"), bank.ErrStatementNotFound)
	if err != nil {
		return err
	}
	var p statementPage
	err = w.Identity.Survey(r.Context(), use(v, tenant.PaymentsConfirm, "admin-get-bank-statement"), func(ctx context.Context, s *tenant.Survey) error {
		if p.Statement, err = bank.LoadStatement(ctx, s.Shared(), sid); err != nil {
			return err
		}
		all, err := bank.Lines(ctx, s.Shared(), bank.Filter{Statement: sid, After: behind(r, "after", bank.ParseLineID), Limit: perPage + 1})
		if err != nil {
			return err
		}
		all, p.Next = pageOf(r, "after", all, func(l bank.Line) string { return l.ID.String() })
		p.First = firstOf(r, "after")
		p.Lines, err = matched(ctx, s, all, namesOf(ctx, s))
		return err
	})
	if err != nil {
		return err
	}
	if p.Page, err = w.operator(r.Context(), v, words.With("Statement %s", p.Statement.FileName)); err != nil {
		return err
	}
	p.By = w.actorSaid(r.Context(), p.Statement.ImportedBy)
	return show(r.Context(), rw, http.StatusOK, statementView(p))
}

// mappingPage is how the columns of a bank's CSV files are read.
type mappingPage struct {
	ui.Page
	Form     ui.Form
	Headings []string // of the file that was looked at; empty: none was
	Saved    []bank.SavedMapping
	Editing  bool
}

func (w *Web) mappings(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := mappingPage{}
	name := r.URL.Query().Get("name")
	err := w.shared(r, v, tenant.PaymentsConfirm, "admin-list-bank-mappings", func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		if p.Saved, err = bank.Mappings(ctx, tx.Shared); err != nil || name == "" {
			return err
		}
		m, err := bank.LoadMapping(ctx, tx.Shared, name)
		p.Editing, p.Form = true, ui.NewForm(mappingValues(name, m.Mapping))
		return err
	})
	if err != nil {
		return err
	}
	return w.showMapping(rw, r, v, http.StatusOK, p)
}

func (w *Web) showMapping(rw http.ResponseWriter, r *http.Request, v *visit, status int, p mappingPage) error {
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Mappings of CSV files"); err != nil {
		return err
	}
	return show(r.Context(), rw, status, mappingView(p))
}

// proposeMapping looks at a file's headings. Nothing is kept.
func (w *Web) proposeMapping(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, f, err := fileOf(r, "file", maxStatementFile)
	if err != nil {
		return err
	}
	nothing := func(context.Context, *tenant.SharedTx) error { return nil }
	if err := w.shared(r, v, tenant.PaymentsConfirm, "admin-propose-bank-mapping", nothing); err != nil {
		return err
	}
	var m bank.Mapping
	p := mappingPage{Form: ui.NewForm(values)}
	if err = errNoFile.At("body.file", "is needed", nil); f.Content != nil {
		m, p.Headings, err = bank.ProposeMapping(f.Content)
	}
	if err != nil {
		why, err := refused(err)
		if err != nil {
			return err
		}
		p.Form = p.Form.Refused(why, "file")
		return w.showMapping(rw, r, v, statusOf(why), p)
	}
	p.Editing, p.Form = true, ui.NewForm(mappingValues("", m))
	return w.showMapping(rw, r, v, http.StatusOK, p)
}

func (w *Web) setMapping(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	m, err := mappingOf(values)
	if err == nil {
		err = w.shared(r, v, tenant.PaymentsConfirm, "admin-set-bank-mapping", func(ctx context.Context, tx *tenant.SharedTx) error {
			_, err := bank.SetMapping(ctx, tx, strings.TrimSpace(values.Get("name")), m)
			return err
		})
	}
	if err != nil {
		why, ours := refused(err)
		if ours != nil || errors.Is(err, tenant.ErrForbidden) {
			return err
		}
		return w.showMapping(rw, r, v, statusOf(why), mappingPage{Editing: true, Form: ui.NewForm(values).Refused(why, mappingNames()...)})
	}
	w.say(rw, ui.Good, "The mapping is kept.")
	return to(rw, r, "/staff/mappings")
}
