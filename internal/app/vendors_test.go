package app

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/payment/paypaltest"
	"igny8/internal/payment/stripetest"
	"igny8/internal/tenant"
)

// till is a house that takes money by both vendors, and a tenant in it.
type till struct {
	*house
	stripe *stripetest.Stripe
	paypal *paypaltest.PayPal
	olga   string
	owner  string
	acc    tenant.AccountID
}

func (s *till) settings() config.Config {
	cfg := settings(s.t)
	cfg.Debug = true
	cfg.Stripe = config.Stripe{Key: config.NewSecret(stripetest.Key), Webhook: config.NewSecret(stripetest.Secret), BaseURL: s.stripe.URL}
	cfg.PayPal = config.PayPal{ClientID: paypaltest.ClientID, Secret: config.NewSecret(paypaltest.Secret), WebhookID: paypaltest.Webhook, BaseURL: s.paypal.URL}
	return cfg
}

func openTill(t *testing.T, c clock.Clock) *till {
	t.Helper()
	s := &till{house: &house{t: t}, stripe: stripetest.New(t), paypal: paypaltest.New(t)}
	s.house = openOn(t, c, s.settings())
	s.olga = s.operator()
	a := s.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	s.owner = a.text("access_token")
	var err error
	if s.acc, err = tenant.ParseAccountID(a.text("account.id")); err != nil {
		t.Fatal(err)
	}
	return s
}

// order orders a plan, and answers where to pay and the invoice.
func (s *till) order(plan, method, key string) (url, invoice string) {
	s.t.Helper()
	a := s.send("POST", "/billing/checkout", s.owner, object{"plan": plan, "payment_method": method}, "Idempotency-Key", key).is(http.StatusCreated)
	return a.text("redirect_url"), a.text("invoice.id")
}

// tell sends messages to the house, each signed now.
func (s *till) tell(vendor string, messages ...[]byte) {
	s.t.Helper()
	for _, body := range messages {
		s.send("POST", "/billing/webhooks/"+vendor, "", string(body), s.signed(vendor, body)...).is(http.StatusOK)
	}
}

func (s *till) signed(vendor string, body []byte) (header []string) {
	now := s.s.db.Clock().Now()
	if vendor == "stripe" {
		return []string{"Stripe-Signature", stripetest.Sign(stripetest.Secret, body, now)}
	}
	for name, v := range s.paypal.Sign(body, now) {
		header = append(header, name, v[0])
	}
	return header
}

// calm waits until every message has been looked into, and answers how often
// each state is there.
func (s *till) calm() map[string]int {
	s.t.Helper()
	for range 2400 {
		a := s.send("GET", "/admin/webhook-events?limit=500", s.olga, nil).is(http.StatusOK)
		states := map[string]int{}
		for _, e := range a.get("items").([]any) {
			states[e.(map[string]any)["state"].(string)]++
		}
		if states["received"] == 0 {
			return states
		}
		time.Sleep(25 * time.Millisecond)
	}
	s.t.Fatalf("messages are not looked into: %s", s.send("GET", "/admin/webhook-events", s.olga, nil).body)
	return nil
}

// seen is the account from outside, in a line.
func (s *till) seen() string {
	s.t.Helper()
	sub := s.send("GET", "/billing/subscription", s.owner, nil).is(http.StatusOK)
	credits := s.send("GET", "/billing/credits", s.owner, nil).is(http.StatusOK)
	line := fmt.Sprintf("%v %v by %v, %v credits;", sub.get("plan"), sub.get("status"), sub.get("payment_method"), credits.get("available"))
	for _, p := range s.send("GET", "/billing/payments", s.owner, nil).is(http.StatusOK).get("items").([]any) {
		line += fmt.Sprintf(" %v", p.(map[string]any)["status"])
	}
	for _, i := range s.send("GET", "/billing/invoices", s.owner, nil).is(http.StatusOK).get("items").([]any) {
		line += fmt.Sprintf(" invoice %v", i.(map[string]any)["status"])
	}
	return line
}

