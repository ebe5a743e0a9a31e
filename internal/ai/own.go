package ai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"igny8/internal/account"
	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/anthropic"
	"igny8/internal/ai/internal/provider/chat"
	"igny8/internal/ai/internal/provider/openai"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/seal"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Own is the endpoint of models that an account has of its own: its work is done
// there, with its key, and not at the operator's. What the work costs in credits
// is the same.
type Own struct {
	Vendor     config.Provider // config.OpenAI, or what speaks as it does, or config.Anthropic
	BaseURL    string          // empty: the vendor's own
	Model      string
	Embeddings string    // a model of embeddings of the same endpoint; empty: none
	Hint       string    // how the key ends
	Trouble    string    // of the last test; empty: all was well, or there was none
	Checked    time.Time // zero: never
	Updated    time.Time
	sealed     []byte
}

// NewOwn is Own as somebody gives it.
type NewOwn struct {
	Vendor     string
	BaseURL    string
	Model      string
	Embeddings string
	Key        config.Secret // empty: as it was, for the same address
}

// What a caller can be told.
var (
	ErrNoOwn      = fault.New(fault.NotFound, "ai.no_own_provider", "The account has no AI provider of its own.")
	ErrInvalidOwn = fault.New(fault.Invalid, "ai.invalid_own_provider", "The AI provider cannot be used like this.").FieldsSay()
)

// OwnOptions is how the endpoints of accounts are kept and reached.
type OwnOptions struct {
	Key          []byte // seals their keys: 32 bytes
	AllowPrivate bool   // also those at addresses that are not public, by http
}

// owns knows the endpoints of accounts.
type owns struct {
	box     seal.Box
	outside httpx.Outbound
	mu      sync.Mutex
	made    map[tenant.AccountID]made
}

// made is the client of an endpoint as it was when it was read.
type made struct {
	updated int64
	p       provider.Provider
	client  *http.Client
}

// AllowOwn lets accounts have endpoints of their own.
func (g *Gateway) AllowOwn(o OwnOptions) error {
	box, err := seal.New(o.Key)
	if err != nil {
		return fmt.Errorf("keys of AI providers: %w", err)
	}
	g.own = &owns{
		box: box, made: map[tenant.AccountID]made{},
		outside: httpx.Outbound{AllowPrivate: o.AllowPrivate, Timeout: callLimit, HeaderWait: 2 * time.Minute},
	}
	return nil
}

// LoadOwn reads the endpoint of an account: ErrNoOwn when it has none.
func LoadOwn(ctx context.Context, r tenant.Reader) (Own, error) {
	var o Own
	var checked *int64
	var updated int64
	err := r.Get(ctx, `SELECT vendor, base_url, model, embeddings, key_sealed, hint, trouble, checked_at, updated_at FROM ai_own WHERE account_id = $1`, nil,
		&o.Vendor, &o.BaseURL, &o.Model, &o.Embeddings, &o.sealed, &o.Hint, &o.Trouble, &checked, &updated)
	if tenant.IsNotFound(err) {
		return Own{}, ErrNoOwn
	}
	if err != nil {
		return Own{}, fmt.Errorf("the account's AI provider: %w", err)
	}
	o.Checked, o.Updated = clock.FromNull(checked), clock.FromMicros(updated)
	return o, nil
}

