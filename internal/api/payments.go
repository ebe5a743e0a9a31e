package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

// formPath is the sibling that takes a form with a file, of an operation that
// takes JSON. A form sent to the operation itself is taken there: see
// API.ServeHTTP.
const formPath = "/form"

// maxForm is a proof, and the fields around it.
const maxForm = payment.MaxProof + 64<<10

func (a *API) paymentRoutes() {
	reading := identity.TenantEvenIfUnpaid(tenant.ReadBilling)
	paying := identity.TenantEvenIfUnpaid(tenant.ManageBilling)
	read(a, route{method: http.MethodGet, path: "/billing/payments", id: "list-payments", tag: "billing", summary: "The payments, newest first"}, reading, listPayments)
	write(a, route{method: http.MethodPost, path: "/billing/payments", id: "report-payment", tag: "billing", status: http.StatusCreated, needsKey: true,
		summary: "Tell that a transfer was sent. As multipart/form-data with a file, its proof comes along"}, paying, a.reportPayment)
	write(a, route{method: http.MethodPost, path: "/billing/payments" + formPath, id: "report-payment-form", tag: "billing", status: http.StatusCreated, needsKey: true, maxBody: maxForm,
		summary: "Tell that a transfer was sent, with a file that shows it"}, paying, a.reportPaymentForm)
	read(a, route{method: http.MethodGet, path: "/billing/payments/{id}", id: "get-payment", tag: "billing", summary: "One payment"}, reading, getPayment)
	write(a, route{method: http.MethodPost, path: "/billing/payments/{id}/proof", id: "add-payment-proof", tag: "billing", maxBody: maxForm,
		summary: "Add the file that shows a reported transfer: a PDF, PNG or JPEG of at most 5 MB"}, paying, addProof)
	read(a, route{method: http.MethodGet, path: "/billing/payments/{id}/proof", id: "get-payment-proof", tag: "billing", summary: "The file that shows a transfer"}, reading, getProof)
	read(a, route{method: http.MethodGet, path: "/billing/balance", id: "get-billing-balance", tag: "billing", summary: "What was paid and has gone to no invoice yet"}, reading, getBalance)
	read(a, route{method: http.MethodGet, path: "/billing/balance/entries", id: "list-billing-balance-entries", tag: "billing", summary: "How it came about, newest first"}, reading, listMoney)
}

type reportInput struct {
	Body struct {
		Invoice    string `json:"invoice_id" maxLength:"64"`
		ExternalID string `json:"external_payment_id" maxLength:"400" doc:"What the bank calls the transfer."`
		Amount     amount `json:"amount"`
		PayerName  string `json:"payer_name" maxLength:"400" doc:"Whose account it came from."`
	}
}

func (a *API) reportPayment(ctx context.Context, tx *tenant.Tx, in *reportInput) (*reply[paymentView], error) {
	return a.report(ctx, tx, in.Body.Invoice, payment.Report{
		ExternalID: in.Body.ExternalID, Amount: money.Money(in.Body.Amount), PayerName: in.Body.PayerName,
	})
}

func (a *API) report(ctx context.Context, tx *tenant.Tx, invoiceID string, r payment.Report) (*reply[paymentView], error) {
	var err error
	if r.Invoice, err = named(invoice.ParseID, invoiceID, invoice.ErrNotFound); err != nil {
		return nil, err
	}
	p, err := a.desk.Report(ctx, tx, r)
	return &reply[paymentView]{Body: showPayment(p)}, err
}

// proofForm is a form with the file that shows a transfer.
type proofForm struct {
	Proof huma.FormFile `form:"proof" required:"true" doc:"A PDF, PNG or JPEG of at most 5 MB."`
}

type reportForm struct {
	Proof      huma.FormFile `form:"proof" required:"true" doc:"A PDF, PNG or JPEG of at most 5 MB."`
	Invoice    string        `form:"invoice_id" maxLength:"64"`
	ExternalID string        `form:"external_payment_id" maxLength:"400"`
	Amount     string        `form:"amount" maxLength:"400" doc:"Minor units, or an object with amount and currency."`
	PayerName  string        `form:"payer_name" maxLength:"400"`
}

type reportFormInput struct {
	RawBody huma.MultipartFormFiles[reportForm]
	proof   uploaded
}

// Resolve reads the file before any transaction begins.
func (in *reportFormInput) Resolve(huma.Context) []error {
	if d := in.RawBody.Data(); d != nil {
		return in.proof.read(d.Proof)
	}
	return nil
}

func (in *reportFormInput) digest() []byte {
	d := in.RawBody.Data()
	return in.proof.digest(d.Invoice, d.ExternalID, d.Amount, d.PayerName)
}

