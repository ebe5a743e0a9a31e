package invoice

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"igny8/internal/account"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// Document is an invoice or a credit note as it is read: every text in the
// buyer's language, every amount and date as it is written there. Paper and
// pages show it and add nothing.
type Document struct {
	Language string // of the texts: "en" or "de"
	Title    string // "Invoice"
	Number   string
	State    string // "Paid on 3 January 2030"; empty: open
	Facts    []Fact // number, dates, reference
	From     Party
	To       Party
	Columns  Columns
	Lines    []DocumentLine
	Totals   []Fact // the last one is what counts
	Notes    []string
	Payment  *Instruction // nil: nothing is to be paid
	Footer   []string
	Page     string // "Page {current} of {total}"
	Issued   time.Time
}

// Fact is a value with its name.
type Fact struct{ Label, Value string }

// Party is the seller or the buyer.
type Party struct {
	Heading string
	Name    string
	Lines   []string // the address
	Facts   []Fact   // tax id, how to reach him
}

// Columns is the heads of the columns of the lines.
type Columns struct{ Description, Quantity, Unit, Amount string }

// DocumentLine is one thing that is charged, or taken back.
type DocumentLine struct{ Description, Quantity, Unit, Amount string }

// Instruction says how to pay.
type Instruction struct {
	Heading string
	Facts   []Fact   // where to, how much, by when, with which reference
	Notes   []string // what the payer has to mind
	Code    string   // the text of an EPC QR code; empty: there is none
	Caption string   // of the code
}

// DocumentOf is an invoice, which Load gave, as it is read.
func DocumentOf(ctx context.Context, r tenant.Reader, i Invoice) (Document, error) {
	if i.Buyer.Company == "" { // of the release that kept no parties
		b, err := BuyerOf(ctx, r)
		if err != nil {
			return Document{}, err
		}
		i.Buyer = b
	}
	if i.PaymentMethod != account.BankTransfer || i.AmountDue().Amount <= 0 {
		return i.document(nil), nil
	}
	b, err := PayTo(ctx, r.Shared(), i)
	if errors.Is(err, ErrNoBankAccount) {
		return i.document(nil), nil
	}
	if err != nil {
		return Document{}, err
	}
	return i.document(&b), nil
}

// CreditDocumentOf is a credit note as it is read.
func CreditDocumentOf(ctx context.Context, r tenant.Reader, c CreditNote) (Document, error) {
	i, err := partiesOf(ctx, r, c)
	if err != nil {
		return Document{}, err
	}
	t := textsFor(i.Buyer.Language)
	loc := t.locale(i.Buyer)
	d := i.frame(t)
	d.Title, d.Number, d.Issued = t.creditNote, c.Number, c.Issued
	d.Facts = []Fact{{t.number, c.Number}, {t.issued, t.day(c.Issued)}, {t.correction, i.Number + ", " + t.day(i.Issued)}}
	d.Lines = []DocumentLine{{c.Reason, "1", c.Total.NumberIn(loc), c.Total.NumberIn(loc)}}
	if !i.TaxIncluded {
		d.Lines[0].Unit, d.Lines[0].Amount = c.Net.NumberIn(loc), c.Net.NumberIn(loc)
	}
	d.Totals = i.sums(t, c.Net, c.Tax, c.Total)
	d.Notes = append(d.Notes, t.creditUse)
	return d, nil
}

// frame is what an invoice and its credit notes have in common.
func (i Invoice) frame(t texts) Document {
	d := Document{
		Language: t.language, Issued: i.Issued, Page: t.page,
		Columns: Columns{t.description, t.quantity, t.unitPrice, t.amount},
		From:    Party{Heading: t.seller, Name: i.Seller.Name, Lines: i.Seller.in(t)},
		To:      Party{Heading: t.billTo, Name: i.Buyer.Company, Lines: i.Buyer.in(t)},
	}
	if d.From.Name == "" { // the operator has not said who sells
		d.From.Heading = ""
	}
	d.From.Facts = facts(Fact{t.taxID, i.Seller.TaxID}, Fact{t.registration, i.Seller.RegistrationNumber}, Fact{t.email, i.Seller.Email}, Fact{t.phone, i.Seller.Phone})
	d.To.Facts = facts(Fact{t.taxID, i.Buyer.TaxID}, Fact{t.email, i.Buyer.Email}, Fact{t.phone, i.Buyer.Phone})
	if i.TaxIncluded && i.Taxed.Rate > 0 {
		d.Notes = append(d.Notes, t.included)
	}
	if i.Taxed.Note != "" {
		d.Notes = append(d.Notes, i.Taxed.Note)
	}
	if i.Seller.Footer != "" {
		d.Footer = strings.Split(i.Seller.Footer, "\n")
	}
	return d
}

