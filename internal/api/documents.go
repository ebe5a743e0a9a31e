package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

func (a *API) documentRoutes() {
	reading := identity.TenantEvenIfUnpaid(tenant.ReadBilling)
	read(a, route{method: http.MethodGet, path: "/billing/details", id: "get-billing-details", tag: "billing", summary: "To whom invoices are written"}, reading, getBuyer)
	write(a, route{method: http.MethodPut, path: "/billing/details", id: "set-billing-details", tag: "billing",
		summary: "Say to whom invoices are written from now on"}, identity.TenantEvenIfUnpaid(tenant.ManageBilling), setBuyer)
	read(a, route{method: http.MethodGet, path: "/billing/credit-notes", id: "list-credit-notes", tag: "billing", summary: "The credit notes, newest first"}, reading, listCredits)
	read(a, route{method: http.MethodGet, path: "/billing/credit-notes/{id}", id: "get-credit-note", tag: "billing", summary: "One credit note"}, reading, getCredit)
	picture(a, route{method: http.MethodGet, path: "/billing/invoices/{id}/pdf", id: "get-invoice-pdf", tag: "billing", summary: "An invoice as PDF", media: pdfType},
		reading, invoiceDocument, paper)
	picture(a, route{method: http.MethodGet, path: "/billing/credit-notes/{id}/pdf", id: "get-credit-note-pdf", tag: "billing", summary: "A credit note as PDF", media: pdfType},
		reading, creditDocument, paper)
	picture(a, route{method: http.MethodGet, path: "/billing/invoices/{id}/qr.png", id: "get-invoice-qr", tag: "billing", media: "image/png",
		summary: "The QR code of an invoice that a banking app reads (EPC069-12)"}, reading, invoiceCode, pictureOfCode)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/credit-notes", id: "admin-issue-credit-note", tag: "admin", needsKey: true,
		status: http.StatusCreated, summary: "Take back an invoice, or a part of it"}, tenant.PaymentsApprove, a.issueCredit)
	pictureOnAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/invoices/{invoice_id}/pdf", id: "admin-get-invoice-pdf", tag: "admin",
		summary: "An invoice of an account as PDF", media: pdfType}, tenant.AccountsRead, accountInvoiceDocument, paper)
}

const pdfType = "application/pdf"

// sheet is an answer that we drew ourselves and a browser may show. Its type is
// the route's; what a client accepts is not asked.
type sheet struct {
	Body func(huma.Context)
}

func sheetOf(r route, name string, content []byte) *sheet {
	return &sheet{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", r.media)
		ctx.SetHeader("Content-Disposition", `inline; filename="`+name+`"`)
		ctx.SetStatus(r.success())
		// Whoever has gone away is told nothing more.
		_, _ = ctx.BodyWriter().Write(content)
	}}
}

// drawing is what a file is made of. It is drawn when the transaction that
// read it is over.
type drawing struct {
	name string
	doc  invoice.Document // of a PDF
	code string           // of a QR code
}

func paper(d drawing) ([]byte, error) { return invoice.Paper(d.doc) }

func pictureOfCode(d drawing) ([]byte, error) { return invoice.QR(d.code) }

// picture mounts an operation whose answer is a file, drawn from what is read
// of the caller's account.
func picture[I any](a *API, r route, p identity.Policy, do func(context.Context, tenant.Reader, *I) (drawing, error), draw func(drawing) ([]byte, error)) {
	mount(a, r, p, func(ctx context.Context, c visit, in *I) (*sheet, error) {
		var d drawing
		err := a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) (err error) {
			d, err = do(ctx, v, in)
			return err
		})
		if err != nil {
			return nil, err
		}
		content, err := draw(d)
		return sheetOf(r, d.name, content), err
	})
}

func documentNamed(d invoice.Document) drawing {
	return drawing{name: strings.ToLower(d.Number) + ".pdf", doc: d}
}

func invoiceDocument(ctx context.Context, r tenant.Reader, in *IDInput) (drawing, error) {
	i, err := invoiceNamed(ctx, r, in.ID)
	if err != nil {
		return drawing{}, err
	}
	d, err := invoice.DocumentOf(ctx, r, i)
	return documentNamed(d), err
}

func invoiceCode(ctx context.Context, r tenant.Reader, in *IDInput) (drawing, error) {
	i, err := invoiceNamed(ctx, r, in.ID)
	if err != nil {
		return drawing{}, err
	}
	code, err := invoice.CodeOf(ctx, r, i)
	return drawing{name: i.Number + ".png", code: code}, err
}

func invoiceNamed(ctx context.Context, r tenant.Reader, id string) (invoice.Invoice, error) {
	iid, err := named(invoice.ParseID, id, invoice.ErrNotFound)
	if err != nil {
		return invoice.Invoice{}, err
	}
	return invoice.Load(ctx, r, iid)
}

func creditDocument(ctx context.Context, r tenant.Reader, in *IDInput) (drawing, error) {
	c, err := creditNamed(ctx, r, in.ID)
	if err != nil {
		return drawing{}, err
	}
	d, err := invoice.CreditDocumentOf(ctx, r, c)
	return documentNamed(d), err
}

