package invoice_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"igny8/internal/account"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/invoice"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func company(change func(*invoice.Settings)) invoice.Settings {
	s := invoice.Settings{
		Seller: invoice.Seller{
			Name: "Igny8 GmbH", Address: invoice.Address{Line1: "Lange Straße 12", Postcode: "10115", City: "Berlin", Country: "DE"},
			TaxID: "DE123456789", Email: "billing@igny8.example", Footer: "one\ntwo",
		},
		Rules: []invoice.TaxRule{{Country: "DE", Buyer: invoice.Consumer, Rate: 1900}},
	}
	change(&s)
	return s
}

func (h *house) sells(s invoice.Settings) (got invoice.Settings, err error) {
	op := tenanttest.Operator(tenant.PlansManage)
	err = h.st.UpdateShared(h.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		got, err = invoice.SetSettings(ctx, tx, op, s)
		return err
	})
	return got, err
}

func (h *house) buys(c customer, b invoice.Buyer) (got invoice.Buyer, err error) {
	err = h.in(c, func(ctx context.Context, tx *tenant.Tx) error {
		got, err = invoice.SetBuyer(ctx, tx, b, "body")
		return err
	})
	return got, err
}

func (h *house) document(c customer, i invoice.Invoice) (d invoice.Document) {
	h.t.Helper()
	h.view(c, func(ctx context.Context, v *tenant.View) error {
		i, err := invoice.Load(ctx, v, i.ID)
		if err == nil {
			d, err = invoice.DocumentOf(ctx, v, i)
		}
		return err
	})
	return d
}

func TestCompanyIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	is(t, h.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
		s, err := invoice.SettingsOf(ctx, r)
		if !reflect.DeepEqual(s, invoice.Settings{}) {
			t.Errorf("before anything was said: %+v", s)
		}
		return err
	}), nil)
	want := company(func(s *invoice.Settings) { s.PricesIncludeTax = true })
	for range 2 {
		got, err := h.sells(company(func(s *invoice.Settings) {
			s.Name, s.Country, s.TaxID, s.PricesIncludeTax = " Igny8 GmbH ", "de", "de 123 456 789", true
			s.Footer, s.Rules[0].Country = "one\r\ntwo \n", "de"
		}))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("set %+v, %v", got, err)
		}
	}
	is(t, h.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
		s, err := invoice.SettingsOf(ctx, r)
		if !reflect.DeepEqual(s, want) {
			t.Errorf("kept %+v", s)
		}
		return err
	}), nil)
	if events := dbtest.Dump(t, h.d)["staff_audit_events"]; len(events) != 2 || !strings.Contains(events[0], "company.set") {
		t.Errorf("events: %q", events)
	}
}

// places is where an error says that something is wrong.
func places(err error) []string {
	var all []string
	for _, f := range fault.Of(err).Fields {
		all = append(all, f.Location)
	}
	return all
}

func TestCompanyIsChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := dbtest.Dump(t, h.d)
	for want, change := range map[string]func(*invoice.Settings){
		"body.name":                 func(s *invoice.Settings) { s.Name = "" },
		"body.line1":                func(s *invoice.Settings) { s.Line1 = " " },
		"body.city":                 func(s *invoice.Settings) { s.City = "a\nb" },
		"body.country":              func(s *invoice.Settings) { s.Country = "XX" },
		"body.email":                func(s *invoice.Settings) { s.Email = "nobody" },
		"body.footer":               func(s *invoice.Settings) { s.Footer = "1\n2\n3\n4\n5" },
		"body.tax_rules[0].rate":    func(s *invoice.Settings) { s.Rules[0].Rate = 10_001 },
		"body.tax_rules[0].buyer":   func(s *invoice.Settings) { s.Rules[0].Buyer = "friend" },
		"body.tax_rules[0].country": func(s *invoice.Settings) { s.Rules[0].Country = "EU" },
		"body.tax_rules[1]":         func(s *invoice.Settings) { s.Rules = append(s.Rules, s.Rules[0]) },
	} {
		_, err := h.sells(company(change))
		is(t, err, invoice.ErrInvalidSettings)
		if got := places(err); !slices.Equal(got, []string{want}) {
			t.Errorf("told %v, want %s", got, want)
		}
	}
	if got := dbtest.Dump(t, h.d); !reflect.DeepEqual(got, before) {
		t.Error("something stayed")
	}
}

