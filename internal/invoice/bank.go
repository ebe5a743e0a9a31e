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

// BankAccount is where tenants send money in one currency.
type BankAccount struct {
	Currency     string
	Holder       string
	IBAN         string // ISO 13616, without spaces
	BIC          string // ISO 9362; may be empty
	BankName     string
	Instructions string // what else the payer should know
}

// What a caller can be told.
var (
	ErrNoBankAccount      = fault.New(fault.NotFound, "bank_account.not_found", "There is no bank account for this currency.")
	ErrInvalidBankAccount = fault.New(fault.Invalid, "bank_account.invalid", "These bank details cannot be right.")
)

// BankAccountOf is where to send a currency, or ErrNoBankAccount.
func BankAccountOf(ctx context.Context, r tenant.Shared, currency string) (BankAccount, error) {
	b := BankAccount{Currency: currency}
	err := r.Get(ctx, `SELECT holder, iban, bic, bank_name, instructions FROM bank_accounts WHERE currency = $1`,
		[]any{currency}, &b.Holder, &b.IBAN, &b.BIC, &b.BankName, &b.Instructions)
	if tenant.IsNotFound(err) {
		err = ErrNoBankAccount
	}
	if err != nil {
		return BankAccount{}, fmt.Errorf("bank account for %s: %w", currency, err)
	}
	return b, nil
}

// BankAccounts lists where to send which currency.
func BankAccounts(ctx context.Context, r tenant.Shared) ([]BankAccount, error) {
	var all []BankAccount
	err := r.Each(ctx, `SELECT currency, holder, iban, bic, bank_name, instructions FROM bank_accounts ORDER BY currency`, nil,
		func(scan tenant.Scan) error {
			var b BankAccount
			err := scan(&b.Currency, &b.Holder, &b.IBAN, &b.BIC, &b.BankName, &b.Instructions)
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
	_, err = tx.Exec(ctx, `
		INSERT INTO bank_accounts (currency, holder, iban, bic, bank_name, instructions) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (currency) DO UPDATE SET holder = $2, iban = $3, bic = $4, bank_name = $5, instructions = $6`,
		b.Currency, b.Holder, b.IBAN, b.BIC, b.BankName, b.Instructions)
	if err != nil {
		return BankAccount{}, fmt.Errorf("set the bank account for %s: %w", b.Currency, err)
	}
	return b, audit.RecordShared(ctx, tx, by.Actor(), "bank_account.set", b.Currency, map[string]string{"iban": b.IBAN, "holder": b.Holder})
}

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
