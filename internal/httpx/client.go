package httpx

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the addresses of the operator's own proxies: what stands there
// is believed about who stands behind it. The zero Proxies believe nobody.
type Proxies []netip.Prefix

// Client is the address that a request came from: that of the connection, or,
// when that is one of the proxies', the one that X-Forwarded-For tells. It is
// read from the right, past proxies only: what is further left anybody may
// have written. The zero Addr is a connection without an address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	peer := parseHop(r.RemoteAddr)
	if !p.trust(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		before := parseHop(strings.TrimSpace(hop))
		if !before.IsValid() {
			break
		}
		if peer = before; !p.trust(peer) {
			break
		}
	}
	return peer
}

func (p Proxies) trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(known netip.Prefix) bool { return known.Contains(a) })
}

// parseHop reads an address, with a port or without one.
func parseHop(s string) netip.Addr {
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		at, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}
		}
		a = at.Addr()
	}
	return a.Unmap().WithZone("")
}
