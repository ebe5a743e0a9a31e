// Package stripetest is a Stripe on loopback for tests: it keeps what it is
// asked for, and a test says what the payer does. That our requests are as the
// real one wants them is for stripe-mock to say, see Mock.
package stripetest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The credentials of the account.
const (
	Key    = "sk_test_igny8"
	Secret = "whsec_igny8"
)

// object is a JSON object, as Stripe keeps and tells it.
type object map[string]any

// Stripe is a Stripe.
type Stripe struct {
	URL string

	mu      sync.Mutex
	away    bool
	mute    bool
	count   int
	things  map[string]object // by id
	done    map[string]string // Idempotency-Key -> id
	asked   []string
	stopped []string
}

// New starts a Stripe that is there until the test ends.
func New(t testing.TB) *Stripe {
	t.Helper()
	s := &Stripe{things: map[string]object{}, done: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/checkout/sessions", s.begin)
	mux.HandleFunc("POST /v1/billing_portal/sessions", s.portal)
	mux.HandleFunc("GET /v1/invoice_payments", s.list("invoice_payment", "invoice", "payment[payment_intent]"))
	mux.HandleFunc("GET /v1/disputes", s.list("dispute", "payment_intent"))
	for _, kind := range []string{"checkout/sessions", "subscriptions", "invoices", "payment_intents", "charges", "disputes"} {
		mux.HandleFunc("GET /v1/"+kind+"/{id}", s.get)
	}
	mux.HandleFunc("DELETE /v1/subscriptions/{id}", s.cancel)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		rw.Header().Set("Connection", "close")
		switch {
		case s.away:
			answer(rw, http.StatusServiceUnavailable, object{"error": object{"type": "api_error", "message": "away"}})
		case r.Header.Get("Authorization") != "Bearer "+Key:
			answer(rw, http.StatusUnauthorized, object{"error": object{"type": "invalid_request_error", "message": "Invalid API Key"}})
		case s.mute:
			mux.ServeHTTP(httptest.NewRecorder(), r)
			answer(rw, http.StatusBadGateway, object{})
		default:
			mux.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

func answer(rw http.ResponseWriter, status int, o object) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(o) // to a client of this process
}

// Away makes it answer 503, or answer again.
func (s *Stripe) Away(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// Mute makes it do what it is asked, and lose its answers, or not any more.
func (s *Stripe) Mute(mute bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = mute
}

// Sessions is how many sessions there are.
func (s *Stripe) Sessions() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.things {
		if o["object"] == "checkout.session" {
			n++
		}
	}
	return n
}

// Asked is how often something was asked, such as "POST /v1/checkout/sessions".
func (s *Stripe) Asked(what string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		if a == what {
			n++
		}
	}
	return n
}

// Stopped is the subscriptions that were cancelled over the API.
func (s *Stripe) Stopped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.stopped...)
}

func (s *Stripe) add(kind string, o object) string {
	s.count++
	prefix := map[string]string{
		"checkout.session": "cs", "subscription": "sub", "invoice": "in", "payment_intent": "pi", "charge": "ch",
		"dispute": "du", "invoice_payment": "inpay", "event": "evt",
	}[kind]
	id := fmt.Sprintf("%s_test_%d", prefix, s.count)
	o["id"], o["object"] = id, kind
	s.things[id] = o
	return id
}

func (s *Stripe) begin(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		answer(rw, http.StatusBadRequest, object{"error": object{"type": "invalid_request_error"}})
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if id, again := s.done[key]; again {
		answer(rw, http.StatusOK, s.things[id])
		return
	}
	f := r.PostForm
	id := s.add("checkout.session", object{
		"mode": f.Get("mode"), "status": "open", "payment_status": "unpaid", "client_reference_id": f.Get("client_reference_id"),
		"metadata": within(f, "metadata["), "sub_metadata": within(f, "subscription_data[metadata]["), "pi_metadata": within(f, "payment_intent_data[metadata]["),
		"amount": f.Get("line_items[0][price_data][unit_amount]"), "currency": f.Get("line_items[0][price_data][currency]"),
		"interval": f.Get("line_items[0][price_data][recurring][interval]"), "success_url": f.Get("success_url"),
	})
	s.things[id]["url"] = s.URL + "/pay/" + id
	s.done[key] = id
	answer(rw, http.StatusOK, s.things[id])
}

func within(f map[string][]string, prefix string) map[string]string {
	said := map[string]string{}
	for name, v := range f {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			said[strings.TrimSuffix(rest, "]")] = v[0]
		}
	}
	return said
}

func (s *Stripe) portal(rw http.ResponseWriter, r *http.Request) {
	answer(rw, http.StatusOK, object{"id": "bps_1", "object": "billing_portal.session", "url": s.URL + "/portal/" + r.FormValue("customer")})
}

func (s *Stripe) get(rw http.ResponseWriter, r *http.Request) {
	o, ok := s.things[r.PathValue("id")]
	if !ok {
		answer(rw, http.StatusNotFound, object{"error": object{"type": "invalid_request_error", "code": "resource_missing", "message": "No such thing"}})
		return
	}
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	if cid, _ := o["latest_charge"].(string); cid != "" && r.URL.Query().Get("expand[0]") == "latest_charge" {
		out["latest_charge"] = s.things[cid]
	}
	answer(rw, http.StatusOK, out)
}

// list answers the things of a kind whose members are as the query says.
func (s *Stripe) list(kind string, members ...string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		found := []object{}
		for _, o := range s.things {
			fits := o["object"] == kind
			for _, m := range members {
				if want := r.URL.Query().Get(m); want != "" && o[strings.TrimSuffix(strings.TrimPrefix(m, "payment["), "]")] != want {
					fits = false
				}
			}
			if fits {
				found = append(found, o)
			}
		}
		answer(rw, http.StatusOK, object{"object": "list", "data": found, "has_more": false})
	}
}

func (s *Stripe) cancel(rw http.ResponseWriter, r *http.Request) {
	o, ok := s.things[r.PathValue("id")]
	if !ok {
		answer(rw, http.StatusNotFound, object{"error": object{"type": "invalid_request_error"}})
		return
	}
	o["status"] = "canceled"
	s.stopped = append(s.stopped, r.PathValue("id"))
	answer(rw, http.StatusOK, o)
}

// Sign is the header of a message that is sent at a moment.
func Sign(secret string, body []byte, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// Event is a message about one of the things.
func (s *Stripe) Event(kind, about string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.event(kind, about)
}

func (s *Stripe) event(kind, about string) []byte {
	thing := s.things[about]
	if thing == nil {
		thing = object{"id": about}
	}
	body, err := json.Marshal(object{"id": s.add("event", object{}), "object": "event", "type": kind, "api_version": "2020-08-27", "data": object{"object": thing}})
	if err != nil {
		panic(err)
	}
	return body
}
