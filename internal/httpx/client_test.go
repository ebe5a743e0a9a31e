package httpx_test

import (
	"net/http"
	"net/netip"
	"testing"

	"igny8/internal/httpx"
)

func TestClientIsBelievedFromProxiesOnly(t *testing.T) {
	proxies := httpx.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		trusted    httpx.Proxies
		want       string
	}{
		{"no proxy", "192.0.2.1:5", nil, nil, "192.0.2.1"},
		{"nobody is trusted", "10.0.0.1:5", []string{"198.51.100.7"}, nil, "10.0.0.1"},
		{"a stranger claims", "192.0.2.1:5", []string{"198.51.100.7"}, proxies, "192.0.2.1"},
		{"one proxy", "10.0.0.1:5", []string{"198.51.100.7"}, proxies, "198.51.100.7"},
		{"what the client wrote before", "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.7"}, proxies, "198.51.100.7"},
		{"two proxies", "10.0.0.1:5", []string{"203.0.113.9, 198.51.100.7, 10.0.0.2"}, proxies, "198.51.100.7"},
		{"two lines", "10.0.0.1:5", []string{"203.0.113.9", "198.51.100.7,10.0.0.2"}, proxies, "198.51.100.7"},
		{"proxies alone", "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, proxies, "10.0.0.3"},
		{"a proxy's own request", "10.0.0.1:5", nil, proxies, "10.0.0.1"},
		{"nonsense", "10.0.0.1:5", []string{"198.51.100.7, unknown"}, proxies, "10.0.0.1"},
		{"nonsense behind a proxy", "10.0.0.1:5", []string{"x, 10.0.0.2"}, proxies, "10.0.0.2"},
		{"with ports", "10.0.0.1:5", []string{"198.51.100.7:443"}, proxies, "198.51.100.7"},
		{"IPv6", "[fd00::1]:5", []string{"[2001:db8::7]:443"}, proxies, "2001:db8::7"},
		{"IPv6 in brackets", "[fd00::1]:5", []string{"[2001:db8::7]"}, proxies, "2001:db8::7"},
		{"IPv4 in IPv6", "[::ffff:10.0.0.1]:5", []string{"::ffff:198.51.100.7"}, proxies, "198.51.100.7"},
		{"a zone", "[fe80::1%eth0]:5", nil, proxies, "fe80::1"},
		{"no address", "@", []string{"198.51.100.7"}, proxies, "invalid IP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
			for _, line := range tt.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			if got := tt.trusted.Client(r).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
