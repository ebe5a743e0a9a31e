package payment

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/payment/internal/paypal"
	"igny8/internal/payment/internal/stripe"
	"igny8/internal/payment/internal/vendor"
	"igny8/internal/seal"
	"igny8/internal/tenant"
)

// cashier is a vendor to whom payers are sent.
type cashier interface {
	// Begin makes a page on which an order is paid.
	Begin(ctx context.Context, o vendor.Order) (vendor.Begun, error)
	// Manage is the address of a page on which a payer looks after an agreement.
	Manage(ctx context.Context, a vendor.Agreement, back string) (string, error)
	// Stop ends an agreement; one that is over stays so.
	Stop(ctx context.Context, agreement string) error
}

// teller is a vendor who tells what has happened, and can be asked.
type teller interface {
	// Parse is the only way from bytes to a notice, and checks their signature.
	Parse(ctx context.Context, h http.Header, body []byte, now time.Time) (vendor.Notice, error)
	// Fetch asks how things stand with what a notice is about.
	Fetch(ctx context.Context, n vendor.Notice) (vendor.Truth, error)
}

type company interface {
	cashier
	teller
}

// What a caller can be told of vendors.
var (
	ErrVendorAway    = fault.New(fault.Unavailable, "payment.vendor_unavailable", "The payment provider does not answer at the moment. The order stands: ask again to pay its invoice.")
	ErrVendorRefused = fault.New(fault.Unavailable, "payment.vendor_refused", "The payment provider does not take this payment. The order stands: ask the operator, or order with another way to pay.")
	ErrNotOnline     = fault.New(fault.Conflict, "payment.not_online", "This invoice is paid by bank transfer: its reference and bank details are on it.")
	ErrNoAgreement   = fault.New(fault.Conflict, "payment.no_agreement", "No payment provider takes payments for this account by itself.")
	ErrUnsigned      = fault.New(fault.Malformed, "webhook.unsigned", "The signature of this message does not verify.")
	ErrTooOld        = fault.New(fault.Malformed, "webhook.too_old", "This message was signed too long ago, or in the future.")
	ErrUnreadable    = fault.New(fault.Malformed, "webhook.unreadable", "This message cannot be read.")
	ErrNoVendor      = fault.New(fault.NotFound, "webhook.not_configured", "This payment provider is not used here.")
	ErrEventNotFound = fault.New(fault.NotFound, "webhook.not_found", "There is no such message.")
)

// Vendors is what the desk is told of the companies that take money for us.
type Vendors struct {
	Stripe  config.Stripe
	PayPal  config.PayPal
	BaseURL string // where payers come back to
	Clock   clock.Clock
	Key     []byte `json:"-"` // seals what vendors send; 32 bytes
}

// Connect lets payers pay by the vendors that are configured. It is called
// once, before the queue starts.
func (d *Desk) Connect(st *tenant.Store, q *job.Queue, v Vendors) error {
	box, err := seal.New(v.Key)
	if err != nil {
		return fmt.Errorf("payment: %w", err)
	}
	d.st, d.jobs, d.box, d.home, d.clock = st, q, box, strings.TrimRight(v.BaseURL, "/"), v.Clock
	d.vendors = map[account.PaymentMethod]company{}
	if v.Stripe.On() {
		d.vendors[account.Stripe] = stripe.New(v.Stripe.BaseURL, v.Stripe.Key.Reveal(), v.Stripe.Webhook.Reveal(), vendor.Client())
	}
	if v.PayPal.On() {
		d.vendors[account.PayPal] = paypal.New(v.PayPal.BaseURL, v.PayPal.ClientID, v.PayPal.Secret.Reveal(), v.PayPal.WebhookID, vendor.Client())
	}
	job.HandleErrand(q, d.look)
	job.HandleErrand(q, d.stop)
	return nil
}

// faultOf is what a vendor's answer means for who asked us.
func faultOf(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vendor.ErrUnsigned):
		return fmt.Errorf("%w (%w)", ErrUnsigned, err)
	case errors.Is(err, vendor.ErrOld):
		return fmt.Errorf("%w (%w)", ErrTooOld, err)
	case errors.Is(err, vendor.ErrGarbled):
		return fmt.Errorf("%w (%w)", ErrUnreadable, err)
	case errors.Is(err, vendor.ErrRefused), errors.Is(err, vendor.ErrUnknown):
		return fmt.Errorf("%w (%w)", ErrVendorRefused, err)
	}
	return fmt.Errorf("%w (%w)", ErrVendorAway, err)
}
