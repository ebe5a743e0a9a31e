package config

import (
	"net"
	"net/url"
	"strings"
)

// Stripe is the settings of Stripe; with none of them it is not used.
type Stripe struct {
	Key     Secret // IGNY8_STRIPE_KEY, which begins with sk_ or rk_
	Webhook Secret // IGNY8_STRIPE_WEBHOOK_SECRET, which begins with whsec_
	BaseURL string // IGNY8_STRIPE_BASE_URL; empty: Stripe's own
}

// On tells whether Stripe is configured.
func (s Stripe) On() bool { return !s.Key.Empty() }

// PayPal is the settings of PayPal; with none of them it is not used.
type PayPal struct {
	ClientID  string // IGNY8_PAYPAL_CLIENT_ID
	Secret    Secret // IGNY8_PAYPAL_SECRET
	WebhookID string // IGNY8_PAYPAL_WEBHOOK_ID, what PayPal calls the address of its messages
	BaseURL   string // IGNY8_PAYPAL_BASE_URL; empty: PayPal's own
}

// On tells whether PayPal is configured.
func (p PayPal) On() bool { return p.ClientID != "" }

func (r *reader) stripe() Stripe {
	r.together("IGNY8_STRIPE_BASE_URL", "IGNY8_STRIPE_KEY", "IGNY8_STRIPE_WEBHOOK_SECRET")
	return Stripe{
		Key: NewSecret(r.env["IGNY8_STRIPE_KEY"]), Webhook: NewSecret(r.env["IGNY8_STRIPE_WEBHOOK_SECRET"]),
		BaseURL: r.vendorURL("IGNY8_STRIPE_BASE_URL"),
	}
}

func (r *reader) paypal() PayPal {
	r.together("IGNY8_PAYPAL_BASE_URL", "IGNY8_PAYPAL_CLIENT_ID", "IGNY8_PAYPAL_SECRET", "IGNY8_PAYPAL_WEBHOOK_ID")
	return PayPal{
		ClientID: r.env["IGNY8_PAYPAL_CLIENT_ID"], Secret: NewSecret(r.env["IGNY8_PAYPAL_SECRET"]), WebhookID: r.env["IGNY8_PAYPAL_WEBHOOK_ID"],
		BaseURL: r.vendorURL("IGNY8_PAYPAL_BASE_URL"),
	}
}

// together blames each of the names that is missing while another is there:
// half a vendor takes money and hears nothing of it. The first name alone does
// nothing either.
func (r *reader) together(base string, names ...string) {
	set := ""
	for _, name := range append(names, base) {
		if set == "" && r.env[name] != "" {
			set = name
		}
	}
	for _, name := range names {
		if set != "" && r.env[name] == "" {
			r.fault("%s is needed with %s", name, set)
		}
	}
}

// vendorURL is an address that gets a secret: without TLS only on this
// machine.
func (r *reader) vendorURL(name string) string {
	if r.env[name] == "" {
		return ""
	}
	v := r.url(name, "")
	u, err := url.Parse(v)
	if err != nil || u.Scheme == "https" || v == "" {
		return v
	}
	if ip := net.ParseIP(u.Hostname()); strings.EqualFold(u.Hostname(), "localhost") || ip != nil && ip.IsLoopback() {
		return v
	}
	r.fault("%s must be an https:// address: a secret is sent there", name)
	return ""
}
