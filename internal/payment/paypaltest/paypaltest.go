// Package paypaltest is a PayPal on loopback for tests: it keeps what it is
// asked for, says whether a message is its own, and a test says what the payer
// does.
package paypaltest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The credentials of the application.
const (
	ClientID = "paypal-client"
	Secret   = "paypal-secret"
	Webhook  = "WH-IGNY8"
)

type object map[string]any

// PayPal is a PayPal.
type PayPal struct {
	URL string

	mu     sync.Mutex
	away   bool
	count  int
	token  string
	things map[string]object
	done   map[string]string // PayPal-Request-Id -> id
	asked  []string
}

// New starts a PayPal that is there until the test ends.
func New(t testing.TB) *PayPal {
	t.Helper()
	p := &PayPal{things: map[string]object{}, done: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/oauth2/token", p.signIn)
	mux.HandleFunc("POST /v1/notifications/verify-webhook-signature", p.verify)
	mux.HandleFunc("POST /v2/checkout/orders", p.made("order", "payer-action"))
	mux.HandleFunc("POST /v2/checkout/orders/{id}/capture", p.capture)
	mux.HandleFunc("POST /v1/catalogs/products", p.made("product", ""))
	mux.HandleFunc("POST /v1/billing/plans", p.made("plan", ""))
	mux.HandleFunc("POST /v1/billing/subscriptions", p.made("subscription", "approve"))
	mux.HandleFunc("POST /v1/billing/subscriptions/{id}/cancel", p.cancel)
	for _, kind := range []string{
		"v2/checkout/orders", "v2/payments/captures", "v2/payments/refunds", "v1/payments/sale", "v1/payments/refund", "v1/billing/subscriptions",
	} {
		mux.HandleFunc("GET /"+kind+"/{id}", p.get)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = append(p.asked, r.Method+" "+r.URL.Path)
		rw.Header().Set("Connection", "close")
		switch {
		case p.away:
			answer(rw, http.StatusServiceUnavailable, object{"name": "SERVICE_UNAVAILABLE"})
		case r.URL.Path != "/v1/oauth2/token" && r.Header.Get("Authorization") != "Bearer "+p.token:
			answer(rw, http.StatusUnauthorized, object{"error": "invalid_token"})
		default:
			mux.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

func answer(rw http.ResponseWriter, status int, o object) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(o) // to a client of this process
}

// Away makes it answer 503, or answer again.
func (p *PayPal) Away(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = away
}

// Forget ends all sign-ins.
func (p *PayPal) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = "gone"
}

// Asked is how often something was asked, such as "POST /v1/billing/plans".
func (p *PayPal) Asked(what string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.asked {
		if a == what {
			n++
		}
	}
	return n
}

func (p *PayPal) add(kind string, o object) string {
	p.count++
	prefix := map[string]string{"order": "O", "product": "PROD", "plan": "P", "subscription": "I", "capture": "C", "sale": "S", "refund": "R"}[kind]
	id := fmt.Sprintf("%s-%d", prefix, p.count)
	o["id"], o["kind"] = id, kind
	p.things[id] = o
	return id
}

func (p *PayPal) signIn(rw http.ResponseWriter, r *http.Request) {
	if id, secret, _ := r.BasicAuth(); id != ClientID || secret != Secret || r.FormValue("grant_type") != "client_credentials" {
		answer(rw, http.StatusUnauthorized, object{"error": "invalid_client"})
		return
	}
	p.count++
	p.token = fmt.Sprintf("token-%d", p.count)
	answer(rw, http.StatusOK, object{"access_token": p.token, "expires_in": 32400})
}

// made makes a thing out of what was sent, once for each PayPal-Request-Id.
func (p *PayPal) made(kind, rel string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		key := kind + " " + r.Header.Get("PayPal-Request-Id")
		id, again := p.done[key]
		if !again {
			o := object{}
			if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
				answer(rw, http.StatusBadRequest, object{"name": "MALFORMED_REQUEST_JSON"})
				return
			}
			id = p.add(kind, o)
			o["status"] = map[string]string{"order": "PAYER_ACTION_REQUIRED", "subscription": "APPROVAL_PENDING"}[kind]
			if rel != "" {
				o["links"] = []object{{"rel": rel, "href": p.URL + "/pay/" + id}}
			}
			p.done[key] = id
		}
		answer(rw, http.StatusCreated, p.things[id])
	}
}

