package app

import (
	"net/http"
	"strings"
	"testing"

	"igny8/internal/tenant"
	"igny8/internal/web/webtest"
)

// TestBrowserOperatorsHouse looks at how the house is, changes what is for sale
// and what models are told, lets somebody do something, and ends an account's
// work.
func TestBrowserOperatorsHouse(t *testing.T) {
	t.Parallel()
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		h := openPages(t)
		o.Language = ""
		_, email := h.employ()
		r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
		access := r.text("access_token")
		site := h.send("POST", "/sites", access, object{"name": "Bees", "domain": "bees.example", "language": "en"}).is(http.StatusCreated).text("id")
		b := webtest.Open(t, h.base, o)
		enter(b, email, "/staff").Is("/staff", "Money that waits", "Trial", "Granted with plans", "1,000", "Jobs that failed last")
		look(b, name+" overview")

		// What is for sale.
		look(b.Go("/staff/sell").Is("/staff/sell", "Growth", "What work costs", "What failures cost", "all free"), name+" for sale")
		b.Go("/staff/plans/new").Type("code", "tiny").Type("name", "Tiny").Type("price", "nine").Submit("Create")
		look(b.Is("/staff/plans/new", "49.00 EUR"), name+" plan refused")
		b.Type("price", "9,50 EUR").Type("prices", "11.00 USD").Type("included_credits", "many").Submit("Create").Is("/staff/plans/new", "whole number")
		b.Type("included_credits", "100").Submit("Create").Is("/staff/sell", "The plan is there.", "Tiny", "9.50")
		look(b.Go("/staff/plans/tiny"), name+" plan")
		b.Click(`[name="active"]`).Submit("Save").Is("/staff/sell", "Saved.", "Off sale")
		h.send("GET", "/plans", "", nil).is(http.StatusOK)
		b.Go("/staff/packages/new").Type("code", "small").Type("name", "Small").Type("prices", "5 EUR").Submit("Create").Is("/staff/sell", "The package is there.", "Small")
		look(b.Go("/staff/packages/small").Type("prices", "free").Submit("Save").Is("/staff/packages/small", "49.00 EUR"), name+" package refused")
		b.Type("prices", "6 EUR").Submit("Save").Is("/staff/sell", "Saved.")
		look(b.Go("/staff/failures/unusable"), name+" failure")
		b.Type("free", "7").Type("window_hours", "12").Submit("Save").Is("/staff/sell", "7 free in 12 hours")

		// What models are told.
		look(b.Go("/staff/prompts").Is("/staff/prompts", "Name clusters", "the program's own"), name+" prompts")
		b.Go("/staff/prompts/name_clusters").Type("text", "  ").Submit("Keep as a new version")
		look(b.Is("/staff/prompts/name_clusters", "1 to 8000 characters"), name+" prompt refused")
		b.Type("text", "Name each group of keywords.").Submit("Keep as a new version").Is("/staff/prompts/name_clusters", "version 1", "counts now")
		look(b.Press(`main a[href*="from=0"]`), name+" prompt")
		if got := b.Value("text"); !strings.HasPrefix(got, "Give each group") {
			t.Errorf("the version taken up again is %q", got)
		}

		// Who may do what.
		peter := someone("trial", "")
		h.send("POST", "/auth/register", "", peter).is(http.StatusCreated)
		look(b.Go("/staff/people").Is("/staff/people", "Olga O", "Say who may do what"), name+" people")
		b.Type("email", "nobody@example.com").Choose("privilege", string(tenant.AuditRead)).Submit("Allow it").Is("/staff/people", "no such person")
		b.Type("email", peter["email"].(string)).Submit("Allow it").Is("/staff/people", "may: Read the log")
		var take string
		b.Eval(`[...document.querySelectorAll("section.card")].find((c) => c.textContent.includes("`+peter["email"].(string)+`")).querySelector("a[href]").getAttribute("href")`, &take)
		look(b.Go(take).Is(take, "Take this from "+peter["email"].(string)), name+" take away")
		b.Submit("Take it away").Is("/staff/people", "Taken away.")
		b.Go("/staff/accounts").Press(`a[href="/staff/accounts/new-system"]`).Type("name", "Reports").Submit("Open the account")
		at := b.At("location.pathname")
		b.Is(at, "The account is open").Choose("privilege", string(tenant.ThrottleExempt)).Submit("Allow it").Is(at, "may do that from now on", "Ask as often as needed")
		look(b.Type("name", "Nightly").Submit("Make a key").Is(at+"/keys", "Copy it now", "Nightly"), name+" system account")
		key := b.At(`document.querySelector("main code").textContent`)
		h.send("GET", "/sites", key, nil).is(http.StatusOK)

		// The work of accounts.
		h.send("POST", "/planner/keywords", access, object{"site_id": site, "keywords": []object{{"phrase": "honey"}}}).is(http.StatusCreated)
		job := h.send("POST", "/planner/keywords/auto_cluster", access, object{"site_id": site}).is(http.StatusAccepted).text("job.id")
		look(b.Go("/staff/jobs").Is("/staff/jobs", "Group keywords", "Agency"), name+" jobs of all")
		look(b.Go("/staff/jobs/"+job+"/cancel").Is("/staff/jobs/"+job+"/cancel", "End this job?"), name+" end a job")
		look(b.Go("/staff/messages").Is("/staff/messages", "No message"), name+" messages")
		b.Clean()
	})
}