// SetOwn gives an account an endpoint of its own, from its next work on. The key
// is sealed and never told again; without one the last stays, as long as it goes
// to where it went before.
func (g *Gateway) SetOwn(ctx context.Context, tx *tenant.Tx, n NewOwn) (Own, error) {
	before, err := LoadOwn(ctx, tx)
	if err != nil && !errors.Is(err, ErrNoOwn) {
		return Own{}, err
	}
	o := Own{Vendor: config.Provider(n.Vendor), Embeddings: strings.TrimSpace(n.Embeddings)}
	f := ErrInvalidOwn
	if o.Vendor != config.OpenAI && o.Vendor != config.Anthropic {
		f = f.At("body.provider", "must be openai or anthropic", n.Vendor)
	}
	var ok bool
	if o.Model, ok = account.Printable(n.Model, 200); !ok {
		f = f.At("body.model", "1 to 200 printable characters", nil)
	}
	if o.BaseURL, ok = g.own.address(n.BaseURL); !ok {
		f = f.At("body.base_url", "must be an address such as https://models.example.com/v1", n.BaseURL)
	}
	if _, ok := account.Printable(o.Embeddings, 200); o.Embeddings != "" && (!ok || o.Vendor != config.OpenAI) {
		f = f.At("body.embedding_model", "is for openai, at most 200 printable characters", nil)
	}
	key := strings.TrimSpace(n.Key.Reveal())
	same := before.Vendor == o.Vendor && before.BaseURL == o.BaseURL
	switch {
	case key == "" && same:
		o.sealed, o.Hint = before.sealed, before.Hint
	case key == "":
		f = f.At("body.api_key", "is needed: a key goes only where it was given for", nil)
	default:
		if key, ok = account.Printable(key, 500); !ok || strings.ContainsAny(key, " \t") {
			f = f.At("body.api_key", "1 to 500 printable characters without blanks", nil)
			break
		}
		o.sealed, o.Hint = g.own.box.Close([]byte(key), ownLabel(tx)), hint(key)
	}
	if len(f.Fields) > 0 {
		return Own{}, f
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO ai_own (account_id, vendor, base_url, model, embeddings, key_sealed, hint, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (account_id) DO UPDATE SET vendor = excluded.vendor, base_url = excluded.base_url, model = excluded.model, embeddings = excluded.embeddings,
			key_sealed = excluded.key_sealed, hint = excluded.hint, trouble = '', checked_at = NULL, updated_at = excluded.updated_at`,
		string(o.Vendor), o.BaseURL, o.Model, o.Embeddings, o.sealed, o.Hint, clock.Micros(tx.Now()))
	if err != nil {
		return Own{}, fmt.Errorf("set the account's AI provider: %w", err)
	}
	err = audit.Record(ctx, tx, "ai.own_provider", tx.Scope().Account().String(), map[string]string{"provider": n.Vendor, "base_url": o.BaseURL, "model": o.Model})
	if err != nil {
		return Own{}, err
	}
	return LoadOwn(ctx, tx)
}

// hint is how a key ends, as far as that gives nothing away.
func hint(key string) string {
	if utf8.RuneCountInString(key) < 12 {
		return ""
	}
	r := []rune(key)
	return string(r[len(r)-4:])
}

// ownLabel says what is sealed, and whose.
func ownLabel(r tenant.Reader) string { return "ai key " + r.Scope().Account().String() }

// address is the address of an endpoint; empty is the vendor's own.
func (o *owns) address(s string) (string, bool) {
	s = strings.TrimRight(strings.TrimSpace(s), "/")
	if s == "" || s == openai.BaseURL || s == anthropic.BaseURL {
		return "", true
	}
	u, err := url.Parse(s)
	ok := err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && o.outside.AllowPrivate)
	return s, ok && len(s) <= 500
}

// DropOwn forgets the endpoint of an account, and its key. Its work is done at
// the operator's again.
func DropOwn(ctx context.Context, tx *tenant.Tx) error {
	n, err := tx.Exec(ctx, `DELETE FROM ai_own WHERE account_id = $1`)
	if err == nil && n == 0 {
		return ErrNoOwn
	}
	if err != nil {
		return fmt.Errorf("drop the account's AI provider: %w", err)
	}
	return audit.Record(ctx, tx, "ai.own_provider_dropped", tx.Scope().Account().String(), nil)
}

// providerOf is who does the work of an account.
func (g *Gateway) providerOf(ctx context.Context, r tenant.Reader) (provider.Provider, error) {
	if g.own == nil {
		return g.p, nil
	}
	o, err := LoadOwn(ctx, r)
	if errors.Is(err, ErrNoOwn) {
		return g.p, nil
	}
	if err != nil {
		return nil, err
	}
	return g.own.of(r, o)
}

// of is the client of an account's endpoint, the same for all its work until it
// is changed.
func (o *owns) of(r tenant.Reader, own Own) (provider.Provider, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	who := r.Scope().Account()
	have, there := o.made[who]
	if there && have.updated == clock.Micros(own.Updated) {
		return have.p, nil
	}
	key, err := o.box.Open(own.sealed, ownLabel(r))
	if err != nil {
		return nil, fmt.Errorf("the key of the account's AI provider: %w", err)
	}
	if there {
		have.client.CloseIdleConnections()
	}
	m, e, client := o.models(own, string(key))
	p := chat.New(string(own.Vendor), m)
	if e != nil {
		p = chat.NewWithVectors(string(own.Vendor), m, e)
	}
	o.made[who] = made{clock.Micros(own.Updated), p, client}
	return p, nil
}

// models is the models of an endpoint. There may be none of embeddings.
func (o *owns) models(own Own, key string) (chat.Model, chat.Embedder, *http.Client) {
	client := httpx.NewClient(o.outside)
	base := own.BaseURL
	if own.Vendor == config.Anthropic {
		if base == "" {
			base = anthropic.BaseURL
		}
		return &anthropic.Model{Client: client, BaseURL: base, Key: key, Name: own.Model}, nil, client
	}
	if base == "" {
		base = openai.BaseURL
	}
	m := &openai.Model{Client: client, BaseURL: base, Key: key, Name: own.Model}
	if own.Embeddings == "" {
		return m, nil, client
	}
	return m, &openai.Embeddings{Client: client, BaseURL: base, Key: key, Name: own.Embeddings}, client
}

// testLimit is how long a test waits for an answer.
const testLimit = 45 * time.Second

// TestOwn asks the account's endpoint something small, keeps what came of it,
// and answers the endpoint with it. It works outside of a transaction.
func (g *Gateway) TestOwn(ctx context.Context, s tenant.Scope) (Own, error) {
	var o Own
	var key []byte
	err := g.st.View(ctx, s, func(ctx context.Context, v *tenant.View) (err error) {
		if o, err = LoadOwn(ctx, v); err == nil {
			key, err = g.own.box.Open(o.sealed, ownLabel(v))
		}
		return err
	})
	if err != nil {
		return Own{}, err
	}
	m, e, client := g.own.models(o, string(key))
	defer client.CloseIdleConnections()
	asking, stop := context.WithTimeout(ctx, testLimit)
	defer stop()
	_, err = m.Ask(asking, `Answer {"ok":true} and nothing else.`, "{}", 16)
	if err == nil && e != nil {
		_, _, err = e.Embed(asking, []string{"test"})
	}
	if ctx.Err() != nil {
		return Own{}, ctx.Err()
	}
	err = g.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE ai_own SET trouble = $2, checked_at = $3 WHERE account_id = $1 AND updated_at = $4`,
			troubleOf(err), clock.Micros(tx.Now()), clock.Micros(o.Updated))
		if err != nil {
			return fmt.Errorf("the account's AI provider: %w", err)
		}
		o, err = LoadOwn(ctx, tx)
		return err
	})
	return o, err
}

