// Package throttle decides how often somebody may do something.
//
// A Key says whose bucket it is: an account's, a user's, an address's, that of
// an e-mail address; never anything that a caller can choose anew for each
// request. A Rate says how much the bucket lets through. The arithmetic is GCRA,
// in whole microseconds, and the same in Go and in the script that Redis runs.
package throttle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"time"

	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// Scope is a kind of requests that are counted together.
type Scope string

// The scopes. A caller sees their names in the RateLimit fields.
const (
	Auth   Scope = "auth"       // sign in, register and the like, by client address
	Email  Scope = "auth_email" // the same, by the e-mail address that is asked about
	Read   Scope = "read"       // GET
	Write  Scope = "write"      // what changes something
	AI     Scope = "ai"         // what orders work from a model
	Bridge Scope = "bridge"     // what a connected site asks
	Vendor Scope = "vendor"     // what payment providers tell, by client address
	Person Scope = "person"     // what somebody does as himself, and not in an account: staff above all
)

// Rates is how many requests of each scope an account may send in a minute.
type Rates struct {
	Read, Write, AI, Bridge int64
	Exempt                  bool // its requests are not counted
}

// Basic is for accounts that are on no plan now, such as one that has yet to
// pay, and for callers without an account, by their address.
var Basic = Rates{Read: 600, Write: 300, AI: 60, Bridge: 300}

// Of is the rate of one scope. Scopes that no plan speaks of have the rates
// below.
func (r Rates) Of(s Scope) Rate {
	switch s {
	case Read:
		return PerMinute(r.Read)
	case Write:
		return PerMinute(r.Write)
	case AI:
		return PerMinute(r.AI)
	case Bridge:
		return PerMinute(r.Bridge)
	case Auth:
		return AuthByAddress
	case Vendor:
		return VendorByAddress
	case Person:
		return ByPerson
	case Email:
		return LoginByEmail
	}
	return Rate{}
}

// The rates that are the same for everybody. An address may be that of a
// whole office. Ten wrong passwords in five minutes, from however many
// addresses, are too many for one mailbox; opening an account is apart from
// signing in, so that neither can be used to keep somebody from the other.
var (
	AuthByAddress   = PerMinute(120)
	LoginByEmail    = Rate{Count: 10, Window: 5 * time.Minute}
	RegisterByEmail = PerMinute(60)
	ByPerson        = PerMinute(1200)
	VendorByAddress = PerMinute(1200)
)

// Key names a bucket. The zero Key is nobody's.
type Key struct {
	scope Scope
	who   string
}

// ByAccount is the bucket that all users and API keys of an account share.
func ByAccount(s Scope, a tenant.AccountID) Key { return Key{s, a.String()} }

// ByUser is the bucket of a person, in whatever account.
func ByUser(s Scope, user string) Key { return Key{s, user} }

// ByAddress is the bucket of a client address. One subscriber has a whole /64
// of IPv6, so that is one bucket.
func ByAddress(s Scope, a netip.Addr) Key {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil { // an IPv6 address has one
			a = p.Addr()
		}
	}
	return Key{s, "addr:" + a.String()}
}

// ByEmail is the bucket of an e-mail address for one operation, such as
// "login". Two spellings that are one mailbox share it, and it is kept as a
// hash.
func ByEmail(operation, address string) Key {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(address))))
	return Key{Email, operation + ":" + hex.EncodeToString(sum[:16])}
}

func (k Key) text() string { return string(k.scope) + ":" + k.who }

// Store keeps buckets. Both Memory and Shared do.
type Store interface {
	// Take takes one request out of a bucket. It always decides.
	Take(ctx context.Context, k Key, r Rate) Decision
}

// ErrExceeded is one request too many.
var ErrExceeded = fault.New(fault.TooMany, "throttle.exceeded", "Too many requests. Try again in a moment.")

// Gate is what the edges ask.
type Gate struct {
	store  Store
	exempt bool
}

// NewGate makes a Gate on a store. With exempt set it lets everything
// through: that is for a server that nobody else can reach.
func NewGate(s Store, exempt bool) *Gate { return &Gate{store: s, exempt: exempt} }

// Take takes one request out of k's bucket.
func (g *Gate) Take(ctx context.Context, k Key, r Rate) Decision {
	if g.exempt {
		return Exempt
	}
	return g.store.Take(ctx, k, r)
}