func TestBuyerIsKeptAndChecked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	none := func() (b invoice.Buyer) {
		h.view(h.theirs, func(ctx context.Context, v *tenant.View) (err error) {
			b, err = invoice.BuyerOf(ctx, v)
			return err
		})
		return b
	}()
	if none.Company == "" || none.Country == "" || none.Language != "en" {
		t.Errorf("who said nothing is %+v", none)
	}
	want := invoice.Buyer{
		Company: "Beispiel AG", Address: invoice.Address{Line1: "Ring 1", City: "Wien", Country: "AT"}, TaxID: "ATU12345678",
		Email: "rechnung@beispiel.example", Language: "de-AT",
	}
	got, err := h.buys(h.ours, invoice.Buyer{
		Company: " Beispiel AG", Address: invoice.Address{Line1: "Ring 1 ", City: "Wien", Country: "at"}, TaxID: "u 123 456 78",
		Email: "rechnung@beispiel.example", Language: "de-at",
	})
	if err != nil || got != want {
		t.Errorf("set %+v, %v", got, err)
	}
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		b, err := invoice.BuyerOf(ctx, v)
		if b != want {
			t.Errorf("kept %+v", b)
		}
		return err
	})
	h.view(h.theirs, func(ctx context.Context, v *tenant.View) error {
		b, err := invoice.BuyerOf(ctx, v)
		if b != none {
			t.Errorf("the other's became %+v", b)
		}
		return err
	})
	for place, b := range map[string]invoice.Buyer{
		"body.company":  {Company: "a\x01b"},
		"body.country":  {Address: invoice.Address{Country: "XX"}},
		"body.tax_id":   {Address: invoice.Address{Country: "DE"}, TaxID: "DE12"},
		"body.email":    {Email: "a b@c"},
		"body.language": {Language: "!"},
		"body.line1":    {Address: invoice.Address{Line1: strings.Repeat("x", 101)}},
	} {
		_, err := h.buys(h.ours, b)
		is(t, err, invoice.ErrInvalidBuyer)
		if got := places(err); !slices.Equal(got, []string{place}) {
			t.Errorf("told %v, want %s", got, place)
		}
	}
}

// TestAnIssuedInvoiceStaysAsItIs: whatever staff and tenant say later, what was
// issued reads the same.
func TestAnIssuedInvoiceStaysAsItIs(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	must := func(_ any, err error) {
		t.Helper()
		is(t, err, nil)
	}
	must(h.sells(company(func(*invoice.Settings) {})))
	must(h.buys(h.ours, invoice.Buyer{Company: "Müller KG", Address: invoice.Address{Country: "DE"}, Language: "de"}))
	i := h.issue(h.ours, month)
	if i.Net != eur(20_000) || i.Tax != eur(3_800) || i.Total != eur(23_800) || i.AmountDue() != eur(23_800) || i.Taxed.Category != invoice.Standard {
		t.Errorf("issued %+v", i)
	}
	if kept := h.load(h.ours, i.ID); !reflect.DeepEqual(kept, i) {
		t.Errorf("kept is\n%+v, answered was\n%+v", kept, i)
	}
	before := h.document(h.ours, i)
	if before.Title != "Rechnung" || before.From.Name != "Igny8 GmbH" || before.To.Name != "Müller KG" {
		t.Errorf("reads %+v", before)
	}
	must(h.sells(company(func(s *invoice.Settings) {
		s.Name, s.Country, s.TaxID, s.PricesIncludeTax = "Igny8 SAS", "FR", "FR12345678901", true
		s.Rules = []invoice.TaxRule{{Country: "AT", Buyer: invoice.Business, Rate: 2000}}
	})))
	must(h.buys(h.ours, invoice.Buyer{Company: "Meier AG", Address: invoice.Address{Country: "AT"}, TaxID: "ATU12345678", Language: "en"}))
	if after := h.document(h.ours, i); !reflect.DeepEqual(after, before) {
		t.Errorf("later it reads\n%+v\nbefore\n%+v", after, before)
	}
	next := h.issue(h.ours, month)
	if next.Taxed.Category != invoice.ReverseCharge || next.Total != eur(20_000) || next.Buyer.Company != "Meier AG" || !strings.HasPrefix(next.Taxed.Note, "Reverse charge") {
		t.Errorf("the next is %+v", next)
	}
	must(h.buys(h.theirs, invoice.Buyer{Company: "Maison", Address: invoice.Address{Country: "FR"}}))
	must(h.sells(company(func(s *invoice.Settings) {
		s.PricesIncludeTax, s.Rules = true, []invoice.TaxRule{{Country: "FR", Buyer: invoice.Consumer, Rate: 2000}}
	})))
	if i := h.issue(h.theirs, month); i.Net != eur(16_667) || i.Tax != eur(3_333) || i.Total != eur(20_000) {
		t.Errorf("with the tax in the price: %+v", i)
	}
}