// troubleOf is what is wrong with an endpoint, in a word. A model that answers
// what is of no use answers.
func troubleOf(err error) string {
	var f *provider.Failed
	switch {
	case err == nil, provider.FailureOf(err) == credit.Unusable:
		return ""
	case errors.Is(err, httpx.ErrPrivateAddress):
		return "private_address"
	case errors.Is(err, httpx.ErrRedirected):
		return "redirects"
	case errors.As(err, &f):
		switch f.Status {
		case http.StatusUnauthorized, http.StatusForbidden:
			return "bad_key"
		case http.StatusNotFound:
			return "not_there"
		}
	}
	switch provider.FailureOf(err) {
	case credit.Unsent:
		return "no_connection"
	case credit.Busy:
		return "busy"
	case credit.Rejected:
		return "refused"
	default:
		return "silent"
	}
}

// Says is what to do about what is wrong; empty when nothing is.
func (o Own) Says() words.Text {
	switch o.Trouble {
	case "private_address":
		return "This address is not a public one, and is not asked."
	case "redirects":
		return "The endpoint sends to another address. Give that one."
	case "bad_key":
		return "The provider does not accept this key. Make a new one there."
	case "not_there":
		return "The provider knows no such model, or nothing is at this address. Look at the spelling of both; addresses of OpenAI's kind mostly end in /v1."
	case "no_connection":
		return "Nobody answers at this address. Look whether it is right, and whether a firewall keeps this server out."
	case "busy":
		return "The provider takes no more at the moment: a limit there is reached, or your balance with it is used up."
	case "refused":
		return "The provider refused the request. Look whether the model can answer in JSON."
	case "silent":
		return "The provider was asked and gave no answer. Try again later."
	}
	return ""
}