func (s *till) want(what, want string) {
	s.t.Helper()
	if got := s.seen(); got != want {
		s.t.Errorf("%s:\n got %s\nwant %s\n%s", what, got, want, s.send("GET", "/admin/webhook-events", s.olga, nil).body)
	}
}

// stopped waits until a subscription of Stripe's was cancelled, and no other.
func (s *till) stopped(sub string) {
	s.t.Helper()
	for range 400 {
		if len(s.stripe.Stopped()) > 0 {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if got := s.stripe.Stopped(); len(got) != 1 || got[0] != sub {
		s.t.Fatalf("stopped %v, want %s", got, sub)
	}
}

const bought = "growth active by %s, 3000 credits; succeeded invoice paid"

func TestStripeFromCheckoutToCredits(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, invoice := s.order("growth", "stripe", "one")
	if again, _ := s.order("growth", "stripe", "one"); again != url || s.stripe.Asked("POST /v1/checkout/sessions") != 1 {
		t.Errorf("the same order leads to %s and %s, by %d sessions", url, again, s.stripe.Asked("POST /v1/checkout/sessions"))
	}
	if again := s.send("POST", "/billing/invoices/"+invoice+"/pay", s.owner, nil).is(http.StatusOK).text("redirect_url"); again != url {
		t.Errorf("the invoice is paid at %s, and was at %s", again, url)
	}
	s.send("POST", "/billing/portal", s.owner, nil).fault(http.StatusConflict, "payment.no_agreement")
	s.want("before", "trial trialing by stripe, 1000 credits; invoice open")
	paid := s.stripe.Pay(stripetest.SessionOf(url))
	for range 2 { // each twice, and together
		var wg sync.WaitGroup
		for _, e := range paid.Events {
			wg.Go(func() { s.tell("stripe", e) })
		}
		wg.Wait()
	}
	if states := s.calm(); states["done"] != 3 || len(states) != 1 {
		t.Errorf("states %v", states)
	}
	s.want("after", fmt.Sprintf(bought, "stripe"))
	sub := s.send("GET", "/billing/subscription", s.owner, nil)
	if sub.text("stripe_subscription_id") != paid.Subscription || sub.text("external_payment_id") != paid.Intent {
		t.Errorf("subscription %s, paid %+v", sub.body, paid)
	}
	p := s.send("GET", "/billing/payments", s.owner, nil).get("items").([]any)[0].(map[string]any)
	if p["payer_name"] != "Paula Payer" || p["external_payment_id"] != paid.Intent {
		t.Errorf("payment %v", p)
	}
	if to := s.send("POST", "/billing/portal", s.owner, nil).is(http.StatusOK).text("redirect_url"); to != s.stripe.URL+"/portal/cus_1" {
		t.Errorf("the portal is at %s", to)
	}
	s.send("POST", "/billing/invoices/"+invoice+"/pay", s.owner, nil).fault(http.StatusConflict, "invoice.not_open")
	// The next interval comes by itself: there is no invoice for it yet, so it
	// is the balance, once.
	next := s.stripe.Renew(paid.Subscription)
	s.tell("stripe", next.Events...)
	s.tell("stripe", s.stripe.Fail(paid.Subscription)...)
	s.tell("stripe", s.stripe.Cancel(paid.Subscription))
	s.calm()
	s.want("renewed", "growth active by stripe, 3000 credits; succeeded succeeded invoice paid")
	if letters := s.send("GET", "/admin/letters?limit=500", s.olga, nil).is(http.StatusOK); bytes.Count(letters.body, []byte(`"charge_failed"`)) != 1 {
		t.Errorf("the owner is not told once: %s", letters.body)
	}
	log := s.send("GET", "/admin/audit?limit=500&account_id="+s.acc.String(), s.olga, nil).is(http.StatusOK)
	for _, action := range []string{"agreement.begun", "payment.failed", "agreement.ended"} {
		if bytes.Count(log.body, []byte(`"`+action+`"`)) != 1 {
			t.Errorf("%s is in the log %d times", action, bytes.Count(log.body, []byte(`"`+action+`"`)))
		}
	}
	s.send("POST", "/billing/portal", s.owner, nil).fault(http.StatusConflict, "payment.no_agreement")
}

func TestMessagesInEveryOrder(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, _ := s.order("growth", "stripe", "one")
	paid := s.stripe.Pay(stripetest.SessionOf(url))
	late := s.stripe.Event("customer.subscription.updated", paid.Subscription)
	s.tell("stripe", late)
	for i := len(paid.Events) - 1; i >= 0; i-- {
		s.tell("stripe", paid.Events[i])
	}
	s.calm()
	s.want("backwards", fmt.Sprintf(bought, "stripe"))
	gone := s.stripe.Refund(paid.Charge, 20_000)
	s.tell("stripe", gone, s.stripe.Event("charge.refunded", paid.Charge))
	s.calm()
	const refunded = "trial trialing by stripe, 1000 credits; refunded invoice open"
	s.want("refunded", refunded)
	for _, e := range append(paid.Events, gone) { // what was true once, told again today
		s.tell("stripe", bytes.Replace(e, []byte(`"evt_`), []byte(`"evt_again_`), 1))
	}
	if states := s.calm(); states["failed"]+states["ignored"] > 0 {
		t.Errorf("states %v", states)
	}
	s.want("told again", refunded)

	other := openTill(t, clock.Clock{})
	url, _ = other.order("growth", "stripe", "one")
	paid = other.stripe.Pay(stripetest.SessionOf(url))
	other.tell("stripe", other.stripe.Refund(paid.Charge, 20_000)) // before anybody heard of the payment
	other.tell("stripe", paid.Events...)
	other.calm()
	other.want("a refund first", "trial trialing by stripe, 1000 credits; invoice open")
}

func TestDisputesAndPartsAtStripe(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, _ := s.order("growth", "stripe", "one")
	paid := s.stripe.Pay(stripetest.SessionOf(url))
	s.tell("stripe", paid.Events...)
	s.calm()
	dispute, lost := s.stripe.Dispute(paid.Charge)
	s.tell("stripe", lost)
	s.calm()
	s.want("disputed", "trial trialing by stripe, 1000 credits; reversed invoice open")
	s.tell("stripe", s.stripe.Win(dispute))
	s.calm()
	s.want("won", "growth active by stripe, 3000 credits; succeeded reversed invoice paid")
	s.tell("stripe", s.stripe.Refund(paid.Charge, 500))
	if states := s.calm(); states["failed"] != 1 {
		t.Errorf("a part that an invoice needed: %v", states)
	}
	a := s.send("GET", "/admin/webhook-events?state=failed", s.olga, nil).is(http.StatusOK)
	if !bytes.Contains(a.body, []byte("5.00 EUR of payment "+paid.Intent)) || !bytes.Contains(a.body, []byte(s.acc.String())) {
		t.Errorf("nobody is told what to see to: %s", a.body)
	}
	next := s.stripe.Renew(paid.Subscription)
	s.tell("stripe", next.Events...)
	s.tell("stripe", s.stripe.Refund(next.Charge, 500)) // a part that no invoice needed
	if states := s.calm(); states["failed"] != 1 {
		t.Errorf("states %v", states)
	}
	if !bytes.Contains(s.send("GET", "/admin/audit?limit=500&account_id="+s.acc.String(), s.olga, nil).body, []byte("payment.sent_back")) {
		t.Error("what was sent back is not in the log")
	}
}

func TestPayPalFromCheckoutToCredits(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, invoice := s.order("growth", "paypal", "one")
	s.paypal.Forget() // a sign-in ends when it likes
	sale, events := s.paypal.Subscribe(paypaltest.IDOf(url))
	for range 2 {
		for _, e := range []int{1, 0} {
			s.tell("paypal", events[e])
		}
	}
	if states := s.calm(); states["done"] != 2 || len(states) != 1 {
		t.Errorf("states %v", states)
	}
	s.want("after", fmt.Sprintf(bought, "paypal"))
	sub := s.send("GET", "/billing/subscription", s.owner, nil)
	if sub.text("external_payment_id") != sale || sub.get("stripe_subscription_id") != nil {
		t.Errorf("subscription %s, sale %s", sub.body, sale)
	}
	s.send("POST", "/billing/invoices/"+invoice+"/pay", s.owner, nil).fault(http.StatusConflict, "invoice.not_open")
	s.tell("paypal", s.paypal.Fail(paypaltest.IDOf(url)))
	_, taken := s.paypal.Take(paypaltest.IDOf(url))
	s.tell("paypal", taken)
	s.calm()
	s.want("renewed", "growth active by paypal, 3000 credits; succeeded succeeded invoice paid")
	s.tell("paypal", s.paypal.RefundSale(sale), s.paypal.Cancel(paypaltest.IDOf(url)))
	if states := s.calm(); states["failed"] > 0 {
		t.Errorf("states %v", states)
	}
	if got := s.seen(); !strings.Contains(got, "succeeded refunded") {
		t.Errorf("refunded: %s", got)
	}
	// Another tenant of the same plan needs no new price at PayPal.
	second := s.send("POST", "/auth/register", "", someone("growth", "paypal")).is(http.StatusCreated)
	to := s.send("POST", "/billing/invoices/"+second.text("invoice.id")+"/pay", second.text("access_token"), nil).is(http.StatusOK)
	if n := s.paypal.Asked("POST /v1/billing/plans"); n != 1 || to.text("redirect_url") == url {
		t.Errorf("%d prices, %s", n, to.body)
	}
}

// TestOneIdempotencyKeyOfTwoAccounts: programs of two tenants choose the same
// one, and each is answered for its own.
func TestOneIdempotencyKeyOfTwoAccounts(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	led := map[string]bool{}
	for range 2 {
		a := s.send("POST", "/auth/register", "", someone("growth", "stripe")).is(http.StatusCreated)
		acc, err := tenant.ParseAccountID(a.text("account.id"))
		if err != nil {
			t.Fatal(err)
		}
		program := tenancy{h: s.house, acc: acc}.key(0, "", "billing.manage")
		for range 2 {
			pay := s.send("POST", "/billing/invoices/"+a.text("invoice.id")+"/pay", program, nil, "Idempotency-Key", "k").is(http.StatusOK)
			led[pay.text("redirect_url")] = true
		}
	}
	if len(led) != 2 {
		t.Errorf("two invoices are paid at %v", led)
	}
}

// TestWhatPayPalTookBackStaysBack: PayPal keeps no state for it, so an older
// message that is told again must not bring the money back.
func TestWhatPayPalTookBackStaysBack(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, _ := s.order("growth", "paypal", "one")
	sale, events := s.paypal.Subscribe(paypaltest.IDOf(url))
	s.tell("paypal", events...)
	s.calm()
	s.want("paid", fmt.Sprintf(bought, "paypal"))
	s.tell("paypal", s.paypal.Event("PAYMENT.SALE.REVERSED", sale))
	s.calm()
	const reversed = "trial trialing by stripe, 1000 credits; reversed invoice open"
	s.want("reversed", reversed)
	s.tell("paypal", s.paypal.Event("PAYMENT.SALE.COMPLETED", sale))
	if states := s.calm(); states["done"] != 4 {
		t.Errorf("states %v", states)
	}
	s.want("told again", reversed)
}

// TestWhatIsDueIsPaidOnce: an invoice of which a part is paid is no agreement
// for the whole price.
func TestWhatIsDueIsPaidOnce(t *testing.T) {
	t.Parallel()
	for _, vendor := range []string{"paypal", "stripe"} {
		s := openTill(t, clock.Clock{})
		s.send("POST", "/billing/checkout", s.owner, object{"plan": "starter", "payment_method": "bank_transfer"}, "Idempotency-Key", "0").is(http.StatusCreated)
		s.send("POST", "/billing/confirm-bank-transfer", s.olga, object{
			"account_id": s.acc.String(), "external_payment_id": "B", "amount": 10_000, "payer_name": "P",
		}).is(http.StatusOK)
		url, invoice := s.order("growth", vendor, "1")
		s.sqlOf(s.acc, `UPDATE invoices SET total = 20001, net = CASE WHEN net IS NULL THEN NULL ELSE 20001 - tax END WHERE account_id = '$1' AND id = '$2'`, s.acc.String(), invoice)
		url2 := s.send("POST", "/billing/invoices/"+invoice+"/pay", s.owner, nil).is(http.StatusOK).text("redirect_url")
		if url2 == url {
			t.Errorf("%s: another amount is paid at the same place", vendor)
		}
		if vendor == "stripe" {
			paid := s.stripe.Pay(stripetest.SessionOf(url2))
			s.tell(vendor, paid.Events...)
			if paid.Subscription != "" {
				t.Errorf("stripe makes the subscription %s", paid.Subscription)
			}
			s.tell(vendor, s.stripe.Event("payment_intent.succeeded", paid.Intent))
		} else {
			order := paypaltest.IDOf(url2)
			s.tell(vendor, s.paypal.Approve(order))
			s.calm()
			capture, done := s.paypal.Captured(order)
			s.tell(vendor, done)
			s.calm()
			s.want(vendor, "growth active by paypal, 3001 credits; succeeded succeeded invoice paid invoice paid")
			s.tell(vendor, s.paypal.RefundCapture(capture, "200.01", "EUR", true))
			s.calm()
			s.want(vendor, "starter active by bank_transfer, 2000 credits; refunded succeeded invoice open invoice paid")
			continue
		}
		if states := s.calm(); states["ignored"] != 1 || states["done"] != 1 {
			t.Errorf("states %v", states)
		}
		s.want(vendor, "growth active by stripe, 3001 credits; succeeded succeeded invoice paid invoice paid")
	}
}

// TestWhatIsReplacedIsNotTakenAgain: who goes on by bank transfer is not
// charged by Stripe any more.
func TestWhatIsReplacedIsNotTakenAgain(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	url, _ := s.order("starter", "stripe", "1")
	first := s.stripe.Pay(stripetest.SessionOf(url))
	s.tell("stripe", first.Events...)
	s.calm()
	s.send("POST", "/billing/checkout", s.owner, object{"plan": "growth", "payment_method": "bank_transfer"}, "Idempotency-Key", "2").is(http.StatusCreated)
	s.send("POST", "/billing/confirm-bank-transfer", s.olga, object{
		"account_id": s.acc.String(), "external_payment_id": "B", "amount": 20_000, "payer_name": "P",
	}).is(http.StatusOK)
	s.stopped(first.Subscription)
	s.tell("stripe", s.stripe.Cancel(first.Subscription))
	s.calm()
	s.want("after", "growth active by bank_transfer, 3001 credits; succeeded succeeded invoice paid invoice paid")
}

// TestAPageOfAnOrderThatWasWithdrawn: its money is not lost, and is taken once.
func TestAPageOfAnOrderThatWasWithdrawn(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	old, _ := s.order("starter", "stripe", "1")
	url, _ := s.order("growth", "stripe", "2")
	first := s.stripe.Pay(stripetest.SessionOf(old))
	s.tell("stripe", first.Events...)
	s.calm()
	s.stopped(first.Subscription)
	s.want("a part", "trial trialing by stripe, 1000 credits; succeeded invoice open invoice void")
	s.tell("stripe", s.stripe.Pay(stripetest.SessionOf(url)).Events...)
	s.calm()
	s.want("the rest", "growth active by stripe, 3000 credits; succeeded succeeded invoice paid invoice void")
	if got := s.stripe.Stopped(); len(got) != 1 {
		t.Errorf("stopped are %v", got)
	}
}

func TestAVendorThatIsAway(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	for _, vendor := range []string{"stripe", "paypal"} {
		s.stripe.Away(true)
		s.paypal.Away(true)
		a := s.send("POST", "/billing/checkout", s.owner, object{"plan": "growth", "payment_method": vendor}, "Idempotency-Key", vendor)
		a.fault(http.StatusServiceUnavailable, "payment.vendor_unavailable")
		pay := strings.TrimPrefix(a.text("pay"), "/api/v1")
		s.send("POST", pay, s.owner, nil).fault(http.StatusServiceUnavailable, "payment.vendor_unavailable")
		s.stripe.Away(false)
		s.paypal.Away(false)
		url := s.send("POST", pay, s.owner, nil).is(http.StatusOK).text("redirect_url")
		if again, _ := s.order("growth", vendor, vendor); again != url {
			t.Errorf("the order leads to %s, and its invoice is paid at %s", again, url)
		}
	}
	s.stripe.Mute(true)
	had := s.stripe.Sessions()
	lost := s.send("POST", "/billing/checkout", s.owner, object{"plan": "growth", "payment_method": "stripe"}, "Idempotency-Key", "again")
	lost.fault(http.StatusServiceUnavailable, "payment.vendor_unavailable")
	s.stripe.Mute(false)
	url, _ := s.order("growth", "stripe", "again")
	if n := s.stripe.Sessions() - had; n != 1 {
		t.Errorf("an answer that was lost made %d sessions", n)
	}
	paid := s.stripe.Pay(stripetest.SessionOf(url))
	s.stripe.Away(true)
	s.tell("stripe", paid.Events...) // taken all the same
	for range 400 {
		if bytes.Contains(s.send("GET", "/admin/webhook-events", s.olga, nil).body, []byte("does not answer")) {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	// Somebody gives one up by hand; the others find their way when Stripe is
	// back.
	s.sql(`UPDATE webhook_events SET state = 'failed', done_at = 1 WHERE type = 'invoice.paid'`)
	s.stripe.Away(false)
	if states := s.calm(); states["failed"] != 1 || states["done"] != 2 {
		t.Errorf("states %v", states)
	}
	s.want("after", fmt.Sprintf(bought+" invoice void invoice void", "stripe"))
	failed := s.send("GET", "/admin/webhook-events?state=failed", s.olga, nil).get("items").([]any)[0].(map[string]any)["id"].(string)
	whole := s.send("GET", "/admin/webhook-events/"+failed, s.olga, nil).is(http.StatusOK)
	if whole.text("body") != string(paid.Events[1]) {
		t.Errorf("the message is not as it came: %s", whole.body)
	}
	s.send("POST", "/admin/webhook-events/"+failed+"/replay", s.olga, nil).is(http.StatusOK)
	s.send("POST", "/admin/webhook-events/whe_00000000000000000000000000/replay", s.olga, nil).fault(http.StatusNotFound, "webhook.not_found")
	s.send("POST", "/admin/webhook-events/"+failed+"/replay", s.owner, nil).fault(http.StatusForbidden, "auth.forbidden")
	if states := s.calm(); states["done"] != 3 {
		t.Errorf("replayed: %v", states)
	}
	s.want("replayed", fmt.Sprintf(bought+" invoice void invoice void", "stripe"))
}

// TestTwoProcessesHearOneVendor: the same messages come to both.
func TestTwoProcessesHearOneVendor(t *testing.T) {
	t.Parallel()
	s := openTill(t, clock.Clock{})
	cfg := s.cfg
	two := *s
	two.house = openOn(t, clock.Clock{}, cfg)
	url, _ := s.order("growth", "stripe", "one")
	if again, _ := two.order("growth", "stripe", "one"); again != url {
		t.Errorf("two processes lead to %s and %s", url, again)
	}
	paid := s.stripe.Pay(stripetest.SessionOf(url))
	var wg sync.WaitGroup
	for _, e := range paid.Events {
		for _, at := range []*till{s, &two} {
			wg.Go(func() { at.tell("stripe", e) })
		}
	}
	wg.Wait()
	if states := s.calm(); states["done"] != 3 || len(states) != 1 {
		t.Errorf("states %v", states)
	}
	two.want("after", fmt.Sprintf(bought, "stripe"))
}

func TestMessagesThatAreNot(t *testing.T) {
	t.Parallel()
	hand := clock.NewHand(time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC))
	s := openTill(t, hand.Clock())
	now := hand.Clock().Now()
	url, _ := s.order("growth", "stripe", "one")
	good := s.stripe.Pay(stripetest.SessionOf(url)).Events[0]
	sign := func(body string, at time.Time) string { return stripetest.Sign(stripetest.Secret, []byte(body), at) }
	forged := stripetest.Sign("whsec_other", good, now)
	v0 := strings.Replace(sign(string(good), now), "v1=", "v0=", 1)
	for what, c := range map[string]struct{ body, signature, code string }{
		"no signature":            {string(good), "", "webhook.unsigned"},
		"another secret":          {string(good), forged, "webhook.unsigned"},
		"another body":            {string(good) + " ", sign(string(good), now), "webhook.unsigned"},
		"the old scheme":          {string(good), v0, "webhook.unsigned"},
		"a test's scheme beside":  {string(good), v0 + "," + strings.SplitN(forged, ",", 2)[1], "webhook.unsigned"},
		"two times":               {string(good), "t=1," + sign(string(good), now), "webhook.unsigned"},
		"no time":                 {string(good), strings.SplitN(sign(string(good), now), ",", 2)[1], "webhook.unsigned"},
		"old":                     {string(good), sign(string(good), now.Add(-6*time.Minute)), "webhook.too_old"},
		"from the future":         {string(good), sign(string(good), now.Add(6*time.Minute)), "webhook.too_old"},
		"no JSON":                 {"hello", sign("hello", now), "webhook.unreadable"},
		"no event":                {`{"id":"x"}`, sign(`{"id":"x"}`, now), "webhook.unreadable"},
		"an id that is a path":    {`{"object":"event","id":"a","type":"invoice.paid","data":{"object":{"id":"../x"}}}`, "!", "webhook.unreadable"},
		"no UTF-8":                {"{\"id\":\"\xff\"}", "!", "webhook.unreadable"},
		"UTF-16":                  {"\xff\xfe{\x00}\x00", "!", "webhook.unreadable"},
		"signatures without end":  {string(good), strings.Repeat("v1=00,", 500), "webhook.unsigned"},
		"nothing to verify":       {string(good), "t=" + fmt.Sprint(now.Unix()) + ",v1=", "webhook.unsigned"},
		"a signature in no order": {string(good), "v1=" + hex.EncodeToString(make([]byte, 32)) + ",t=x", "webhook.unsigned"},
	} {
		if c.signature == "!" {
			c.signature = sign(c.body, now)
		}
		a := s.send("POST", "/billing/webhooks/stripe", "", c.body, "Stripe-Signature", c.signature)
		if a.status != http.StatusBadRequest || a.text("code") != c.code {
			t.Errorf("%s: %d %s, want %s", what, a.status, a.body, c.code)
		}
	}
	s.send("POST", "/billing/webhooks/stripe", "", strings.Repeat(" ", 300<<10)).fault(http.StatusRequestEntityTooLarge, "request.too_large")
	s.send("POST", "/billing/webhooks/stripe", "", nil).is(http.StatusBadRequest)
	s.send("GET", "/billing/webhooks/stripe", "", nil).fault(http.StatusMethodNotAllowed, "request.method_not_allowed")
	// A secret is being replaced: one of two signatures is enough.
	s.send("POST", "/billing/webhooks/stripe", "", string(good), "Stripe-Signature", forged+","+strings.SplitN(sign(string(good), now), ",", 2)[1], "Content-Type", "text/plain").
		is(http.StatusOK)

	event := s.paypal.Event("PAYMENT.SALE.COMPLETED", "S-0")
	for what, change := range map[string]func(http.Header) string{
		"no signature":      func(h http.Header) string { h.Del("Paypal-Transmission-Sig"); return "webhook.unsigned" },
		"another signature": func(h http.Header) string { h.Set("Paypal-Transmission-Sig", "AAAA"); return "webhook.unsigned" },
		"a certificate elsewhere": func(h http.Header) string {
			h.Set("Paypal-Cert-Url", "https://paypal.com.evil.example/c")
			return "webhook.unsigned"
		},
		"old": func(h http.Header) string {
			h.Set("Paypal-Transmission-Time", "2030-01-05T12:00:00Z")
			return "webhook.too_old"
		},
		"no time": func(h http.Header) string { h.Set("Paypal-Transmission-Time", "today"); return "webhook.unsigned" },
	} {
		h := s.paypal.Sign(event, now)
		code := change(h)
		var header []string
		for name, v := range h {
			header = append(header, name, v[0])
		}
		a := s.send("POST", "/billing/webhooks/paypal", "", string(event), header...)
		if a.status != http.StatusBadRequest || a.text("code") != code {
			t.Errorf("paypal, %s: %d %s, want %s", what, a.status, a.body, code)
		}
	}
	if n := s.paypal.Asked("POST /v1/notifications/verify-webhook-signature"); n != 1 {
		t.Errorf("PayPal was asked %d times about messages of which one only looked like its own", n)
	}
	s.paypal.Away(true)
	s.send("POST", "/billing/webhooks/paypal", "", string(event), s.signed("paypal", event)...).fault(http.StatusServiceUnavailable, "payment.vendor_unavailable")
	s.paypal.Away(false)
	// What is about nothing of ours is kept and named.
	s.tell("paypal", event, s.paypal.Event("VAULT.CREDIT-CARD.CREATED", "CARD-1"))
	s.tell("stripe", s.stripe.Event("charge.refunded", "ch_unknown"), s.stripe.Event("price.created", "price_1"))
	if states := s.calm(); states["ignored"] != 4 || states["done"] != 1 {
		t.Errorf("states %v: %s", states, s.send("GET", "/admin/webhook-events", s.olga, nil).body)
	}
}

func TestVendorsThatAreNotConfigured(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	methods := h.send("GET", "/billing/payment-methods", "", nil).is(http.StatusOK)
	if got := fmt.Sprint(methods.get("items")); strings.Count(got, "coming_soon") != 2 {
		t.Errorf("methods %s", got)
	}
	for _, m := range []string{"stripe", "paypal"} {
		h.send("POST", "/billing/checkout", token, object{"plan": "growth", "payment_method": m}, "Idempotency-Key", m).
			fault(http.StatusUnprocessableEntity, "payment_method.unavailable")
		h.send("POST", "/auth/register", "", someone("growth", m)).fault(http.StatusUnprocessableEntity, "payment_method.unavailable")
		h.send("POST", "/billing/webhooks/"+m, "", "{}").fault(http.StatusNotFound, "webhook.not_configured")
	}
	bank := h.send("POST", "/billing/checkout", token, object{"plan": "growth", "payment_method": "bank_transfer"}, "Idempotency-Key", "b").is(http.StatusCreated)
	if bank.get("redirect_url") != nil {
		t.Errorf("a transfer leads to %v", bank.get("redirect_url"))
	}
	h.send("POST", "/billing/invoices/"+bank.text("invoice.id")+"/pay", token, nil).fault(http.StatusConflict, "payment.not_online")
	s := openTill(t, clock.Clock{})
	if got := fmt.Sprint(s.send("GET", "/billing/payment-methods", "", nil).get("items")); strings.Count(got, "available") != 3 {
		t.Errorf("methods %s", got)
	}
}
