package api

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

func (a *API) bankRoutes() {
	p := tenant.PaymentsConfirm
	imports := route{method: http.MethodPost, path: "/admin/bank-statements", id: "admin-import-bank-statement", tag: "admin",
		summary: "Import a statement of the bank: CAMT.053, CAMT.054, MT940, or CSV with a mapping", maxBody: maxStatement}
	mountKeeping(a, imports, identity.Staff(p), a.importStatement(imports))
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-statements", id: "admin-list-bank-statements", tag: "admin", summary: "The imported statements, newest first"},
		p, listStatements)
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-statements/{id}", id: "admin-get-bank-statement", tag: "admin", summary: "One statement with the lines that it was the first to tell"},
		p, getStatement)
	survey(a, route{method: http.MethodGet, path: "/admin/bank-lines", id: "admin-list-bank-lines", tag: "admin", summary: "Bank lines, newest first, with what they may pay for and why"},
		p, listLines)
	confirm := route{method: http.MethodPost, path: "/admin/bank-lines/{id}/confirm", id: "admin-confirm-bank-line", tag: "admin",
		summary: "Make a bank line a payment of an account, with all that follows from it"}
	mountKeeping(a, confirm, identity.Staff(p), a.confirmLine(confirm))
	onShared(a, route{method: http.MethodPost, path: "/admin/bank-lines/{id}/ignore", id: "admin-ignore-bank-line", tag: "admin", summary: "Say that a bank line pays for nothing"},
		p, ignoreLine)
	reopen := route{method: http.MethodPost, path: "/admin/bank-lines/{id}/reopen", id: "admin-reopen-bank-line", tag: "admin",
		summary: "Put a bank line that was ignored, or whose payment was undone, back into the queue"}
	mountKeeping(a, reopen, identity.Staff(p), a.reopenLine(reopen))
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-settings", id: "admin-get-bank-settings", tag: "admin", summary: "What an import may do by itself"},
		p, getBankSettings)
	onShared(a, route{method: http.MethodPut, path: "/admin/bank-settings", id: "admin-set-bank-settings", tag: "admin", summary: "Say what an import may do by itself"},
		tenant.PaymentsApprove, setBankSettings)
	a.bankMappingRoutes()
}

// noted honours the key of an operation of the staff whose effect is in
// transactions of its own, see claimed. Each use of the privilege is in the log
// before, the repeat of an answered request too.
func noted[I, O any](a *API, r route, do func(context.Context, visit, *I) (*O, error)) func(context.Context, visit, *I) (*O, error) {
	do = claimed(a, r, identity.Staff(tenant.PaymentsConfirm), do)
	return func(ctx context.Context, c visit, in *I) (*O, error) {
		err := a.identity.ActShared(ctx, use(r, c, tenant.PaymentsConfirm), func(context.Context, *tenant.SharedTx) error { return nil })
		if err != nil {
			return nil, err
		}
		return do(ctx, c, in)
	}
}

// maxStatement is how large the form of an import may be: the largest file, and
// what is around it.
const maxStatement = 21 << 20

type statementForm struct {
	File    huma.FormFile `form:"file" required:"true" doc:"As the bank gave it."`
	Mapping string        `form:"mapping" required:"false" maxLength:"100" doc:"For a CSV file: the name of a mapping of its columns."`
}

type statementUpload struct {
	RawBody huma.MultipartFormFiles[statementForm]
	content []byte
}

// Resolve reads the file before any transaction begins.
func (in *statementUpload) Resolve(huma.Context) (errs []error) {
	d := in.RawBody.Data()
	if d == nil || !d.File.IsSet {
		return nil // that there is no form, or no file in it, has been told
	}
	in.content, errs = contentOf(d.File)
	return errs
}

func contentOf(f huma.FormFile) ([]byte, []error) {
	defer func() { _ = f.Close() }() // it was only read
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, []error{errUpload}
	}
	return content, nil
}

// digest is what an Idempotency-Key is bound to: the file and how it is read.
func (in *statementUpload) digest() []byte {
	d := in.RawBody.Data()
	return digestOf(in.content, d.Mapping+"\n"+d.File.Filename)
}

func digestOf(content []byte, how string) []byte {
	sum := sha256.Sum256(content)
	return append(sum[:], how...)
}

