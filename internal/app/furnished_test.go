package app

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"igny8/internal/account"
	"igny8/internal/tenant"
)

// furnished is a tenant that has one of everything.
type furnished struct {
	*house
	tenancy
	marker   string
	owner    string            // an access token
	password string            // the owner's
	ids      map[string]string // by kind
}

// furnish makes a tenant whose every text says marker, which is a lower-case
// word.
func (h *house) furnish(t *testing.T, operator, marker string) *furnished {
	t.Helper()
	p := someone("growth", "bank_transfer")
	p["email"], p["first_name"], p["last_name"], p["account_name"] = marker+"@example.com", marker, marker, marker
	r := h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
	f := &furnished{house: h, marker: marker, owner: r.text("access_token"), password: p["password"].(string), ids: map[string]string{
		"account": r.text("account.id"), "user": r.text("user.id"), "subscription": r.text("subscription.id"), "invoice": r.text("invoice.id"),
	}}
	acc, err := tenant.ParseAccountID(f.ids["account"])
	if err != nil {
		t.Fatal(err)
	}
	f.tenancy = tenancy{h: h, acc: acc}
	f.ids["session"] = f.first("/auth/sessions")
	h.send("POST", "/billing/confirm-bank-transfer", operator, object{
		"account_id": f.ids["account"], "external_payment_id": marker, "amount": 20000, "payer_name": marker, "proof_url": "https://" + marker + ".example/proof",
	}).is(http.StatusOK)
	f.send("PUT", "/billing/details", f.owner, object{"company": marker, "line1": marker, "city": marker, "country": "DE"}).is(http.StatusOK)
	f.ids["credit note"] = h.send("POST", "/admin/accounts/"+f.ids["account"]+"/credit-notes", operator, object{
		"invoice_id": f.ids["invoice"], "amount": 100, "reason": marker,
	}, "Idempotency-Key", marker+"-credit").is(http.StatusCreated).text("id")
	f.plan()
	f.write()
	f.ids["credit lot"] = f.send("GET", "/billing/credits", f.owner, nil).is(http.StatusOK).get("lots").([]any)[0].(map[string]any)["id"].(string)
	f.ids["credit entry"] = f.first("/billing/credits/entries") // the newest: the article is paid
	f.ids["invoice"] = f.post("/billing/checkout", object{"plan": "scale", "payment_method": "bank_transfer"}, "Idempotency-Key", marker).text("invoice.id")
	f.ids["payment"] = f.post("/billing/payments", withProof{
		"invoice_id": f.ids["invoice"], "external_payment_id": marker + " claim", "amount": 50000, "payer_name": marker,
	}, "Idempotency-Key", marker+"-claim").text("id")
	f.ids["hold"] = f.post("/billing/credits/holds", object{"operation": "generate_content", "units": 100, "reference": marker, "site_id": f.ids["site"]}).text("id")
	f.ids["key"] = f.post("/account/api-keys", object{"name": marker, "scopes": []string{"content.read"}}).text("id")
	f.ids["invitation"] = f.post("/account/invitations", object{"email": "invited@" + marker + ".example", "role": "editor"}).text("id")
	return f
}

func (f *furnished) post(path string, body any, header ...string) answer {
	f.t.Helper()
	a := f.send("POST", path, f.owner, body, header...)
	if a.status >= http.StatusBadRequest {
		f.t.Fatalf("POST %s: %d %s", path, a.status, a.body)
	}
	return a
}

// plan makes a site and, of keywords, clusters and ideas.
func (f *furnished) plan() {
	f.t.Helper()
	f.ids["site"] = f.post("/sites", object{"name": f.marker, "domain": f.marker + ".example", "industry": f.marker}).text("id")
	f.ids["sector"] = f.post("/sites/"+f.ids["site"]+"/sectors", object{"name": f.marker}).text("id")
	f.post("/planner/keywords", object{"site_id": f.ids["site"], "keywords": []object{
		{"phrase": f.marker + " espresso"}, {"phrase": f.marker + " espresso machine"}, {"phrase": "buy " + f.marker + " tea"},
	}})
	f.ids["job"] = f.post("/planner/keywords/auto_cluster", object{"site_id": f.ids["site"]}).text("job.id")
	f.done(f.owner, f.ids["job"])
	f.ids["keyword"] = f.first("/planner/keywords")
	f.ids["cluster"] = f.first("/planner/clusters")
	f.done(f.owner, f.post("/planner/clusters/generate_ideas", object{"cluster_ids": []string{f.ids["cluster"]}, "count": 2}).text("job.id"))
	f.ids["idea"] = f.first("/planner/ideas")
}

// write makes an article, edits it, and leaves a task to be written.
func (f *furnished) write() {
	f.t.Helper()
	task := f.post("/writer/tasks", object{"site_id": f.ids["site"], "idea_id": f.ids["idea"], "words": 300}).text("id")
	f.done(f.owner, f.post("/writer/tasks/generate_content", object{"task_ids": []string{task}}).text("job.id"))
	f.ids["content"] = f.first("/writer/content")
	f.send("PATCH", "/writer/content/"+f.ids["content"], f.owner, object{
		"version": 1, "title": f.marker, "slug": f.marker, "meta_description": f.marker, "excerpt": f.marker, "markdown": f.marker,
	}).is(http.StatusOK)
	f.send("PUT", "/sites/"+f.ids["site"]+"/wordpress", f.owner, object{"way": "bridge"}).is(http.StatusOK)
	f.post("/writer/content/"+f.ids["content"]+"/approve", nil)
	f.post("/writer/content/"+f.ids["content"]+"/publish", object{"tags": []string{f.marker}})
	f.ids["task"] = f.post("/writer/tasks", object{
		"site_id": f.ids["site"], "title": f.marker, "angle": f.marker, "audience": f.marker, "keywords": []string{f.marker},
	}).text("id")
}

// first is the id of the first of a list.
func (f *furnished) first(path string) string {
	f.t.Helper()
	a := f.send("GET", path, f.owner, nil).is(http.StatusOK)
	var page struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(a.body, &page); err != nil || len(page.Items) == 0 {
		f.t.Fatalf("%s is empty: %s", path, a.body)
	}
	return page.Items[0].ID
}

// credentials is every way in that the tenant has.
func (f *furnished) credentials() map[string]string {
	f.t.Helper()
	all := map[string]string{
		"owner": f.owner, "a key for all": f.tenancy.key(0, "", tenant.KeyPermissions.Names()...), "a bound key for all": f.tenancy.key(0, f.ids["site"], tenant.KeyPermissions.Names()...),
	}
	for _, r := range []account.Role{account.Admin, account.Editor, account.Viewer} {
		all[string(r)] = f.session(r).Access
	}
	return all
}

// rows is what a dump says of the account.
func (f *furnished) rows(dump map[string][]string) []byte {
	var b bytes.Buffer
	for table, rows := range dump {
		for _, row := range rows {
			if strings.Contains(row, f.ids["account"]) {
				b.WriteString(table + ": " + row + "\n")
			}
		}
	}
	lines := strings.Split(b.String(), "\n")
	return []byte(strings.Join(sorted(lines), "\n"))
}
