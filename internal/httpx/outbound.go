package httpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"igny8/internal/db"
)

// Errors of the outbound client.
var (
	ErrInTransaction  = errors.New("a network call inside a database transaction")
	ErrPrivateAddress = errors.New("the address is not a public one")
	ErrRedirected     = errors.New("the server redirects, and is not followed")
)

// Outbound says what an outbound client may do.
type Outbound struct {
	// AllowPrivate lets the client reach loopback and private addresses: for
	// what the operator has configured, never for an address that a tenant
	// gave.
	AllowPrivate bool
	Timeout      time.Duration // of a whole exchange, body included; zero: one minute
	HeaderWait   time.Duration // until the answer begins; zero: Timeout
}

// NewClient makes the only kind of HTTP client that the program uses. It
// follows no redirect, so that no credential travels to where it was not meant
// for; it checks the address that a name resolved to, at the moment of dialling,
// so that a name cannot change its mind; and it refuses to work inside a
// database transaction.
func NewClient(o Outbound) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.HeaderWait == 0 {
		o.HeaderWait = o.Timeout
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	if !o.AllowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return publicOnly(address) }
	}
	return &http.Client{
		Timeout: o.Timeout,
		Transport: outside{&http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: o.HeaderWait,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 1 << 20, ForceAttemptHTTP2: true,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return ErrRedirected },
	}
}

// outside refuses to be used where a database waits.
type outside struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (o outside) RoundTrip(r *http.Request) (*http.Response, error) {
	if db.InTx(r.Context()) {
		return nil, ErrInTransaction
	}
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "igny8")
	return o.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close what waits.
func (o outside) CloseIdleConnections() {
	if c, ok := o.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// notPublic is the address space that providers share among customers (RFC 6598),
// and others that are not of the public network (RFC 6890).
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// publicOnly is ErrPrivateAddress for an address that no stranger may send us
// to.
func publicOnly(address string) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrPrivateAddress, address)
	}
	a := ap.Addr().Unmap()
	bad := !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback()
	for _, p := range notPublic {
		bad = bad || p.Contains(a)
	}
	if bad {
		return fmt.Errorf("%w: %s", ErrPrivateAddress, a)
	}
	return nil
}

// Temporary tells whether asking again later may help: the peer was away or
// too slow, or the network was. A caller that went away is not that.
func Temporary(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	return !errors.Is(err, ErrInTransaction) && !errors.Is(err, ErrPrivateAddress) && !errors.Is(err, ErrRedirected)
}
