package wordpress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// Trouble is what keeps a site from being published to.
type Trouble string

// The troubles, in the order in which they are looked for.
const (
	Fine         Trouble = ""
	NoAddress    Trouble = "no_address"    // the name leads nowhere
	NoConnection Trouble = "no_connection" // nobody answers, or it is too slow
	BadTLS       Trouble = "bad_tls"       // its certificate is not valid
	Forbidden    Trouble = "forbidden"     // an address that may not be asked
	Redirects    Trouble = "redirects"     // it sends to another address
	NotWordPress Trouble = "not_wordpress" // there is no REST API of WordPress
	Blocked      Trouble = "blocked"       // the REST API is switched off
	NoPasswords  Trouble = "no_passwords"  // application passwords are switched off
	BadPassword  Trouble = "bad_password"  // the credentials are wrong, or did not arrive: WordPress says the same of both
	MayNot       Trouble = "may_not"       // the user may not publish
)

// Probe finds out whether the site can be published to, and why not. An error
// is one that it has no name for.
func (c *Client) Probe(ctx context.Context, forbidden, redirected error) (Trouble, error) {
	var index struct {
		Namespaces     []string `json:"namespaces"`
		Authentication any      `json:"authentication"` // an object, and an empty list when there is none
	}
	anybody := &Client{HTTP: c.HTTP, URL: c.URL}
	if err := anybody.do(ctx, http.MethodGet, "/", nil, nil, &index); err != nil {
		return named(err, forbidden, redirected)
	}
	if !slices.Contains(index.Namespaces, "wp/v2") {
		return NotWordPress, nil
	}
	ways, _ := index.Authentication.(map[string]any)
	if _, ok := ways["application-passwords"]; !ok {
		return NoPasswords, nil
	}
	var me struct {
		Capabilities map[string]bool `json:"capabilities"`
	}
	err := c.do(ctx, http.MethodGet, "/wp/v2/users/me", url.Values{"context": {"edit"}}, nil, &me)
	var r *Refusal
	switch {
	case errors.As(err, &r) && r.Status == http.StatusUnauthorized && r.Code != "":
		return BadPassword, nil
	case err != nil:
		return named(err, forbidden, redirected)
	}
	for _, may := range []string{"edit_posts", "publish_posts"} {
		if !me.Capabilities[may] {
			return MayNot, nil
		}
	}
	return Fine, nil
}

// named is the trouble of an error.
func named(err, forbidden, redirected error) (Trouble, error) {
	var dns *net.DNSError
	var bad *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var netError net.Error
	var r *Refusal
	switch {
	case errors.Is(err, forbidden):
		return Forbidden, nil
	case errors.Is(err, redirected):
		return Redirects, nil
	case errors.As(err, &dns):
		return NoAddress, nil
	case errors.As(err, &bad), errors.As(err, &alert), errors.As(err, &record):
		return BadTLS, nil
	case errors.Is(err, ErrNotJSON):
		return NotWordPress, nil
	case errors.As(err, &r) && (r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden):
		return Blocked, nil
	case errors.As(err, &r) && r.Status == http.StatusNotFound:
		return NotWordPress, nil
	case errors.As(err, &netError):
		return NoConnection, nil
	}
	return Fine, err
}
