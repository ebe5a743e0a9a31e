package throttle

import (
	"net/http"
	"strconv"
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
		h.Set("Retry-After", strconv.FormatInt(seconds(reset), 10))
	}
	list(h, "Ratelimit-Policy", item(d.Scope, ";q=", d.Limit, ";w=", seconds(d.Window)))
	list(h, "Ratelimit", item(d.Scope, ";r=", d.Remaining, ";t=", seconds(reset)))
}

// item is one item of a list; it is written for each request, and by hand.
func item(s Scope, first string, a int64, second string, b int64) string {
	text := make([]byte, 0, 48)
	text = append(append(append(text, '"'), s...), '"')
	text = strconv.AppendInt(append(text, first...), a, 10)
	text = strconv.AppendInt(append(text, second...), b, 10)
	return string(text)
}

func list(h http.Header, name, item string) {
	if before := h.Get(name); before != "" {
		item = before + ", " + item
	}
	h.Set(name, item)
}