type statementView struct {
	ID         string       `json:"id"`
	File       string       `json:"file_id"`
	FileName   string       `json:"file_name"`
	Format     string       `json:"format" enum:"camt.053,camt.054,mt940,csv"`
	SHA256     string       `json:"sha256" doc:"Of the file."`
	IBAN       string       `json:"iban" doc:"Of our bank account."`
	Currency   *string      `json:"currency"`
	OwnID      *string      `json:"statement_id" doc:"What the bank calls it."`
	Number     *string      `json:"number"`
	Opening    *money.Money `json:"opening_balance"`
	Closing    *money.Money `json:"closing_balance"`
	Gap        *money.Money `json:"gap" doc:"By how much balances and lines differ. Null: it cannot be told."`
	From       *time.Time   `json:"from" doc:"The day of its first line."`
	To         *time.Time   `json:"to"`
	New        int          `json:"new" doc:"Lines that were not known."`
	Known      int          `json:"known" doc:"Lines that another file had told."`
	ImportedBy string       `json:"imported_by"`
	Imported   time.Time    `json:"imported_at"`
}

func showStatement(s bank.Statement) statementView {
	return statementView{
		ID: s.ID.String(), File: s.File.String(), FileName: s.FileName, Format: s.Format, SHA256: s.SHA256, IBAN: s.IBAN,
		Currency: text(s.Currency), OwnID: text(s.OwnID), Number: text(s.Number), Opening: s.Opening, Closing: s.Closing, Gap: s.Gap,
		From: moment(s.From), To: moment(s.To), New: s.New, Known: s.Known, ImportedBy: s.ImportedBy, Imported: s.Imported,
	}
}

type importedView struct {
	File       string          `json:"file_id"`
	Repeated   bool            `json:"repeated" doc:"This very file had been imported: nothing was added."`
	New        int             `json:"new" doc:"Lines that were not known."`
	Known      int             `json:"known" doc:"Lines that were."`
	Open       int             `json:"open" doc:"Lines of the file that waited to be handled."`
	Matched    tiersView       `json:"matched" doc:"How many of those may pay for something, by the best evidence."`
	Findings   int             `json:"findings" doc:"How many of those have something about them that somebody has to know."`
	Confirmed  []paymentView   `json:"confirmed" doc:"What this import confirmed by itself, where that is allowed."`
	Statements []statementView `json:"statements"`
}

type tiersView struct {
	Reference     int `json:"reference" doc:"Tier 1: a reference and exactly what is due."`
	ReferenceOnly int `json:"reference_only" doc:"Tier 2: references, and another amount or several invoices."`
	Number        int `json:"number" doc:"Tier 3: numbers of invoices and exactly what is due."`
	Payer         int `json:"payer" doc:"Tier 4: a payer who has paid before, and exactly what some invoices ask for."`
	Amount        int `json:"amount" doc:"Tier 5: the amount alone."`
	None          int `json:"none"`
}

func showImported(r bank.Report) importedView {
	v := importedView{
		File: r.File.String(), Repeated: r.Repeated, New: r.New, Known: r.Known, Open: r.Open, Findings: r.Findings,
		Matched: tiersView{
			Reference: r.Tiers[bank.ByReference], ReferenceOnly: r.Tiers[bank.ByReferenceOnly], Number: r.Tiers[bank.ByNumber],
			Payer: r.Tiers[bank.ByPayer], Amount: r.Tiers[bank.ByAmount], None: r.Open,
		},
		Confirmed: make([]paymentView, 0, len(r.Confirmed)), Statements: list(r.Statements, showStatement).Body.Items,
	}
	for _, n := range r.Tiers {
		v.Matched.None -= n
	}
	for _, c := range r.Confirmed {
		v.Confirmed = append(v.Confirmed, showPayment(c.Payment))
	}
	return v
}

