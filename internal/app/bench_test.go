package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// BenchmarkGate is what a request costs in the process, from the router to the
// last byte of the answer: a list with one site.
func BenchmarkGate(b *testing.B) {
	h := open(b, clock.Clock{})
	h.sql(`UPDATE plans SET rate_read = 1000000000`)
	r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	token := r.text("access_token")
	h.site(token)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct{ name, credential string }{{"key", tenancy{h: h, acc: acc}.key(0, "", "content.read")}, {"token", token}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req := httptest.NewRequest(http.MethodGet, api.Base+"/account", nil)
					req.Header.Set("Authorization", "Bearer "+way.credential)
					rec := httptest.NewRecorder()
					if h.s.handler.ServeHTTP(rec, req); rec.Code != http.StatusOK {
						b.Errorf("%d %s", rec.Code, rec.Body)
						return
					}
				}
			})
		})
	}
}