func (i Invoice) document(b *BankAccount) Document {
	t := textsFor(i.Buyer.Language)
	loc := t.locale(i.Buyer)
	d := i.frame(t)
	d.Title, d.Number = t.invoice, i.Number
	d.Facts = []Fact{{t.number, i.Number}, {t.issued, t.day(i.Issued)}, {t.due, t.day(i.Due)}, {t.reference, inFours(i.Reference)}}
	for _, l := range i.Lines {
		d.Lines = append(d.Lines, DocumentLine{
			l.Description, strconv.FormatInt(l.Quantity, 10), l.Unit.NumberIn(loc), money.Of(l.Unit.Amount*l.Quantity, l.Unit.Currency).NumberIn(loc),
		})
	}
	d.Totals = i.sums(t, i.Net, i.Tax, i.Total)
	if i.Paid.Amount > 0 {
		d.Totals = append(d.Totals, Fact{t.paid, i.Paid.In(loc)})
		if i.Status == Open {
			d.Totals = append(d.Totals, Fact{t.amountDue, i.AmountDue().In(loc)})
		}
	}
	switch i.Status {
	case Paid:
		d.State = t.paidOn + " " + t.day(i.PaidAt)
	case Void:
		d.State = t.void
	case Draft, Open, Uncollectible:
	}
	if i.AmountDue().Amount > 0 {
		d.Payment = i.instruction(t, b)
	}
	return d
}

// sums is the breakdown of the tax, and the total.
func (i Invoice) sums(t texts, net, tax, total money.Money) []Fact {
	loc, name := t.locale(i.Buyer), t.tax
	if inUnion(i.Seller.Country) {
		name = t.vat
	}
	var all []Fact
	if i.Taxed.Category != OutOfScope {
		all = append(all, Fact{t.net, net.In(loc)}, Fact{name + " " + t.rate(i.Taxed.Rate), tax.In(loc)})
	}
	return append(all, Fact{t.total, total.In(loc)})
}

func (i Invoice) instruction(t texts, b *BankAccount) *Instruction {
	due := i.AmountDue()
	in := &Instruction{Heading: t.payment, Caption: t.scan}
	in.Facts = []Fact{{t.method, t.methods[string(i.PaymentMethod)]}, {t.amountDue, due.In(t.locale(i.Buyer))}, {t.due, t.day(i.Due)}}
	if b == nil {
		return in
	}
	in.Facts = facts(append(in.Facts,
		Fact{t.holder, b.Holder}, Fact{t.iban, inFours(b.IBAN)}, Fact{t.bic, b.BIC}, Fact{t.bank, b.BankName}, Fact{t.reference, inFours(i.Reference)})...)
	in.Notes = []string{t.howToPay}
	if b.Instructions != "" {
		in.Notes = append(in.Notes, strings.Split(b.Instructions, "\n")...)
	}
	in.Code, _ = i.code(*b)
	return in
}

// code is the text of the invoice's QR code, for what is due now.
func (i Invoice) code(b BankAccount) (string, bool) {
	if i.PaymentMethod != account.BankTransfer {
		return "", false
	}
	return EPC(b, i.AmountDue(), i.Reference, textsFor(i.Buyer.Language).paymentNote+" "+i.Number)
}

// CodeOf is the text of an invoice's QR code, for what is due now, or
// ErrNoCode. See QR for its picture.
func CodeOf(ctx context.Context, r tenant.Reader, i Invoice) (string, error) {
	b, err := PayTo(ctx, r.Shared(), i)
	if errors.Is(err, ErrNoBankAccount) {
		return "", ErrNoCode
	}
	if err != nil {
		return "", err
	}
	text, ok := i.code(b)
	if !ok {
		return "", ErrNoCode
	}
	return text, nil
}

// in is an address as it is written on a letter, the country in words.
func (a Address) in(t texts) []string {
	var all []string
	for _, line := range []string{a.Line1, a.Line2, strings.TrimSpace(a.Postcode + " " + a.City)} {
		if line != "" {
			all = append(all, line)
		}
	}
	region, err := language.ParseRegion(a.Country)
	if err != nil {
		return all
	}
	name := display.Regions(language.Make(t.language)).Name(region)
	if name == "" {
		name = a.Country
	}
	return append(all, name)
}

// facts is those that have a value.
func facts(all ...Fact) []Fact {
	var some []Fact
	for _, f := range all {
		if f.Value != "" {
			some = append(some, f)
		}
	}
	return some
}

// inFours is a reference or an IBAN as it is printed: in groups of four.
func inFours(s string) string {
	var b strings.Builder
	for n, r := range s {
		if n > 0 && n%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
