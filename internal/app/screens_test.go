package app

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"igny8/internal/web/webtest"
)

// honeyKeywords is what a shop for beekeepers would be found by.
const honeyKeywords = `Keyword,Volume,Difficulty,Intent
honey cake,2400,30,informational
honey cake recipe,1900,24,informational
moist honey cake,880,18,informational
honey cake without butter,390,9,informational
easy honey cake,720,15,informational
buy honey,1600,45,transactional
buy raw honey,1300,38,transactional
buy honey online,590,41,transactional
buy manuka honey,1900,52,transactional
bee hotel,5400,33,commercial
bee hotel kit,880,21,commercial
bee hotel plans,1300,12,informational
bee hotel for balcony,210,6,commercial
build a bee hotel,1000,10,informational
how to build a bee hotel,720,9,informational
beeswax candle,2900,29,commercial
beeswax candle making,1600,22,informational
beeswax candle mold,590,14,transactional
beeswax wraps,8100,47,commercial
beeswax wraps diy,2400,19,informational
beeswax wraps recipe,1300,16,informational
beekeeping for beginners,3600,36,informational
beekeeping starter kit,2400,40,transactional
beekeeping course,1900,31,commercial
beekeeping suit,4400,42,transactional
beekeeping tools,1300,27,commercial
honey extractor,3600,35,transactional
honey extractor for two frames,170,5,transactional
electric honey extractor,720,23,transactional
honey for sore throat,6600,44,informational
honey for cough,4400,39,informational
honey and ginger for cough,880,17,informational
flowers for bees,1900,20,informational
bee friendly flowers,2900,26,informational
bee friendly shrubs,1000,13,informational
bee friendly plants for balcony,320,7,informational
`

// screens is the folder that make screens draws the pictures of the README into.
func screens() string {
	for _, arg := range os.Args {
		if folder, ok := strings.CutPrefix(arg, "screens="); ok {
			return folder
		}
	}
	return ""
}

// TestScreens draws docs/screens: each main page as somebody sees it who has
// worked for a while.
func TestScreens(t *testing.T) {
	folder := screens()
	if folder == "" {
		t.Skip("make screens runs it")
	}
	h := openPages(t)
	olga, staff := h.employ()
	h.bankAccount(olga)
	dora := object{
		"email": "dora@bees.example", "password": goodPassword, "first_name": "Dora", "last_name": "Dietrich", "account_name": "Bees & Co", "country": "DE",
		"plan": "growth", "payment_method": "bank_transfer",
	}
	r := h.send("POST", "/auth/register", "", dora).is(http.StatusCreated)
	access, invoice := r.text("access_token"), r.text("invoice.id")
	h.sql(fmt.Sprintf(`UPDATE users SET verified_at = %d WHERE email = 'dora@bees.example'`, time.Now().UnixMicro()))
	h.send("POST", "/billing/payments", access, withProof{
		"invoice_id": invoice, "external_payment_id": "TRF-2048", "amount": 20000, "payer_name": "Dora Dietrich",
	}, "Idempotency-Key", "the-transfer").is(http.StatusCreated)
	for n, name := range []string{"Café Mohn", "Garten Lindner"} {
		other := someone("growth", "bank_transfer")
		other["account_name"], other["first_name"] = name, "Mia"
		o := h.send("POST", "/auth/register", "", other).is(http.StatusCreated)
		if n == 0 {
			file := camt053(operatorsIBAN, entry{ref: "X1", amount: "200.00", text: "Invoice " + o.text("invoice.reference")}, entry{ref: "X2", amount: "120.00", text: "Thank you"})
			h.send("POST", "/admin/bank-statements", olga, file).is(http.StatusOK)
		}
	}
	wide := webtest.Options{Width: 1280, Height: 800}
	o := webtest.Open(t, h.base, wide)
	enter(o, staff, "/staff/payments").Is("/staff/payments", "Bees & Co")
	o.Snap(folder, "operator-payments")
	o.Press(`a[data-item][href^="/staff/payments/"]`).Snap(folder, "operator-confirm")
	b := webtest.Open(t, h.base, wide)
	b.Go("/").Snap(folder, "landing")
	enter(b, "dora@bees.example", "/billing/invoices/"+invoice).Snap(folder, "billing-transfer")
	o.Submit("Confirm")

	site := h.send("POST", "/sites", access, object{"name": "Bees & Co", "domain": "bees.example", "language": "en"}).is(http.StatusCreated).text("id")
	h.done(access, h.send("POST", "/planner/keywords/import", access, upload{site, "keywords.csv", []byte(honeyKeywords)}).is(http.StatusAccepted).text("id"))
	h.done(access, h.send("POST", "/planner/keywords/auto_cluster", access, object{"site_id": site}).is(http.StatusAccepted).text("job.id"))
	cluster := h.send("GET", "/planner/clusters?site_id="+site, access, nil).is(http.StatusOK)
	h.done(access, h.send("POST", "/planner/clusters/generate_ideas", access, object{
		"cluster_ids": []string{cluster.item(0).text("id"), cluster.item(1).text("id"), cluster.item(2).text("id")}, "count": 3,
	}).is(http.StatusAccepted).text("job.id"))
	h.send("PUT", "/sites/"+site+"/wordpress", access, object{"way": "bridge"}).is(http.StatusOK)
	ideas := h.send("GET", "/planner/ideas?site_id="+site, access, nil).is(http.StatusOK)
	var articles []string
	for n := range 4 {
		task := h.send("POST", "/writer/tasks", access, object{"site_id": site, "idea_id": ideas.item(n * 2).text("id"), "words": 400}).is(http.StatusCreated).text("id")
		done := h.done(access, h.send("POST", "/writer/tasks/generate_content", access, object{"task_ids": []string{task}}).is(http.StatusAccepted).text("job.id"))
		articles = append(articles, done["contents"].([]any)[0].(string))
	}
	for n, article := range articles[:3] {
		h.send("POST", "/writer/content/"+article+"/approve", access, nil).is(http.StatusOK)
		if n < 2 {
			h.send("POST", "/writer/content/"+article+"/publish", access, object{"at": time.Now().UTC().AddDate(0, 0, n+1).Truncate(time.Hour)}).is(http.StatusAccepted)
		}
	}
	telephone := webtest.Open(t, h.base, webtest.Options{Width: 390, Height: 844})
	enter(telephone, "dora@bees.example", "/home").Snap(folder, "telephone-home")
	for _, page := range []struct{ path, name string }{
		{"/home", "home"}, {"/keywords", "keywords"}, {"/clusters", "clusters"}, {"/ideas", "ideas"}, {"/articles/" + articles[3], "article"},
		{"/articles/" + articles[3] + "/edit", "editor"}, {"/calendar", "calendar"}, {"/sites/" + site + "/pipeline", "pipeline"}, {"/billing/usage", "usage"},
	} {
		b.Go(page.path).Snap(folder, page.name)
	}
	telephone.Go("/keywords").Snap(folder, "telephone-keywords")
	b.Go("/home").Press(`button[lang="de"]`).Is("/home", "Willkommen")
	b.Snap(folder, "home-german")
	b.Go("/billing/invoices/"+invoice).Snap(folder, "billing-german")
	b.Press(`button[lang="en"]`)
	o.Go("/staff").Snap(folder, "operator-overview")
	o.Go("/staff/sell").Snap(folder, "operator-sell")
	b.Go("/docs#/operations/list-sites").Until(`document.body.innerText.includes("/api/v1/sites")`)
	b.Snap(folder, "api")
}