func (p *PayPal) get(rw http.ResponseWriter, r *http.Request) {
	o, ok := p.things[r.PathValue("id")]
	if !ok {
		answer(rw, http.StatusNotFound, object{"name": "RESOURCE_NOT_FOUND"})
		return
	}
	answer(rw, http.StatusOK, o)
}

func (p *PayPal) capture(rw http.ResponseWriter, r *http.Request) {
	o, ok := p.things[r.PathValue("id")]
	if !ok || o["status"] != "APPROVED" {
		answer(rw, http.StatusUnprocessableEntity, object{"name": "UNPROCESSABLE_ENTITY"})
		return
	}
	unit := o["purchase_units"].([]any)[0].(map[string]any)
	c := p.add("capture", object{"status": "COMPLETED", "amount": unit["amount"], "custom_id": unit["custom_id"]})
	unit["payments"] = object{"captures": []object{p.things[c]}}
	o["status"] = "COMPLETED"
	answer(rw, http.StatusCreated, o)
}

func (p *PayPal) cancel(rw http.ResponseWriter, r *http.Request) {
	o, ok := p.things[r.PathValue("id")]
	switch {
	case !ok:
		answer(rw, http.StatusNotFound, object{"name": "RESOURCE_NOT_FOUND"})
	case o["status"] == "CANCELLED":
		answer(rw, http.StatusUnprocessableEntity, object{"name": "UNPROCESSABLE_ENTITY"})
	default:
		o["status"] = "CANCELLED"
		rw.WriteHeader(http.StatusNoContent)
	}
}

// verify is exact about the bytes, as the real one is.
func (p *PayPal) verify(rw http.ResponseWriter, r *http.Request) {
	var q struct {
		ID        string          `json:"transmission_id"`
		Time      string          `json:"transmission_time"`
		Signature string          `json:"transmission_sig"`
		Webhook   string          `json:"webhook_id"`
		Event     json.RawMessage `json:"webhook_event"`
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		answer(rw, http.StatusBadRequest, object{"name": "MALFORMED_REQUEST_JSON"})
		return
	}
	said := "FAILURE"
	if hmac.Equal([]byte(q.Signature), []byte(signature(q.ID, q.Time, q.Webhook, q.Event))) && q.Webhook == Webhook {
		said = "SUCCESS"
	}
	answer(rw, http.StatusOK, object{"verification_status": said})
}

func signature(id, at, webhook string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(Secret))
	_, _ = fmt.Fprintf(mac, "%s|%s|%s|%d", id, at, webhook, crc32.ChecksumIEEE(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Sign is the headers of a message that is sent at a moment.
func (p *PayPal) Sign(body []byte, at time.Time) http.Header {
	id, when := fmt.Sprintf("tx-%x", sha256.Sum256(body))[:20], at.UTC().Format(time.RFC3339)
	return http.Header{
		"Paypal-Auth-Algo": {"SHA256withRSA"}, "Paypal-Cert-Url": {p.URL + "/cert.pem"}, "Paypal-Transmission-Id": {id},
		"Paypal-Transmission-Time": {when}, "Paypal-Transmission-Sig": {signature(id, when, Webhook, body)},
	}
}

// Event is a message about one of the things. It is written as PayPal writes:
// with spaces and signs that another encoder would not leave as they are.
func (p *PayPal) Event(kind, about string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.event(kind, about)
}

func (p *PayPal) event(kind, about string) []byte {
	thing := p.things[about]
	if thing == nil {
		thing = object{"id": about}
	}
	p.count++
	body, err := json.MarshalIndent(object{"id": fmt.Sprintf("WH-%d", p.count), "event_type": kind, "resource_type": thing["kind"], "resource": thing}, "", "  ")
	if err != nil {
		panic(err)
	}
	return []byte(strings.Replace(string(body), `"event_type"`, `"summary": "a <b> & c", "event_type"`, 1))
}
