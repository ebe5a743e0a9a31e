package web

import (
	"fmt"

	"igny8/internal/plan"
	"igny8/internal/web/ui"
)

// trialOf is the offer that costs nothing; the zero plan where there is none.
func trialOf(all []plan.Plan) plan.Plan {
	for _, p := range all {
		if p.Free() {
			return p
		}
	}
	return plan.Plan{}
}

// price is what an offer costs, in words where it costs nothing.
func price(l ui.Locale, p plan.Plan) string {
	if p.Free() {
		return "Free"
	}
	return l.Money(p.Price)
}

// per is what the price is for.
func per(p plan.Plan) string {
	if p.Free() {
		return fmt.Sprintf("for %d days", p.TrialDays)
	}
	return "a " + string(p.Interval)
}

// includes is what an offer gives, a line each.
func includes(l ui.Locale, p plan.Plan) []string {
	credits := l.Number(int64(p.Credits)) + " credits"
	if !p.Free() {
		credits += " a " + string(p.Interval)
	}
	return []string{
		credits, counted(l, p.Limits.Keywords, "keyword"), counted(l, p.Limits.Sites, "site"), counted(l, p.Limits.Users, "person"),
	}
}

// counted is a number of things: "1 site", "5 sites".
func counted(l ui.Locale, n int64, what string) string {
	switch {
	case n == 1:
	case what == "person":
		what = "people"
	default:
		what += "s"
	}
	return l.Number(n) + " " + what
}

// summary is what an offer gives, in one line.
func summary(l ui.Locale, p plan.Plan) string {
	text := ""
	for i, line := range includes(l, p) {
		if i > 0 {
			text += ", "
		}
		text += line
	}
	return text
}
