package app

import (
	"net/http"
	"strings"
	"testing"

	"igny8/internal/credit"
)

// TestOwnersAreWarnedOfLowCredits sets a threshold, spends, and reads the
// letter.
func TestOwnersAreWarnedOfLowCredits(t *testing.T) {
	t.Parallel()
	h, post := withPost(t)
	p := someone("trial", "")
	token := h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token")
	c := h.send("GET", "/billing/credits", token, nil).is(http.StatusOK)
	if c.number("threshold") != 100 || c.get("low") != false {
		t.Errorf("a trial of 1000 credits: %s", c.body)
	}
	set := h.send("PUT", "/billing/credits/threshold", token, object{"threshold": 990}).is(http.StatusOK)
	if set.number("threshold") != 990 || set.get("automatic") != false {
		t.Errorf("set: %s", set.body)
	}
	h.send("PUT", "/billing/credits/threshold", token, object{"threshold": -1}).fault(http.StatusUnprocessableEntity, "credit.invalid_threshold")
	h.send("PUT", "/billing/credits/threshold", token, object{}).is(http.StatusUnprocessableEntity)
	hold := h.send("POST", "/billing/credits/holds", token, object{"operation": "generate_content", "units": 1000, "reference": "x"}).is(http.StatusCreated)
	h.send("POST", "/billing/credits/holds/"+hold.text("id")+"/settle", token, object{"units": 1000}).is(http.StatusOK)
	if c := h.send("GET", "/billing/credits", token, nil); c.get("low") != true {
		t.Errorf("980 of 1000 are left: %s", c.body)
	}
	if err := h.s.jobs.Make(t.Context(), credit.AlertRound(h.s.identity)); err != nil {
		t.Fatal(err)
	}
	l := post.Wait(p["email"].(string), "980 credits are left")
	if !strings.Contains(l.Text, "below the 990") || !strings.Contains(l.Text, "/billing") {
		t.Errorf("the letter says %q", l.Text)
	}
	if a := h.send("PUT", "/billing/credits/threshold", token, object{"threshold": nil}).is(http.StatusOK); a.number("threshold") != 100 || a.get("automatic") != true {
		t.Errorf("automatic: %s", a.body)
	}
}
