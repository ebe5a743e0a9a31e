// Package flag says whether a feature is on for this account.
//
// A flag is off, on, or on for a share of accounts. Which accounts that are
// follows from the name of the flag and the account alone: who is in at 10 %
// is in at 20 %. A flag is read from the database at each use, so that a
// change counts from the next request on, in every process.
package flag

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Name names a flag. The program knows all of them: see Names.
type Name string

// The flags.
const (
	SignupOpen               Name = "signup.open"
	BankTransferRegistration Name = "bank_transfer.registration"
	BankTransferCheckout     Name = "bank_transfer.checkout"
	StripeRegistration       Name = "stripe.registration"
	StripeCheckout           Name = "stripe.checkout"
	PayPalRegistration       Name = "paypal.registration"
	PayPalCheckout           Name = "paypal.checkout"
)

// about says what each flag switches, in the order in which they are shown.
// Where nothing was ever set, all are on.
var about = []struct {
	name Name
	says words.Text
}{
	{SignupOpen, "New accounts can be opened."},
	{BankTransferRegistration, "A registration can choose to pay by bank transfer."},
	{BankTransferCheckout, "An account can order a plan and pay by bank transfer."},
	{StripeRegistration, "A registration can choose to pay by Stripe, where Stripe is set up."},
	{StripeCheckout, "An account can order a plan and pay by Stripe, where Stripe is set up."},
	{PayPalRegistration, "A registration can choose to pay by PayPal, where PayPal is set up."},
	{PayPalCheckout, "An account can order a plan and pay by PayPal, where PayPal is set up."},
}

// Names lists every flag.
func Names() []Name {
	all := make([]Name, 0, len(about))
	for _, a := range about {
		all = append(all, a.name)
	}
	return all
}

// What a caller can be told.
var (
	ErrUnknown = fault.New(fault.NotFound, "flag.unknown", "There is no such flag.")
	ErrInvalid = fault.New(fault.Invalid, "flag.invalid", "A flag is off, on, or on for a percentage of accounts from 0 to 100.")
)

// Parse reads the name of a flag. ErrUnknown when there is none.
func Parse(s string) (Name, error) {
	if n := Name(s); slices.Contains(Names(), n) {
		return n, nil
	}
	return "", fmt.Errorf("flag %q: %w", s, ErrUnknown)
}

// Share is for how many accounts in a hundred a flag is on.
type Share int

// Off is for nobody, On for everybody.
const (
	Off Share = 0
	On  Share = 100
)

// String is how a share is written: off, on, or 25%.
func (s Share) String() string {
	switch s {
	case Off:
		return "off"
	case On:
		return "on"
	}
	return fmt.Sprintf("%d%%", int(s))
}

// ParseShare reads how a share is written: off, on, or 25%.
func ParseShare(s string) (Share, error) {
	switch s {
	case "off":
		return Off, nil
	case "on":
		return On, nil
	}
	digits, ok := strings.CutSuffix(s, "%")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < int(Off) || n > int(On) || digits != strconv.Itoa(n) {
		return Off, fmt.Errorf("share %q: %w", s, ErrInvalid)
	}
	return Share(n), nil
}

// includes tells whether the share is on for somebody.
func (s Share) includes(n Name, who string) bool { return place(n, who) < int(s) }

// place is where in a hundred somebody stands, for one flag: each flag shuffles
// anew, so that it is not always the same accounts that try what is new.
func place(n Name, who string) int {
	sum := sha256.Sum256([]byte(string(n) + "\x00" + who))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}

// For tells whether a flag is on for the account: by its own setting, or else
// by the share.
func For(ctx context.Context, r tenant.Reader, n Name) (bool, error) {
	own, found, err := overrideOf(ctx, r, n)
	if err != nil || found {
		return own, err
	}
	s, err := shareOf(ctx, r.Shared(), n)
	return s.includes(n, r.Scope().Account().String()), err
}

// ForNewcomer tells whether a flag is on for somebody who has no account yet.
// The share is taken over the e-mail address, since whoever is refused must
// not get in by asking again: what distinguishes the account to come is made
// anew with each try. Capitals, and what stands behind a plus, are not another
// address. With no address it tells whether the flag is on for anybody.
func ForNewcomer(ctx context.Context, r tenant.Shared, n Name, address string) (bool, error) {
	s, err := shareOf(ctx, r, n)
	if address == "" {
		return s != Off, err
	}
	return s.includes(n, mailbox(address)), err
}

// mailbox is the address in one spelling.
func mailbox(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	local, domain, _ := strings.Cut(address, "@")
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	return local + "@" + domain
}

func shareOf(ctx context.Context, r tenant.Shared, n Name) (Share, error) {
	s := On
	err := r.Get(ctx, `SELECT share FROM flags WHERE name = $1`, []any{string(n)}, &s)
	if err != nil && !tenant.IsNotFound(err) {
		return Off, fmt.Errorf("flag %s: %w", n, err)
	}
	return s, nil
}

func overrideOf(ctx context.Context, r tenant.Reader, n Name) (on, found bool, err error) {
	err = r.Get(ctx, `SELECT enabled FROM flag_overrides WHERE account_id = $1 AND name = $2`, []any{string(n)}, &on)
	if tenant.IsNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("flag %s of the account: %w", n, err)
	}
	return on, true, nil
}
