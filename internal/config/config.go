// Package config reads every setting once, from the environment, and reports
// all mistakes at once, each by the name of its setting. The defaults run
// everything.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// Provider is which models write.
type Provider string

// The providers.
const (
	Offline   Provider = "offline"
	OpenAI    Provider = "openai"
	Anthropic Provider = "anthropic"
)

// Config is every setting, by the name of its environment variable.
type Config struct {
	Addr     string // IGNY8_ADDR, where the server listens; "127.0.0.1:8080"
	BaseURL  string // IGNY8_BASE_URL, how people reach it; "http://" and Addr
	Data     string // IGNY8_DATA, the folder of what the server keeps; "igny8-data"
	Database string // IGNY8_DATABASE_URL, "sqlite:PATH" or "postgres://..."; a file in Data
	Migrate  string // IGNY8_MIGRATE_DATABASE_URL, the same database by the login that owns its schema; empty: Database
	AI       AI     // IGNY8_AI_*
	Redis    Secret // IGNY8_REDIS_URL, where processes share what they count; none: each counts alone
	SMTP     Secret // IGNY8_SMTP_URL, "smtp://USER:PASSWORD@HOST:PORT" or smtps; empty: letters go to the log
	MailFrom string // IGNY8_MAIL_FROM, whom letters are from; "igny8@" and the host of BaseURL
	Stripe   Stripe // IGNY8_STRIPE_*
	PayPal   PayPal // IGNY8_PAYPAL_*
	Debug    bool   // IGNY8_DEBUG, more in the log and no throttling; only on a loopback address

	// PrivateSites is IGNY8_PRIVATE_SITES: the WordPress of a tenant may be at a
	// private address, and without TLS.
	PrivateSites bool

	// TrustedProxies is IGNY8_TRUSTED_PROXIES: whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	// Unknown are settings with our prefix that this release does not know, and
	// does nothing with: the server says so in its log.
	Unknown []string
}

// AI is the settings of the models.
type AI struct {
	Provider Provider // IGNY8_AI_PROVIDER; offline
	BaseURL  string   // IGNY8_AI_BASE_URL; the vendor's own
	Key      Secret   // IGNY8_AI_KEY
	Model    string   // IGNY8_AI_MODEL; needed by every provider but offline
	// Embeddings is IGNY8_EMBEDDING_MODEL, of the same endpoint: clustering goes by
	// it too. Of openai only; empty: by the words.
	Embeddings string
}

// known lists the settings, so that a misspelt one can be told.
var known = []string{
	"IGNY8_ADDR", "IGNY8_BASE_URL", "IGNY8_DATA", "IGNY8_DATABASE_URL", "IGNY8_MIGRATE_DATABASE_URL", "IGNY8_AI_PROVIDER",
	"IGNY8_AI_BASE_URL", "IGNY8_AI_KEY", "IGNY8_AI_MODEL", "IGNY8_EMBEDDING_MODEL", "IGNY8_SMTP_URL", "IGNY8_MAIL_FROM", "IGNY8_DEBUG",
	"IGNY8_REDIS_URL", "IGNY8_TRUSTED_PROXIES", "IGNY8_PRIVATE_SITES", "IGNY8_STRIPE_KEY", "IGNY8_STRIPE_WEBHOOK_SECRET", "IGNY8_STRIPE_BASE_URL",
	"IGNY8_PAYPAL_CLIENT_ID", "IGNY8_PAYPAL_SECRET", "IGNY8_PAYPAL_WEBHOOK_ID", "IGNY8_PAYPAL_BASE_URL",
}

// elsewhere are names with our prefix that are not the program's.
const elsewhere = "IGNY8_TEST_"

// Read reads the environment, given as os.Environ gives it. The error joins
// one sentence for each mistake.
func Read(environ []string) (Config, error) {
	r := reader{env: map[string]string{}}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "IGNY8_") || strings.HasPrefix(name, elsewhere) {
			continue
		}
		if !slices.Contains(known, name) {
			r.unknown = append(r.unknown, name)
			continue
		}
		r.env[name] = strings.TrimSpace(value)
	}
	c := Config{
		Addr:  r.addr("IGNY8_ADDR", "127.0.0.1:8080"),
		Data:  r.text("IGNY8_DATA", "igny8-data"),
		Debug: r.flag("IGNY8_DEBUG"),
		AI:    r.ai(),

		Stripe: r.stripe(), PayPal: r.paypal(),

		Redis: r.redis("IGNY8_REDIS_URL"),

		TrustedProxies: r.networks("IGNY8_TRUSTED_PROXIES"),
		PrivateSites:   r.flag("IGNY8_PRIVATE_SITES"),
	}
	c.BaseURL = r.url("IGNY8_BASE_URL", "http://"+c.Addr)
	c.SMTP = r.smtp("IGNY8_SMTP_URL")
	c.MailFrom = r.mailbox("IGNY8_MAIL_FROM", c.BaseURL)
	c.Database = r.database("IGNY8_DATABASE_URL", "sqlite:"+filepath.Join(c.Data, "igny8.db"))
	c.Migrate = r.migrate("IGNY8_MIGRATE_DATABASE_URL", c.Database)
	if c.Debug && !loopback(c.Addr) {
		r.fault("IGNY8_DEBUG is for a loopback address, and IGNY8_ADDR is %s", c.Addr)
	}
	slices.Sort(r.unknown)
	c.Unknown = r.unknown
	return c, errors.Join(r.faults...)
}

