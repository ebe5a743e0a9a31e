package web

import (
	"igny8/internal/plan"
	"igny8/internal/web/ui"
	"igny8/internal/words"
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
func price(l ui.Locale, p plan.Plan) words.Text {
	if p.Free() {
		return "Free"
	}
	return words.Verbatim(l.Money(p.Price))
}

// per is what the price is for.
func per(p plan.Plan) words.Text {
	if p.Free() {
		return words.With("for %d days", p.TrialDays)
	}
	if p.Interval == plan.Year {
		return "a year"
	}
	return "a month"
}

// includes is what an offer gives, a line each.
func includes(l ui.Locale, p plan.Plan) []words.Text {
	credits := l.Count(int64(p.Credits), "1 credit", "%s credits")
	if !p.Free() {
		credits = words.With("%s %s", credits, per(p))
	}
	return append([]words.Text{credits}, limits(l, p)...)
}

// limits is how much an offer allows, a line each.
func limits(l ui.Locale, p plan.Plan) []words.Text {
	return []words.Text{
		l.Count(p.Limits.Keywords, "1 keyword", "%s keywords"), l.Count(p.Limits.Sites, "1 site", "%s sites"), l.Count(p.Limits.Users, "1 person", "%s people"),
	}
}

// summary is what an offer gives, in one line.
func summary(l ui.Locale, p plan.Plan) words.Text {
	return words.Join(", ", includes(l, p)...)
}
