package app

import (
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
)

// TestACreditIsExplained follows a credit from the payment that bought it to the
// article that spent it, and back.
func TestACreditIsExplained(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	operator := h.operator()
	f := h.furnish(t, operator, "alice")
	get := func(path, token string) answer { return h.send("GET", path, token, nil).is(http.StatusOK) }
	article := get("/writer/content/"+f.ids["content"], f.owner)
	var paid, invoice map[string]any
	for _, i := range get("/billing/invoices", f.owner).get("items").([]any) {
		if i := i.(map[string]any); i["status"] == "paid" {
			invoice = i
		}
	}
	for _, p := range get("/billing/payments", f.owner).get("items").([]any) {
		if p := p.(map[string]any); p["status"] == "succeeded" {
			paid = p
		}
	}

	e := get("/billing/credits/entries/"+f.ids["credit entry"]+"/explain", f.owner)
	hold := e.get("hold").(map[string]any)
	work, share := hold["work"].(map[string]any), hold["shares"].([]any)[0].(map[string]any)
	if work["kind"] != "article" || work["title"] != article.text("title") || work["content_id"] != f.ids["content"] || hold["state"] != "settled" || e.get("lot") != nil {
		t.Errorf("the article is %q, and the hold %v", article.text("title"), hold)
	}
	if share["spent"] != e.get("spent") || share["spent"].(float64) <= 0 || share["taken"].(float64) != share["spent"].(float64)+share["given_back"].(float64) {
		t.Errorf("%v was spent, and %v is the share", e.get("spent"), share)
	}
	bought := func(grant any) {
		t.Helper()
		b := grant.(map[string]any)["bought"].(map[string]any)
		by := b["payments"].([]any)[0].(map[string]any)
		if b["invoice_number"] != invoice["number"] || b["plan"] != "growth" || by["payment_id"] != paid["id"] || by["external_payment_id"] != "alice" || by["method"] != "bank_transfer" {
			t.Errorf("bought is %v, by invoice %v and payment %v", b, invoice, paid)
		}
	}
	bought(share["grant"])

	path := "/billing/credits/lots/" + f.ids["credit lot"] + "/explain"
	l := get(path, f.owner)
	bought(l.get("grant"))
	grant := l.get("grant").(map[string]any)
	if l.number("spent")+l.number("held")+l.number("expired")+l.number("adjusted")+int(grant["remaining"].(float64)) != int(grant["amount"].(float64)) {
		t.Errorf("it does not add up: %s", l.body)
	}
	kinds, titles, sum := []string{}, "", 0
	for next := "?limit=1"; next != ""; {
		part := get(path+next, f.owner)
		for _, s := range part.get("spent_by.items").([]any) {
			s := s.(map[string]any)
			w := s["work"].(map[string]any)
			title, _ := w["title"].(string) // work elsewhere has none
			kinds, titles = append(kinds, w["kind"].(string)), titles+title+" "
			sum += int(s["share"].(map[string]any)["spent"].(float64))
		}
		if next = part.text("spent_by.next_cursor"); next != "" {
			next = "?limit=1&cursor=" + next
		}
	}
	if strings.Join(kinds, " ") != "site cluster article other" || sum != l.number("spent") || !strings.Contains(titles, article.text("title")) {
		t.Errorf("spent by %v (%s), %d of %d", kinds, titles, sum, l.number("spent"))
	}
	granted := l.get("entries").([]any)[0].(map[string]any)
	if again := get("/billing/credits/entries/"+granted["id"].(string)+"/explain", f.owner); again.text("lot.grant.id") != f.ids["credit lot"] || again.get("hold") != nil {
		t.Errorf("the entry of the grant: %s", again.body)
	}

	staff := get("/admin/accounts/"+f.ids["account"]+"/credits/entries/"+f.ids["credit entry"]+"/explain", operator)
	if staff.text("hold.work.id") != work["id"] || staff.get("hold.work.title") != nil {
		t.Errorf("the staff see %s", staff.body)
	}
	bought(get("/admin/accounts/"+f.ids["account"]+"/credits/lots/"+f.ids["credit lot"]+"/explain", operator).get("grant"))

	h.send("GET", path+"?cursor=x", f.owner, nil).fault(http.StatusUnprocessableEntity, "request.invalid_cursor")
	h.send("GET", "/billing/credits/lots/x/explain", f.owner, nil).fault(http.StatusNotFound, "credit.lot_not_found")
	h.send("GET", "/billing/credits/entries/x/explain", f.owner, nil).fault(http.StatusNotFound, "credit.entry_not_found")
	h.verify()
}