// reader collects the faults of all settings.
type reader struct {
	env     map[string]string
	unknown []string
	faults  []error
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf(format, args...))
}

func (r *reader) text(name, otherwise string) string {
	if v := r.env[name]; v != "" {
		return v
	}
	return otherwise
}

func (r *reader) flag(name string) bool {
	switch v := r.env[name]; strings.ToLower(v) {
	case "", "0", "false", "no", "off":
		return false
	case "1", "true", "yes", "on":
		return true
	default:
		r.fault("%s is %q; it may be true or false", name, v)
		return false
	}
}

func (r *reader) addr(name, otherwise string) string {
	v := r.text(name, otherwise)
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		r.fault("%s is %q; it must be host:port, such as 127.0.0.1:8080", name, v)
		return otherwise
	}
	return v
}

func (r *reader) url(name, otherwise string) string {
	v := strings.TrimRight(r.text(name, otherwise), "/")
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		r.fault("%s must be an http:// or https:// address without a user name", name)
		return otherwise
	}
	return v
}

func (r *reader) database(name, otherwise string) string {
	v := r.text(name, otherwise)
	path, isFile := strings.CutPrefix(v, "sqlite:")
	switch {
	case isFile && path != "", postgres(v):
		return v
	}
	// The value is not repeated: it may hold a password.
	r.fault("%s must be sqlite:PATH or postgres://USER@HOST/NAME", name)
	return otherwise
}

// redis does not repeat the value, which may hold a password.
func (r *reader) redis(name string) Secret {
	v := r.env[name]
	if v == "" {
		return Secret{}
	}
	if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		r.fault("%s must be redis://HOST:PORT/DB or rediss://...", name)
		return Secret{}
	}
	return NewSecret(v)
}

// networks reads networks, and addresses as networks of one.
func (r *reader) networks(name string) []netip.Prefix {
	var all []netip.Prefix
	for one := range strings.SplitSeq(r.env[name], ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		p, err := netip.ParsePrefix(one)
		if a, alone := netip.ParseAddr(one); alone == nil {
			p, err = a.Prefix(a.BitLen())
		}
		if err != nil {
			r.fault("%s has %q; it must be addresses or networks such as 10.0.0.0/8, with commas between them", name, one)
			continue
		}
		all = append(all, p)
	}
	return all
}

func (r *reader) migrate(name, serving string) string {
	v := r.env[name]
	if v != "" && (!postgres(v) || !postgres(serving)) {
		r.fault("%s must be postgres://USER@HOST/NAME, and IGNY8_DATABASE_URL the same database", name)
		return ""
	}
	return v
}

func postgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func (r *reader) ai() AI {
	a := AI{
		Provider: Provider(r.text("IGNY8_AI_PROVIDER", string(Offline))),
		Key:      NewSecret(r.env["IGNY8_AI_KEY"]),
		Model:    r.env["IGNY8_AI_MODEL"],

		Embeddings: r.env["IGNY8_EMBEDDING_MODEL"],
	}
	if r.env["IGNY8_AI_BASE_URL"] != "" {
		a.BaseURL = r.url("IGNY8_AI_BASE_URL", "")
	}
	if a.Embeddings != "" && a.Provider != OpenAI {
		r.fault("IGNY8_EMBEDDING_MODEL is for IGNY8_AI_PROVIDER=openai, whose endpoint has such models")
	}
	switch a.Provider {
	case Offline:
		return a
	case OpenAI:
		if a.Key.Empty() && a.BaseURL == "" {
			r.fault("IGNY8_AI_KEY is needed with IGNY8_AI_PROVIDER=openai (unless IGNY8_AI_BASE_URL names a server of your own)")
		}
	case Anthropic:
		if a.Key.Empty() {
			r.fault("IGNY8_AI_KEY is needed with IGNY8_AI_PROVIDER=anthropic")
		}
	default:
		r.fault("IGNY8_AI_PROVIDER is %q; it may be offline, openai or anthropic", a.Provider)
		return a
	}
	if a.Model == "" {
		r.fault("IGNY8_AI_MODEL is needed with IGNY8_AI_PROVIDER=%s", a.Provider)
	}
	return a
}

func loopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
