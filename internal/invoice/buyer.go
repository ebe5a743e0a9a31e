package invoice

import (
	"context"
	"fmt"

	"golang.org/x/text/language"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Buyer is to whom an account's invoices are written. Its JSON is kept with
// each.
type Buyer struct {
	Company string `json:"company"`
	Address
	TaxID    string `json:"tax_id,omitempty"` // within the European Union a VAT id; makes the buyer a business
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Language string `json:"language"` // BCP 47
}

// Kind is how the tax rules see the buyer: who has no tax id is a consumer.
func (b Buyer) Kind() BuyerKind {
	if b.TaxID != "" {
		return Business
	}
	return Consumer
}

// ErrInvalidBuyer is about billing details.
var ErrInvalidBuyer = fault.New(fault.Invalid, "billing.invalid_details", "The billing details cannot be like this.").FieldsSay()

// BuyerOf reads an account's billing details. Who gave none is the account by
// its name and country, in English.
func BuyerOf(ctx context.Context, r tenant.Reader) (Buyer, error) {
	var b Buyer
	err := r.Get(ctx, `
		SELECT company, line1, line2, postcode, city, country, tax_id, email, phone, language FROM billing_details WHERE account_id = $1`, nil,
		&b.Company, &b.Line1, &b.Line2, &b.Postcode, &b.City, &b.Country, &b.TaxID, &b.Email, &b.Phone, &b.Language)
	if tenant.IsNotFound(err) {
		var a account.Account
		if a, err = account.Load(ctx, r); err == nil {
			b = Buyer{Company: a.Name, Address: Address{Country: a.Country}, Language: english}
		}
	}
	if err != nil {
		return Buyer{}, fmt.Errorf("billing details: %w", err)
	}
	return b, nil
}

// SetBuyer says to whom invoices are written from now on. An empty company or
// country is the account's, an empty language English. It is ErrInvalidBuyer,
// with every field that cannot be right, below place: where the details stand
// in the request, such as "body". Of a VAT id only the form is checked, not
// whether it is in force.
func SetBuyer(ctx context.Context, tx *tenant.Tx, b Buyer, place string) (Buyer, error) {
	a, err := account.Load(ctx, tx)
	if err != nil {
		return Buyer{}, err
	}
	if b.Company == "" {
		b.Company = a.Name
	}
	if b.Country == "" {
		b.Country = a.Country
	}
	if b, err = b.parse(place); err != nil {
		return Buyer{}, err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO billing_details (account_id, company, line1, line2, postcode, city, country, tax_id, email, phone, language, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (account_id) DO UPDATE SET company = $2, line1 = $3, line2 = $4, postcode = $5, city = $6, country = $7, tax_id = $8,
			email = $9, phone = $10, language = $11, updated_at = $12`,
		b.Company, b.Line1, b.Line2, b.Postcode, b.City, b.Country, b.TaxID, b.Email, b.Phone, b.Language, clock.Micros(tx.Now()))
	if err != nil {
		return Buyer{}, fmt.Errorf("set billing details: %w", err)
	}
	return b, audit.Record(ctx, tx, "billing.details_set", a.ID.String(), map[string]string{
		"company": b.Company, "country": b.Country, "tax_id": b.TaxID, "language": b.Language,
	})
}

func (b Buyer) parse(place string) (Buyer, error) {
	c := check{f: ErrInvalidBuyer, place: place}
	c.text("company", &b.Company, 1, 120)
	c.address(&b.Address, false)
	c.text("tax_id", &b.TaxID, 0, 40)
	c.email("email", &b.Email)
	c.text("phone", &b.Phone, 0, 40)
	if b.TaxID != "" && inUnion(b.Country) {
		vat, ok := VATID(b.Country, b.TaxID)
		if !ok {
			c.wrong("tax_id", words.With("is not a VAT id of this country, such as %s", union[b.Country].example))
		}
		b.TaxID = vat
	}
	if b.Language == "" {
		b.Language = english
	}
	tag, err := language.Parse(b.Language)
	if err != nil || len(b.Language) > 35 {
		c.wrong("language", "is not a language tag (BCP 47), such as en or de-AT")
	}
	b.Language = tag.String()
	if len(c.f.Fields) > 0 {
		return Buyer{}, c.f
	}
	return b, nil
}