// TestTheSchemaHoldsTheArithmetic: no statement of anybody's can make an
// invoice that does not add up.
func TestTheSchemaHoldsTheArithmetic(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.issue(h.ours, month)
	for _, set := range []string{
		"tax = 1", "net = net + 1", "net = -1, tax = 20001", "total = total + 1", "net = NULL, tax = 1", "tax_rate = 10001",
		"tax_category = 'X'", "credited = total + 1", "credited = -1",
	} {
		is(t, h.d.UpdateOf(t.Context(), h.ours.Account().String(), func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE invoices SET `+set+` WHERE id = $1`, i.ID)
			return err
		}), db.ErrCheck)
	}
}

// TestInvoicesOfTheReleaseBefore have no net and no parties: all of the total
// is net, and the buyer is the account.
func TestInvoicesOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	i := h.issue(h.ours, month)
	is(t, h.d.UpdateOf(t.Context(), h.ours.Account().String(), func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE invoices SET net = NULL, seller = '', buyer = '' WHERE id = $1`, i.ID)
		return err
	}), nil)
	if got := h.load(h.ours, i.ID); got.Net != i.Total || got.Tax != eur(0) || got.Seller != (invoice.Seller{}) {
		t.Errorf("read %+v", got)
	}
	if d := h.document(h.ours, i); d.To.Name == "" || len(d.Totals) != 1 {
		t.Errorf("reads %+v", d)
	}
}

func TestBankAccountsByCountry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	y := treasury{t: t, d: h.d, st: h.st}
	at := euros
	at.Country, at.IBAN, at.BankName = " at", "AT611904300234573201", "Wiener Bank"
	for _, b := range []invoice.BankAccount{euros, at, at} {
		if _, err := y.set(b); err != nil {
			t.Fatal(err)
		}
	}
	at.Country = "AT"
	to := func(currency, country string) (b invoice.BankAccount) {
		t.Helper()
		is(t, h.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) (err error) {
			b, err = invoice.BankAccountFor(ctx, r, currency, country)
			return err
		}), nil)
		return b
	}
	if to("EUR", "AT") != at || to("EUR", "DE") != euros || to("EUR", "") != euros {
		t.Errorf("to %+v, %+v and %+v", to("EUR", "AT"), to("EUR", "DE"), to("EUR", ""))
	}
	_, err := h.buys(h.ours, invoice.Buyer{Address: invoice.Address{Country: "AT"}})
	is(t, err, nil)
	i := h.issue(h.ours, month)
	d := h.document(h.ours, i)
	if d.Payment == nil || !strings.Contains(d.Payment.Code, at.IBAN) {
		t.Errorf("to be paid by %+v", d.Payment)
	}
	is(t, h.st.ViewShared(t.Context(), func(ctx context.Context, r tenant.Shared) error {
		all, err := invoice.BankAccounts(ctx, r)
		if !slices.Equal(all, []invoice.BankAccount{euros, at}) {
			t.Errorf("listed %+v", all)
		}
		return err
	}), nil)
	bad := at
	bad.Country = "XX"
	_, err = y.set(bad)
	is(t, err, invoice.ErrInvalidBankAccount)
	for range 2 {
		is(t, h.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
			return invoice.DropBankAccount(ctx, tx, tenanttest.Operator(tenant.PlansManage), "eur", "at")
		}), nil)
	}
	if to("EUR", "AT") != euros {
		t.Errorf("afterwards to %+v", to("EUR", "AT"))
	}
	card := i
	card.PaymentMethod = account.Stripe
	h.view(h.ours, func(ctx context.Context, v *tenant.View) error {
		_, err := invoice.CodeOf(ctx, v, card)
		is(t, err, invoice.ErrNoCode)
		text, err := invoice.CodeOf(ctx, v, i)
		if !strings.Contains(text, euros.IBAN) {
			t.Errorf("the code says %s", text)
		}
		return err
	})
}
