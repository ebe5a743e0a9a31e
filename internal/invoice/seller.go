package invoice

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Address is where somebody does business. Its JSON is kept with invoices.
type Address struct {
	Line1    string `json:"line1"`
	Line2    string `json:"line2,omitempty"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
	Country  string `json:"country"` // ISO 3166-1 alpha-2
}

// Seller is who writes the invoices. Its JSON is kept with each.
type Seller struct {
	Name string `json:"name"`
	Address
	TaxID              string `json:"tax_id,omitempty"`
	RegistrationNumber string `json:"registration_number,omitempty"`
	Email              string `json:"email,omitempty"`
	Phone              string `json:"phone,omitempty"`
	Footer             string `json:"footer,omitempty"` // lines at the foot of a page
}

// Settings is what staff say of the company. The zero Settings charge no tax
// and name no seller.
type Settings struct {
	Seller
	PricesIncludeTax bool      // plans say what is paid in all, not what tax is added to
	Rules            []TaxRule // by country and kind of buyer
}

// ErrInvalidSettings is about the company.
var ErrInvalidSettings = fault.New(fault.Invalid, "company.invalid", "The company's details cannot be like this.").FieldsSay()

// SettingsOf reads what staff said last.
func SettingsOf(ctx context.Context, r tenant.Shared) (Settings, error) {
	var s Settings
	err := r.Get(ctx, `
		SELECT name, line1, line2, postcode, city, country, tax_id, registration_number, email, phone, footer, prices_include_tax
		FROM company_settings WHERE id = 'seller'`, nil,
		&s.Name, &s.Line1, &s.Line2, &s.Postcode, &s.City, &s.Country, &s.TaxID, &s.RegistrationNumber, &s.Email, &s.Phone, &s.Footer, &s.PricesIncludeTax)
	if err != nil && !tenant.IsNotFound(err) {
		return Settings{}, fmt.Errorf("the company's settings: %w", err)
	}
	err = r.Each(ctx, `SELECT country, buyer, rate FROM tax_rules ORDER BY country, buyer`, nil, func(scan tenant.Scan) error {
		var t TaxRule
		err := scan(&t.Country, &t.Buyer, &t.Rate)
		s.Rules = append(s.Rules, t)
		return err
	})
	if err != nil {
		return Settings{}, fmt.Errorf("the tax rules: %w", err)
	}
	return s, nil
}

// SetSettings says who sells from now on, and which taxes are charged.
// Invoices that were issued keep what they say. It is ErrInvalidSettings, with
// every field that cannot be right.
func SetSettings(ctx context.Context, tx *tenant.SharedTx, by tenant.Operator, s Settings) (Settings, error) {
	s, err := s.parse()
	if err != nil {
		return Settings{}, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO company_settings (id, name, line1, line2, postcode, city, country, tax_id, registration_number, email, phone, footer, prices_include_tax)
		VALUES ('seller', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET name = $1, line1 = $2, line2 = $3, postcode = $4, city = $5, country = $6, tax_id = $7,
			registration_number = $8, email = $9, phone = $10, footer = $11, prices_include_tax = $12`,
		s.Name, s.Line1, s.Line2, s.Postcode, s.City, s.Country, s.TaxID, s.RegistrationNumber, s.Email, s.Phone, s.Footer, s.PricesIncludeTax)
	if err != nil {
		return Settings{}, fmt.Errorf("set the company's settings: %w", err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM tax_rules`); err != nil {
		return Settings{}, fmt.Errorf("set the tax rules: %w", err)
	}
	for _, t := range s.Rules {
		if _, err := tx.Exec(ctx, `INSERT INTO tax_rules (country, buyer, rate) VALUES ($1, $2, $3)`, t.Country, string(t.Buyer), int64(t.Rate)); err != nil {
			return Settings{}, fmt.Errorf("set the tax of %s: %w", t.Country, err)
		}
	}
	return s, audit.RecordShared(ctx, tx, by.Actor(), "company.set", "seller", map[string]any{
		"name": s.Name, "country": s.Country, "tax_id": s.TaxID, "prices_include_tax": s.PricesIncludeTax, "tax_rules": s.Rules,
	})
}

func (s Settings) parse() (Settings, error) {
	c := check{f: ErrInvalidSettings, place: "body"}
	c.text("name", &s.Name, 1, 70)
	c.address(&s.Address, true)
	c.text("tax_id", &s.TaxID, 0, 40)
	c.text("registration_number", &s.RegistrationNumber, 0, 100)
	c.email("email", &s.Email)
	c.text("phone", &s.Phone, 0, 40)
	c.lines("footer", &s.Footer, 4, 120)
	if inUnion(s.Country) {
		if vat, ok := VATID(s.Country, s.TaxID); ok { // another number of a small company stays as it is
			s.TaxID = vat
		}
	}
	s.Rules = slices.Clone(s.Rules)
	seen := map[TaxRule]bool{}
	for n, t := range s.Rules {
		place := fmt.Sprintf("tax_rules[%d]", n)
		country, ok := account.Country(t.Country)
		if !ok {
			c.wrong(place+".country", "two letters of ISO 3166-1, such as DE")
		}
		if t.Buyer != Business && t.Buyer != Consumer {
			c.wrong(place+".buyer", "must be business or consumer")
		}
		if t.Rate < 0 || t.Rate > whole {
			c.wrong(place+".rate", "0 to 10000 hundredths of a per cent: 1900 is 19 %")
		}
		key := TaxRule{Country: country, Buyer: t.Buyer}
		if seen[key] {
			c.wrong(place, "there are two rules for this country and kind of buyer")
		}
		seen[key] = true
		s.Rules[n].Country = country
	}
	slices.SortFunc(s.Rules, func(a, b TaxRule) int { return strings.Compare(a.Country+string(a.Buyer), b.Country+string(b.Buyer)) })
	if len(c.f.Fields) > 0 {
		return Settings{}, c.f
	}
	return s, nil
}

// check collects what is wrong with the fields of a body.
type check struct {
	f     *fault.Fault
	place string // of the fields, such as "body"
}

func (c *check) wrong(field string, msg words.Text) { c.f = c.f.At(c.place+"."+field, msg, nil) }

// text trims a field, which has least to most printable characters.
func (c *check) text(field string, s *string, least, most int) {
	if least == 0 && strings.TrimSpace(*s) == "" {
		*s = ""
		return
	}
	text, ok := account.Printable(*s, most)
	if !ok {
		c.wrong(field, words.With("%d to %d printable characters", least, most))
	}
	*s = text
}

// lines is text over at most n lines.
func (c *check) lines(field string, s *string, n, most int) {
	if strings.TrimSpace(*s) == "" {
		*s = ""
		return
	}
	all := strings.Split(strings.ReplaceAll(strings.TrimSpace(*s), "\r\n", "\n"), "\n")
	for i, line := range all {
		text, ok := account.Printable(line, most)
		if !ok || i >= n {
			c.wrong(field, words.With("at most %d lines of 1 to %d printable characters", n, most))
			return
		}
		all[i] = text
	}
	*s = strings.Join(all, "\n")
}

func (c *check) email(field string, s *string) {
	c.text(field, s, 0, 254)
	if *s == "" {
		return
	}
	if a, err := mail.ParseAddress(*s); err != nil || a.Address != *s {
		c.wrong(field, "is not an e-mail address")
	}
}

// address checks an address. One that is not complete may leave out street and
// city, never the country.
func (c *check) address(a *Address, complete bool) {
	least := 0
	if complete {
		least = 1
	}
	c.text("line1", &a.Line1, least, 100)
	c.text("line2", &a.Line2, 0, 100)
	c.text("postcode", &a.Postcode, 0, 20)
	c.text("city", &a.City, least, 100)
	country, ok := account.Country(a.Country)
	if !ok {
		c.wrong("country", "two letters of ISO 3166-1, such as DE")
	}
	a.Country = country
}