func creditNamed(ctx context.Context, r tenant.Reader, id string) (invoice.CreditNote, error) {
	cid, err := named(invoice.ParseCreditID, id, invoice.ErrCreditNotFound)
	if err != nil {
		return invoice.CreditNote{}, err
	}
	return invoice.LoadCredit(ctx, r, cid)
}

type accountInvoiceInput struct {
	IDInput
	Invoice string `path:"invoice_id" maxLength:"64"`
}

func accountInvoiceDocument(ctx context.Context, tx *tenant.Tx, in *accountInvoiceInput) (drawing, error) {
	return invoiceDocument(ctx, tx, &IDInput{ID: in.Invoice})
}

type creditView struct {
	ID      string      `json:"id"`
	Number  string      `json:"number"`
	Invoice string      `json:"invoice_id"`
	Reason  string      `json:"reason"`
	Net     money.Money `json:"net"`
	Tax     money.Money `json:"tax"`
	Total   money.Money `json:"total"`
	Applied money.Money `json:"applied" doc:"What of it has paid invoices."`
	Issued  time.Time   `json:"issued_at"`
}

func showCredit(c invoice.CreditNote) creditView {
	return creditView{
		ID: c.ID.String(), Number: c.Number, Invoice: c.Invoice.String(), Reason: c.Reason, Net: c.Net, Tax: c.Tax, Total: c.Total,
		Applied: c.Applied, Issued: c.Issued,
	}
}

func listCredits(ctx context.Context, v *tenant.View, in *Window) (*reply[page[creditView]], error) {
	after, err := cursorOf(invoice.ParseCreditID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := invoice.Credits(ctx, v, after, in.Limit+1)
	return part(all, in.Limit, showCredit, func(c invoice.CreditNote) string { return c.ID.String() }), err
}

func getCredit(ctx context.Context, v *tenant.View, in *IDInput) (*reply[creditView], error) {
	c, err := creditNamed(ctx, v, in.ID)
	return &reply[creditView]{Body: showCredit(c)}, err
}

type issueCreditInput struct {
	IDInput
	Body struct {
		Invoice string `json:"invoice_id" maxLength:"64"`
		Amount  amount `json:"amount" doc:"With the tax in it."`
		Reason  string `json:"reason" maxLength:"2000" doc:"The buyer reads it on the credit note."`
	}
}

func (a *API) issueCredit(ctx context.Context, tx *tenant.Tx, in *issueCreditInput) (*reply[creditView], error) {
	i, err := invoiceNamed(ctx, tx, in.Body.Invoice)
	if err != nil {
		return nil, err
	}
	sum := money.Money(in.Body.Amount)
	if sum.Currency == "" {
		sum.Currency = i.Total.Currency
	}
	c, err := a.desk.Credit(ctx, tx, i.ID, sum, in.Body.Reason)
	return &reply[creditView]{Body: showCredit(c)}, err
}

// BuyerFields is what a tenant says of whom invoices are written to.
type BuyerFields struct {
	Company  string `json:"company,omitempty" maxLength:"480" doc:"None: the account's name."`
	Line1    string `json:"line1,omitempty" maxLength:"400"`
	Line2    string `json:"line2,omitempty" maxLength:"400"`
	Postcode string `json:"postcode,omitempty" maxLength:"80"`
	City     string `json:"city,omitempty" maxLength:"400"`
	Country  string `json:"country,omitempty" maxLength:"2" doc:"ISO 3166-1 alpha-2. None: the account's country."`
	TaxID    string `json:"tax_id,omitempty" maxLength:"60" doc:"Within the European Union a VAT id: its form is checked, not whether it is in force. With one the buyer is a business."`
	Email    string `json:"email,omitempty" maxLength:"254"`
	Phone    string `json:"phone,omitempty" maxLength:"160"`
	Language string `json:"language,omitempty" maxLength:"35" doc:"BCP 47, of invoices: English and German have texts, any other gets the English ones. None: en."`
}

func (f BuyerFields) buyer() invoice.Buyer {
	return invoice.Buyer{
		Company: f.Company, Address: invoice.Address{Line1: f.Line1, Line2: f.Line2, Postcode: f.Postcode, City: f.City, Country: f.Country},
		TaxID: f.TaxID, Email: f.Email, Phone: f.Phone, Language: f.Language,
	}
}

type buyerInput struct{ Body BuyerFields }

type buyerView struct {
	Company  string `json:"company"`
	Line1    string `json:"line1"`
	Line2    string `json:"line2"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
	Country  string `json:"country"`
	TaxID    string `json:"tax_id"`
	Email    string `json:"email"`
	Phone    string `json:"phone"`
	Language string `json:"language"`
}

func showBuyer(b invoice.Buyer) buyerView {
	return buyerView{
		Company: b.Company, Line1: b.Line1, Line2: b.Line2, Postcode: b.Postcode, City: b.City, Country: b.Country, TaxID: b.TaxID,
		Email: b.Email, Phone: b.Phone, Language: b.Language,
	}
}

func getBuyer(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[buyerView], error) {
	b, err := invoice.BuyerOf(ctx, v)
	return &reply[buyerView]{Body: showBuyer(b)}, err
}

func setBuyer(ctx context.Context, tx *tenant.Tx, in *buyerInput) (*reply[buyerView], error) {
	b, err := invoice.SetBuyer(ctx, tx, in.Body.buyer(), "body")
	return &reply[buyerView]{Body: showBuyer(b)}, err
}