func (a *API) importStatement(r route) func(context.Context, visit, *statementUpload) (*reply[importedView], error) {
	return noted(a, r, func(ctx context.Context, c visit, in *statementUpload) (*reply[importedView], error) {
		d := in.RawBody.Data()
		var m *bank.Mapping
		if d.Mapping != "" {
			err := a.st.ViewShared(ctx, func(ctx context.Context, s tenant.Shared) error {
				saved, err := bank.LoadMapping(ctx, s, d.Mapping)
				m = &saved.Mapping
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		f, err := bank.Read(d.File.Filename, in.content, m)
		if err != nil {
			return nil, err
		}
		out, err := a.bank.Import(ctx, use(r, c, tenant.PaymentsConfirm), f)
		return &reply[importedView]{Body: showImported(out)}, err
	})
}

func listStatements(ctx context.Context, tx *tenant.SharedTx, in *Window) (*reply[page[statementView]], error) {
	after, err := cursorOf(bank.ParseStatementID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := bank.Statements(ctx, tx.Shared, after, in.Limit+1)
	return part(all, in.Limit, showStatement, func(s bank.Statement) string { return s.ID.String() }), err
}

type statementInput struct {
	IDInput
	Window
}

type statementDetailView struct {
	statementView
	Lines      []bankLineView `json:"lines" doc:"Newest first. Those that another file had told are of that file's statement."`
	NextCursor string         `json:"next_cursor" doc:"Of the lines."`
}

func getStatement(ctx context.Context, tx *tenant.SharedTx, in *statementInput) (*reply[statementDetailView], error) {
	sid, err := named(bank.ParseStatementID, in.ID, bank.ErrStatementNotFound)
	if err != nil {
		return nil, err
	}
	after, err := cursorOf(bank.ParseLineID, in.Cursor)
	if err != nil {
		return nil, err
	}
	s, err := bank.LoadStatement(ctx, tx.Shared, sid)
	if err != nil {
		return nil, err
	}
	lines, err := bank.Lines(ctx, tx.Shared, bank.Filter{Statement: sid, After: after, Limit: in.Limit + 1})
	shown := part(lines, in.Limit, showLine, func(l bank.Line) string { return l.ID.String() }).Body
	return &reply[statementDetailView]{Body: statementDetailView{showStatement(s), shown.Items, shown.NextCursor}}, err
}

type bankLineView struct {
	ID           string      `json:"id"`
	Statement    string      `json:"statement_id"`
	IBAN         string      `json:"iban" doc:"Of our bank account."`
	Day          *time.Time  `json:"booked_on"`
	Amount       money.Money `json:"amount"`
	Credit       bool        `json:"credit" doc:"Money came in."`
	Hindrance    *string     `json:"hindrance" doc:"Why it can never pay for anything: debit, reversal, unbooked, zero, negative, return, undivided, currency. Null: it may."`
	PayerName    string      `json:"payer_name"`
	PayerAccount string      `json:"payer_account"`
	Text         string      `json:"text"`
	References   []string    `json:"references" doc:"By which others know it."`
	State        string      `json:"state" enum:"open,matched,ignored,inert"`
	Account      *string     `json:"account_id" doc:"Whose payment it is."`
	Payment      *string     `json:"payment_id"`
	Reason       *string     `json:"reason" doc:"Why it is ignored."`
	ChangedBy    string      `json:"changed_by"`
	Changed      time.Time   `json:"changed_at"`
}

func showLine(l bank.Line) bankLineView {
	h := l.Handling
	v := bankLineView{
		ID: l.ID.String(), Statement: l.Statement.String(), IBAN: l.IBAN, Day: moment(l.Day), Amount: l.Amount, Credit: l.Credit,
		Hindrance: text(l.Hindrance), PayerName: l.Payer.Name, PayerAccount: l.Payer.Account, Text: l.Words, References: l.Names,
		State: string(h.State), Account: text(h.Account.String()), Payment: text(h.Payment.String()), Reason: text(h.Reason),
		ChangedBy: h.By, Changed: h.At,
	}
	if v.References == nil {
		v.References = []string{}
	}
	return v
}

type matchedBankLineView struct {
	bankLineView
	Proposals []proposalView `json:"proposals" doc:"What it may pay for, the best evidence first."`
	Findings  []findingView  `json:"findings" doc:"What somebody has to know before he decides."`
	Tie       bool           `json:"tie" doc:"Nothing says which of the best proposals is meant."`
	Certain   bool           `json:"certain" doc:"One reference, exactly what is due, and nothing that speaks against it."`
}

type proposalView struct {
	Tier        int            `json:"tier" minimum:"1" maximum:"5"`
	Account     string         `json:"account_id"`
	AccountName string         `json:"account_name"`
	Invoices    []owedView     `json:"invoices" doc:"To be paid in this order."`
	Due         money.Money    `json:"amount_due" doc:"What they ask for together."`
	Evidence    []evidenceView `json:"evidence"`
}

type owedView struct {
	ID        string      `json:"id"`
	Number    string      `json:"number"`
	Reference string      `json:"reference"`
	Due       money.Money `json:"amount_due"`
}

type evidenceView struct {
	Kind  string `json:"kind" enum:"reference,reference_digits,number,amount,amount_differs,payer,reported"`
	Found string `json:"found"`
	Where string `json:"where" doc:"In which part of the line."`
}

type findingView struct {
	Kind    string  `json:"kind"`
	Message string  `json:"message"`
	Account *string `json:"account_id"`
	Invoice *string `json:"invoice_id"`
	Payment *string `json:"payment_id"`
}

func showMatched(l bank.Line, m bank.Matching, called func(tenant.AccountID) string) matchedBankLineView {
	v := matchedBankLineView{bankLineView: showLine(l), Proposals: []proposalView{}, Findings: []findingView{}, Tie: m.Tie()}
	_, v.Certain = m.Certain()
	for _, p := range m.Proposals {
		one := proposalView{Tier: int(p.Tier), Account: p.Account.String(), AccountName: called(p.Account), Due: p.Due}
		for _, i := range p.Invoices {
			one.Invoices = append(one.Invoices, owedView{i.ID.String(), i.Number, i.Reference, i.AmountDue()})
		}
		for _, e := range p.Evidence {
			one.Evidence = append(one.Evidence, evidenceView{e.Kind, e.Found.String(), e.Where})
		}
		v.Proposals = append(v.Proposals, one)
	}
	for _, f := range m.Findings {
		v.Findings = append(v.Findings, findingView{f.Kind, f.Message.String(), text(f.Account.String()), text(f.Invoice.String()), text(f.Payment.String())})
	}
	return v
}

type linesInput struct {
	Window
	State string `query:"state" enum:"open,matched,ignored,inert" default:"open"`
}

func listLines(ctx context.Context, s *tenant.Survey, in *linesInput) (*reply[page[matchedBankLineView]], error) {
	after, err := cursorOf(bank.ParseLineID, in.Cursor)
	if err != nil {
		return nil, err
	}
	return matchedLines(ctx, s, bank.Filter{State: bank.State(in.State), After: after, Limit: in.Limit})
}

// matchedLines is lines with what they may pay for.
func matchedLines(ctx context.Context, s *tenant.Survey, f bank.Filter) (*reply[page[matchedBankLineView]], error) {
	limit := f.Limit
	f.Limit++
	lines, err := bank.Lines(ctx, s.Shared(), f)
	if err != nil {
		return nil, err
	}
	book, err := bank.Compare(ctx, s, lines)
	if err == nil {
		err = book.Recall(ctx, s, lines)
	}
	if err != nil {
		return nil, err
	}
	names := map[tenant.AccountID]string{}
	called := func(id tenant.AccountID) string {
		name, known := names[id]
		if !known && err == nil {
			var acc account.Account
			acc, err = account.Load(ctx, s.Of(id))
			name, names[id] = acc.Name, acc.Name
		}
		return name
	}
	out := part(lines, limit, func(l bank.Line) matchedBankLineView {
		if l.Handling.State != bank.Open {
			return showMatched(l, bank.Matching{}, called)
		}
		return showMatched(l, book.Match(l), called)
	}, func(l bank.Line) string { return l.ID.String() })
	return out, err
}

type confirmLineInput struct {
	IDInput
	Body struct {
		Account  string   `json:"account_id" maxLength:"64" doc:"Whose payment it is."`
		Invoices []string `json:"invoice_ids,omitempty" maxItems:"50" doc:"What it pays, in this order. None: what is open, oldest first."`
		Payment  string   `json:"payment_id,omitempty" maxLength:"64" doc:"The payment that it is already, confirmed by hand, or the reported one that it bears out."`
		Another  bool     `json:"another,omitempty" doc:"It is not the payment that it probably is."`
	}
}

type confirmedLineView struct {
	confirmedView
	Line bankLineView `json:"bank_line"`
}

func (a *API) confirmLine(r route) func(context.Context, visit, *confirmLineInput) (*replyAs[confirmedLineView], error) {
	return func(ctx context.Context, c visit, in *confirmLineInput) (*replyAs[confirmedLineView], error) {
		lid, choice, err := in.choice()
		if err != nil {
			return nil, err
		}
		acc, err := named(tenant.ParseAccountID, in.Body.Account, account.ErrNotFound)
		if err != nil {
			return nil, err
		}
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		var out outcome[replyAs[confirmedLineView]]
		err = a.identity.Act(ctx, use(r, c, tenant.PaymentsConfirm), acc, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*replyAs[confirmedLineView], error) {
				done, err := bank.Confirm(ctx, tx, a.desk, lid, choice)
				if err != nil {
					return nil, err
				}
				shown, err := confirmedAs(ctx, tx, done.Confirmation)
				if err != nil {
					return nil, err
				}
				return &replyAs[confirmedLineView]{Status: shown.Status, Body: confirmedLineView{shown.Body, showLine(done.Line)}}, nil
			})
			return err
		})
		return out.told(err)
	}
}

// choice is what the input says, in the words of the room.
func (in *confirmLineInput) choice() (lid bank.LineID, c bank.Choice, err error) {
	if lid, err = named(bank.ParseLineID, in.ID, bank.ErrLineNotFound); err != nil {
		return lid, c, err
	}
	if c.Payment, err = filter(payment.ParseID, in.Body.Payment, payment.ErrNotFound); err != nil {
		return lid, c, err
	}
	c.Another = in.Body.Another
	c.Invoices, err = allNamed(invoice.ParseID, in.Body.Invoices, invoice.ErrNotFound)
	return lid, c, err
}

func ignoreLine(ctx context.Context, tx *tenant.SharedTx, in *reasonInput) (*reply[bankLineView], error) {
	lid, err := named(bank.ParseLineID, in.ID, bank.ErrLineNotFound)
	if err != nil {
		return nil, err
	}
	l, err := bank.Ignore(ctx, tx, lid, in.Body.Reason)
	return &reply[bankLineView]{Body: showLine(l)}, err
}

// reopenLine finds out whether the line is an account's payment, since then it
// is put back in a transaction of that account.
func (a *API) reopenLine(r route) func(context.Context, visit, *IDInput) (*reply[bankLineView], error) {
	return func(ctx context.Context, c visit, in *IDInput) (*reply[bankLineView], error) {
		u := use(r, c, tenant.PaymentsConfirm)
		lid, err := named(bank.ParseLineID, in.ID, bank.ErrLineNotFound)
		if err != nil {
			return nil, err
		}
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		var out outcome[reply[bankLineView]]
		var acc tenant.AccountID
		err = a.identity.ActShared(ctx, u, func(ctx context.Context, tx *tenant.SharedTx) error {
			l, err := bank.LoadLine(ctx, tx.Shared, lid)
			if acc = l.Handling.Account; err != nil || !acc.IsZero() {
				return err
			}
			out, err = once(ctx, a, tx, r, q, func() (*reply[bankLineView], error) {
				l, err := bank.Reopen(ctx, tx, lid)
				return &reply[bankLineView]{Body: showLine(l)}, err
			})
			return err
		})
		if err != nil || acc.IsZero() {
			return out.told(err)
		}
		err = a.identity.Act(ctx, u, acc, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*reply[bankLineView], error) {
				l, err := bank.Release(ctx, tx, lid)
				return &reply[bankLineView]{Body: showLine(l)}, err
			})
			return err
		})
		return out.told(err)
	}
}

type bankSettingsView struct {
	AutoConfirm bool `json:"auto_confirm" doc:"An import confirms lines with one reference and exactly what is due, against which nothing speaks, in the name of who imports."`
}

func getBankSettings(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[bankSettingsView], error) {
	s, err := bank.LoadSettings(ctx, tx.Shared)
	return &reply[bankSettingsView]{Body: bankSettingsView(s)}, err
}

func setBankSettings(ctx context.Context, tx *tenant.SharedTx, in *struct{ Body bankSettingsView }) (*reply[bankSettingsView], error) {
	return &reply[bankSettingsView]{Body: in.Body}, bank.SetSettings(ctx, tx, bank.Settings(in.Body))
}
