package app

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
)

// sums adds up the credits of items, by what is under name.
func (a answer) sums(name string) map[string]float64 {
	all := map[string]float64{}
	for _, i := range a.get("items").([]any) {
		item := i.(map[string]any)
		key, _ := item[name].(string)
		all[key] += item["credits"].(float64)
	}
	return all
}

// TestUsage asks what a tenant has spent in every way there is, before and
// after it was summed.
func TestUsage(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	operator := h.operator()
	alice, bob := h.furnish(t, operator, "alice"), h.furnish(t, operator, "bob")
	ask := func(f *furnished, query string) answer {
		return f.send("GET", "/billing/credits/usage"+query, f.owner, nil)
	}
	for _, when := range []string{"before", "after"} {
		all := ask(alice, "").is(http.StatusOK)
		by := all.sums("operation")
		if len(by) != 3 || by["auto_cluster"] <= 0 || by["generate_ideas"] <= 0 || by["generate_content"] <= 0 {
			t.Errorf("%s: spent %v", when, by)
		}
		total := by["auto_cluster"] + by["generate_ideas"] + by["generate_content"]
		one := ask(alice, "?operation=auto_cluster").is(http.StatusOK).sums("operation")
		if len(one) != 1 || one["auto_cluster"] != by["auto_cluster"] {
			t.Errorf("%s: on one operation %v, want %v", when, one, by)
		}
		// The jobs ran in the name of who ordered them.
		for query, want := range map[string]struct{ name, key string }{
			"?group_by=site":                        {"site_id", alice.ids["site"]},
			"?group_by=month,user":                  {"actor", "user:" + alice.ids["user"]},
			"?group_by=week":                        {"operation", ""},
			"?group_by=week,site&fill=true":         {"site_id", alice.ids["site"]},
			"?site_id=" + alice.ids["site"]:         {"site_id", ""},
			"?user=" + alice.ids["user"]:            {"actor", ""},
			"?from=2020-01-01&until=2199-12-31":     {"actor", ""},
			"?group_by=user&from=2020-01-01":        {"actor", "user:" + alice.ids["user"]},
			"?from=2020-01-01T00%3A00%3A00%2B01:00": {"actor", ""},
		} {
			got := ask(alice, query).is(http.StatusOK).sums(want.name)
			if len(got) != 1 || got[want.key] != total {
				t.Errorf("%s: %s is %v, want %v of %q", when, query, got, total, want.key)
			}
		}
		for _, query := range []string{
			"?site_id=" + bob.ids["site"], "?user=" + bob.ids["user"], "?user=" + bob.ids["key"], "?user=" + alice.ids["key"],
			"?operation=poetry", "?from=2199-01-01&until=2199-01-02", "?until=2020-01-01",
		} {
			if n := len(ask(alice, query).is(http.StatusOK).get("items").([]any)); n != 0 {
				t.Errorf("%s: %s has %d items", when, query, n)
			}
		}
		filled := ask(alice, "?fill=true").is(http.StatusOK).get("items").([]any)
		if len(filled) != 31*3 || filled[0].(map[string]any)["count"] != 0.0 {
			t.Errorf("%s: %d items in 31 days: %v", when, len(filled), filled[0])
		}
		command := func(args ...string) {
			var out, errs bytes.Buffer
			if code := Main(t.Context(), append([]string{"usage", "rebuild"}, args...), []string{"IGNY8_DATA=" + h.cfg.Data, "IGNY8_DATABASE_URL=" + h.cfg.Database}, Streams{Out: &out, Err: &errs}); code != 0 || !strings.Contains(out.String(), "made anew") {
				t.Errorf("rebuild %v: %d %s%s", args, code, out.String(), errs.String())
			}
		}
		command("--account", alice.ids["account"])
		command()
		h.verify()
	}
}

// TestUsageRefused is what cannot be asked, and where it says so.
func TestUsageRefused(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	for query, where := range map[string]string{
		"from=yesterday":                             "query.from",
		"from=2030-02-30":                            "query.from",
		"from=0001-01-01":                            "query.from",
		"until=2030-01-01T00:00:00":                  "query.until",
		"until=9999-12-31":                           "query.until",
		"until=" + strings.Repeat("1", 50):           "query.until",
		"from=2030-01-02&until=2030-01-01":           "query.from",
		"from=2030-01-01T00:00:00Z&until=2029-12-31": "query.from",
		"site_id=all":                                "query.site_id",
		"user=usr_1":                                 "query.user",
		"group_by=hour":                              "query.group_by",
		"group_by=day,week":                          "query.group_by",
		"group_by=operation,":                        "query.group_by",
		"fill=perhaps":                               "query.fill",
	} {
		a := h.send("GET", "/billing/credits/usage?"+query, token, nil).is(http.StatusUnprocessableEntity)
		if errs, _ := a.get("errors").([]any); len(errs) != 1 || errs[0].(map[string]any)["location"] != where {
			t.Errorf("%s: %s, want a complaint at %s", query, a.body, where)
		}
	}
	h.send("GET", "/billing/credits/usage?fill=true&from=1971-01-01&until=2100-01-01&group_by=day", token, nil).
		fault(http.StatusUnprocessableEntity, "credit.usage_too_wide")
	empty := h.send("GET", "/billing/credits/usage?fill=true&from="+time.Now().UTC().Format(time.DateOnly), token, nil).is(http.StatusOK)
	if n := len(empty.get("items").([]any)); n != 0 {
		t.Errorf("nobody spent anything, and there are %d items", n)
	}
}