func (a *API) reportPaymentForm(ctx context.Context, tx *tenant.Tx, in *reportFormInput) (*reply[paymentView], error) {
	d := in.RawBody.Data()
	sum, err := amountOf(d.Amount)
	if err != nil {
		return nil, err
	}
	proof, err := payment.ParseProof(in.proof.content)
	if err != nil {
		return nil, err
	}
	return a.report(ctx, tx, d.Invoice, payment.Report{ExternalID: d.ExternalID, Amount: sum, PayerName: d.PayerName, Proof: &proof})
}

var errAmount = fault.New(fault.Invalid, "request.invalid_amount", "An amount is a whole number of minor units, or an object with amount and currency.")

// amountOf reads an amount in a field of a form, as JSON has it.
func amountOf(s string) (money.Money, error) {
	var m amount
	if err := json.Unmarshal([]byte(strings.TrimSpace(s)), &m); err != nil {
		return money.Money{}, errAmount.At("body.amount", "must be minor units such as 20000", nil)
	}
	return money.Money(m), nil
}

// uploaded is a file of a form, read whole.
type uploaded struct{ content []byte }

func (u *uploaded) read(f huma.FormFile) []error {
	if !f.IsSet {
		return nil // that there is none has been told
	}
	defer func() { _ = f.Close() }() // it was only read
	var err error
	if u.content, err = io.ReadAll(f); err != nil {
		return []error{errUpload}
	}
	return nil
}

// digest is what an Idempotency-Key is bound to: the file, and the fields.
func (u *uploaded) digest(fields ...string) []byte {
	sum := sha256.Sum256(u.content)
	return append(sum[:], strings.Join(fields, "\x00")...)
}

func getPayment(ctx context.Context, v *tenant.View, in *IDInput) (*reply[paymentView], error) {
	pid, err := named(payment.ParseID, in.ID, payment.ErrNotFound)
	if err != nil {
		return nil, err
	}
	p, err := payment.Load(ctx, v, pid)
	return &reply[paymentView]{Body: showPayment(p)}, err
}

type proofInput struct {
	IDInput
	RawBody huma.MultipartFormFiles[proofForm]
	proof   uploaded
}

// Resolve reads the file before any transaction begins.
func (in *proofInput) Resolve(huma.Context) []error {
	if d := in.RawBody.Data(); d != nil {
		return in.proof.read(d.Proof)
	}
	return nil
}

func (in *proofInput) digest() []byte { return in.proof.digest(in.ID) }

func addProof(ctx context.Context, tx *tenant.Tx, in *proofInput) (*reply[paymentView], error) {
	pid, err := named(payment.ParseID, in.ID, payment.ErrNotFound)
	if err != nil {
		return nil, err
	}
	f, err := payment.ParseProof(in.proof.content)
	if err != nil {
		return nil, err
	}
	p, err := payment.Attach(ctx, tx, pid, f)
	return &reply[paymentView]{Body: showPayment(p)}, err
}

func getProof(ctx context.Context, v *tenant.View, in *IDInput) (*file, error) {
	return proofOf(ctx, v, in.ID)
}

func proofOf(ctx context.Context, r tenant.Reader, id string) (*file, error) {
	pid, err := named(payment.ParseID, id, payment.ErrNotFound)
	if err != nil {
		return nil, err
	}
	if _, err := payment.Load(ctx, r, pid); err != nil {
		return nil, err
	}
	f, err := payment.ProofOf(ctx, r, pid)
	if err != nil {
		return nil, err
	}
	return attachment(f.MediaType, pid.String()+proofEndings[f.MediaType], f.Content), nil
}

var proofEndings = map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}

func getBalance(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[page[money.Money]], error) {
	all, err := payment.Balances(ctx, v)
	return list(all, func(m money.Money) money.Money { return m }), err
}

type moneyInput struct {
	Currency string `query:"currency" pattern:"^[A-Z]{3}$" required:"true"`
	Before   int64  `query:"before" minimum:"0" doc:"Only entries with a smaller seq."`
	Limit    int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type moneyView struct {
	Seq          int64       `json:"seq"`
	Kind         string      `json:"kind" enum:"received,credited,allocated,released,reversed,refunded"`
	Amount       money.Money `json:"amount" doc:"What it did to the balance."`
	BalanceAfter money.Money `json:"balance_after"`
	Payment      *string     `json:"payment_id"`
	CreditNote   *string     `json:"credit_note_id"`
	Invoice      *string     `json:"invoice_id"`
	Actor        string      `json:"actor"`
	Created      time.Time   `json:"created_at"`
}

func listMoney(ctx context.Context, v *tenant.View, in *moneyInput) (*reply[page[moneyView]], error) {
	all, err := payment.Entries(ctx, v, in.Currency, in.Before, in.Limit)
	return list(all, func(e payment.Entry) moneyView {
		return moneyView{
			Seq: e.Seq, Kind: string(e.Kind), Amount: e.Amount, BalanceAfter: e.BalanceAfter, Payment: text(e.Payment.String()),
			CreditNote: text(e.CreditNote), Invoice: text(e.Invoice.String()), Actor: e.Actor, Created: e.At,
		}
	}), err
}
