package invoice

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/tenant"
)

// BankAccount is where tenants send money in one currency: those of one
// country, or all that have none of their own.
type BankAccount struct {
	Currency     string
	Country      string // ISO 3166-1 alpha-2; empty: for everybody else
	Holder       string
	IBAN         string // ISO 13616, without spaces
	BIC          string // ISO 9362; may be empty
	BankName     string
	Instructions string // what else the payer should know
}

// What a caller can be told.
var (
	ErrNoBankAccount      = fault.New(fault.NotFound, "bank_account.not_found", "There is no bank account for this currency.")
	ErrInvalidBankAccount = fault.New(fault.Invalid, "bank_account.invalid", "These bank details cannot be right.").FieldsSay()
)

// BankAccountOf is where to send a currency from anywhere, or
// ErrNoBankAccount.
func BankAccountOf(ctx context.Context, r tenant.Shared, currency string) (BankAccount, error) {
	return BankAccountFor(ctx, r, currency, "")
}

// BankAccountFor is where payers of a country send a currency: the account for
// that country, else the one for all, or ErrNoBankAccount.
func BankAccountFor(ctx context.Context, r tenant.Shared, currency, country string) (BankAccount, error) {
	var b BankAccount
	err := r.Get(ctx, bankAccounts+` WHERE currency = $1 AND (country = '' OR country = $2) ORDER BY country DESC LIMIT 1`,
		[]any{currency, country}, &b.Currency, &b.Country, &b.Holder, &b.IBAN, &b.BIC, &b.BankName, &b.Instructions)
	if tenant.IsNotFound(err) {
		err = ErrNoBankAccount
	}
	if err != nil {
		return BankAccount{}, fmt.Errorf("bank account for %s: %w", currency, err)
	}
	return b, nil
}

// PayTo is where to send what is due of an invoice, or ErrNoBankAccount. It is
// where money goes today, not where it went when the invoice was issued.
func PayTo(ctx context.Context, r tenant.Shared, i Invoice) (BankAccount, error) {
	return BankAccountFor(ctx, r, i.Total.Currency, i.Buyer.Country)
}

// bankAccounts is all of them, those for everybody with an empty country.
const bankAccounts = `SELECT currency, country, holder, iban, bic, bank_name, instructions FROM (
		SELECT currency, '' AS country, holder, iban, bic, bank_name, instructions FROM bank_accounts
		UNION ALL SELECT currency, country, holder, iban, bic, bank_name, instructions FROM country_bank_accounts) AS everywhere`

// BankAccounts lists where to send which currency, for everybody and then by
// country.
func BankAccounts(ctx context.Context, r tenant.Shared) ([]BankAccount, error) {
	var all []BankAccount
	err := r.Each(ctx, bankAccounts+` ORDER BY currency, country`, nil,
		func(scan tenant.Scan) error {
			var b BankAccount
			err := scan(&b.Currency, &b.Country, &b.Holder, &b.IBAN, &b.BIC, &b.BankName, &b.Instructions)
			all = append(all, b)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list bank accounts: %w", err)
	}
	return all, nil
}

// SetBankAccount says where to send a currency from now on. It is
// ErrInvalidBankAccount, with every field that cannot be right.
func SetBankAccount(ctx context.Context, tx *tenant.SharedTx, by tenant.Operator, b BankAccount) (BankAccount, error) {
	b, err := b.parse()
	if err != nil {
		return BankAccount{}, err
	}
	if b.Country == "" {
		_, err = tx.Exec(ctx, `
			INSERT INTO bank_accounts (currency, holder, iban, bic, bank_name, instructions) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (currency) DO UPDATE SET holder = $2, iban = $3, bic = $4, bank_name = $5, instructions = $6`,
			b.Currency, b.Holder, b.IBAN, b.BIC, b.BankName, b.Instructions)
	} else {
		_, err = tx.Exec(ctx, `
			INSERT INTO country_bank_accounts (currency, country, holder, iban, bic, bank_name, instructions) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (currency, country) DO UPDATE SET holder = $3, iban = $4, bic = $5, bank_name = $6, instructions = $7`,
			b.Currency, b.Country, b.Holder, b.IBAN, b.BIC, b.BankName, b.Instructions)
	}
	if err != nil {
		return BankAccount{}, fmt.Errorf("set the bank account for %s: %w", b.subject(), err)
	}
	return b, audit.RecordShared(ctx, tx, by.Actor(), "bank_account.set", b.subject(), map[string]string{"iban": b.IBAN, "holder": b.Holder})
}

// DropBankAccount sends payers of a country to the account for everybody
// again. Where the country has none of its own it changes nothing.
func DropBankAccount(ctx context.Context, tx *tenant.SharedTx, by tenant.Operator, currency, country string) error {
	b := BankAccount{Currency: strings.ToUpper(currency), Country: strings.ToUpper(country)}
	n, err := tx.Exec(ctx, `DELETE FROM country_bank_accounts WHERE currency = $1 AND country = $2`, b.Currency, b.Country)
	if err != nil {
		return fmt.Errorf("drop the bank account for %s: %w", b.subject(), err)
	}
	if n == 0 {
		return nil
	}
	return audit.RecordShared(ctx, tx, by.Actor(), "bank_account.dropped", b.subject(), nil)
}

// subject names the account in the audit log.
func (b BankAccount) subject() string { return strings.TrimSpace(b.Currency + " " + b.Country) }

var (
	ibanShape = regexp.MustCompile(`^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$`)
	bicShape  = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)
)

func (b BankAccount) parse() (BankAccount, error) {
	f := ErrInvalidBankAccount
	b.Currency = strings.ToUpper(strings.TrimSpace(b.Currency))
	b.IBAN = strings.ToUpper(strings.Join(strings.Fields(b.IBAN), ""))
	b.BIC = strings.ToUpper(strings.TrimSpace(b.BIC))
	b.Instructions = strings.TrimSpace(b.Instructions)
	if money.Of(0, b.Currency).Check() != nil {
		f = f.At("currency", "is not an ISO 4217 code such as EUR", nil)
	}
	if b.Country != "" {
		country, ok := account.Country(b.Country)
		if !ok {
			f = f.At("country", "two letters of ISO 3166-1, such as DE", nil)
		}
		b.Country = country
	}
	if !ibanShape.MatchString(b.IBAN) || mod97(b.IBAN[4:]+b.IBAN[:4]) != 1 {
		f = f.At("body.iban", "is not an IBAN: its check digits do not fit", nil)
	}
	if b.BIC != "" && !bicShape.MatchString(b.BIC) {
		f = f.At("body.bic", "is not a BIC of 8 or 11 characters", nil)
	}
	var ok bool
	if b.Holder, ok = account.Printable(b.Holder, 70); !ok {
		f = f.At("body.holder", "1 to 70 printable characters", nil)
	}
	if b.BankName, ok = account.Printable(b.BankName, 100); !ok {
		f = f.At("body.bank_name", "1 to 100 printable characters", nil)
	}
	if len(f.Fields) > 0 {
		return BankAccount{}, f
	}
	return b, nil
}
