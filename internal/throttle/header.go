package throttle

import (
	"fmt"
	"net/http"
)

// Tell writes the fields RateLimit-Policy and RateLimit (IETF
// draft-ietf-httpapi-ratelimit-headers), and Retry-After for a refusal, where
// t of RateLimit names the same moment. A request that was counted twice has a
// list of two. One that was not counted has none.
func (d Decision) Tell(h http.Header) {
	if d.Scope == "" {
		return
	}
	reset := d.Reset
	if !d.Allowed {
		reset = d.RetryAfter
		h.Set("Retry-After", fmt.Sprint(seconds(reset)))
	}
	list(h, "RateLimit-Policy", fmt.Sprintf("%q;q=%d;w=%d", d.Scope, d.Limit, seconds(d.Window)))
	list(h, "RateLimit", fmt.Sprintf("%q;r=%d;t=%d", d.Scope, d.Remaining, seconds(reset)))
}

func list(h http.Header, name, item string) {
	if before := h.Get(name); before != "" {
		item = before + ", " + item
	}
	h.Set(name, item)
}
