package web_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"igny8/internal/invoice"
	"igny8/internal/tenant"
)

var onceValue = regexp.MustCompile(`name="once" value="([^"]+)"`)

// onceOf is what makes the form of a page count once.
func onceOf(t *testing.T, p page) string {
	t.Helper()
	m := onceValue.FindStringSubmatch(p.text)
	if m == nil {
		t.Fatalf("%s has no form that counts once: %s", p.what, p.text)
	}
	return m[1]
}

// invoices is those of an account, newest first.
func (h *house) invoices(cookies string) (all []invoice.Invoice) {
	h.t.Helper()
	err := h.st.View(h.t.Context(), h.accountOf(cookies), func(ctx context.Context, v *tenant.View) (err error) {
		all, err = invoice.List(ctx, v, invoice.ID{}, 100)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func TestAnOrderThatIsSentTwiceIsOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "trial")
	form := url.Values{"once": {onceOf(t, h.as(cookies, "GET", "/billing/plans").is(http.StatusOK))}, "plan": {"growth"}, "payment_method": {"bank_transfer"}}
	first := h.send("POST", "/billing/plans", form, "Cookie", cookies)
	at := first.header.Get("Location")
	first.leads(at)
	for range 2 {
		h.send("POST", "/billing/plans", form, "Cookie", cookies).leads(at)
	}
	if all := h.invoices(cookies); len(all) != 1 || at != "/billing/invoices/"+all[0].ID.String() {
		t.Errorf("%d invoices, led to %s", len(all), at)
	}
	form.Set("plan", "scale") // the same form, with another wish
	p := h.send("POST", "/billing/plans", form, "Cookie", cookies).is(http.StatusConflict, "was sent before", "Growth is ordered")
	if strings.Contains(p.text, "Scale is ordered") {
		t.Error("it was ordered all the same")
	}
	form.Set("once", onceOf(t, p))
	h.send("POST", "/billing/plans", form, "Cookie", cookies)
	if all := h.invoices(cookies); len(all) != 2 {
		t.Errorf("%d invoices, want 2", len(all))
	}
}

func TestAnOrderThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "trial")
	fresh := func() string { return onceOf(t, h.as(cookies, "GET", "/billing/plans").is(http.StatusOK)) }
	for name, tt := range map[string]struct {
		once, plan, method string
		status             int
		says               string
	}{
		"no plan":              {fresh(), "", "bank_transfer", http.StatusUnprocessableEntity, "Choose a plan."},
		"a plan of nobody's":   {fresh(), "golden", "bank_transfer", http.StatusNotFound, "no such plan"},
		"what costs nothing":   {fresh(), "trial", "bank_transfer", http.StatusConflict, "costs nothing"},
		"what is not yet":      {fresh(), "growth", "stripe", http.StatusUnprocessableEntity, "coming soon"},
		"a method of nobody's": {fresh(), "growth", "gold", http.StatusUnprocessableEntity, ""},
		"not our form":         {"", "growth", "bank_transfer", http.StatusBadRequest, "could not be read"},
	} {
		form := url.Values{"once": {tt.once}, "plan": {tt.plan}, "payment_method": {tt.method}}
		p := h.send("POST", "/billing/plans", form, "Cookie", cookies)
		if p.status != tt.status || !strings.Contains(p.text, tt.says) || !strings.Contains(p.text, "Order and get the invoice") {
			t.Errorf("%s: %d %s", name, p.status, p.text)
		}
	}
	if all := h.invoices(cookies); len(all) != 0 {
		t.Errorf("%d invoices", len(all))
	}
}

// sendForm sends a form with a file, whose fields are in order.
func (h *house) sendForm(cookies, path string, file []byte, fields ...string) page {
	h.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if err := m.WriteField(fields[i], fields[i+1]); err != nil {
			h.t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("proof", "p")
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		h.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, base+path, &b).WithContext(h.t.Context())
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Cookie", cookies)
	rec := httptest.NewRecorder()
	h.web.ServeHTTP(rec, r)
	return page{t: h.t, what: "POST " + path, status: rec.Code, header: rec.Header(), text: rec.Body.String()}
}

func TestAReportIsTakenOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "growth")
	at := "/billing/invoices/" + h.invoices(cookies)[0].ID.String()
	once := onceOf(t, h.as(cookies, "GET", at).is(http.StatusOK, "€200.00 to pay by", `value="200.00"`))
	said := []string{"once", once, "external_payment_id", "T1", "amount", "200.00", "payer_name", "Dora"}
	h.sendForm(cookies, at, nil, said...).leads(at)
	h.sendForm(cookies, at, nil, said...).leads(at)
	p := h.as(cookies, "GET", "/billing/payments").is(http.StatusOK, "T1", "Pending review")
	if n := strings.Count(p.text, "<tr>"); n != 2 { // and the head
		t.Errorf("%d rows: %s", n, p.text)
	}
	seen := regexp.MustCompile(`progress\?seen=(\w+)`).FindStringSubmatch(h.as(cookies, "GET", at).text)
	h.as(cookies, "GET", at+"/progress?seen="+seen[1]).is(http.StatusNoContent)
	h.as(cookies, "GET", at+"/progress?seen=x").is(http.StatusOK, `id="pay"`, `id="document"`, "hx-swap-oob")
	// Another one with the same reference is refused beside it.
	again := onceOf(t, h.as(cookies, "GET", at))
	h.sendForm(cookies, at, nil, "once", again, "external_payment_id", "T1", "amount", "1", "payer_name", "Dora").
		is(http.StatusConflict, `id="field-external_payment_id-mistake"`, `value="T1"`)
}

// TestAFormMayBeSoLarge: one with a file larger than one without, and neither
// without end.
func TestAFormMayBeSoLarge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	cookies := h.join("dora@example.com", "growth")
	at := "/billing/invoices/" + h.invoices(cookies)[0].ID.String()
	said := []string{"external_payment_id", "T1", "amount", "200", "payer_name", "Dora"}
	for _, size := range []int{5<<20 + 1, 25 << 20} {
		h.sendForm(cookies, at, make([]byte, size), said...).is(http.StatusUnprocessableEntity, "more than 5 MB", `value="T1"`)
	}
	h.sendForm(cookies, at, nil, "payer_name", strings.Repeat("x", 17<<10)).is(http.StatusBadRequest, "could not be read")
	h.send("POST", "/billing/details", url.Values{"company": {strings.Repeat("x", 17<<10)}}, "Cookie", cookies).is(http.StatusBadRequest, "could not be read")
	h.send("POST", at, url.Values{"amount": {"1"}}, "Cookie", cookies).is(http.StatusBadRequest, "could not be read")
}

// TestAnotherAccountsPapers are not there.
func TestAnotherAccountsPapers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	dora, eve := h.join("dora@example.com", "growth"), h.join("eve@example.com", "growth")
	at := "/billing/invoices/" + h.invoices(dora)[0].ID.String()
	for _, path := range []string{at, at + "/progress", at + "/pdf", at + "/qr.png", "/billing/invoices/x", "/billing/payments/x/proof", "/billing/credit-notes/x/pdf", "/billing/invoices?after=x"} {
		h.as(eve, "GET", path).is(http.StatusNotFound)
	}
	h.as(dora, "GET", at).is(http.StatusOK)
	h.as(dora, "GET", at+"/pdf").is(http.StatusOK)
	h.sendForm(eve, at, nil, "once", "x", "external_payment_id", "T1", "amount", "200", "payer_name", "Eve").is(http.StatusNotFound)
}
