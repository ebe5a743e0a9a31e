package web

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/identity"
	"igny8/internal/publish"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountCalendar is what appears when.
func (w *Web) mountCalendar() {
	w.mount("GET /calendar", identity.Tenant(tenant.ReadContent), w.calendar)
}

// mostOfMonth is how many articles a month shows.
const mostOfMonth = 1000

// calendarPage is a month of a site: what was published, and what will be.
type calendarPage struct {
	ui.Page
	placed
	Month time.Time // its first moment, in UTC
	Weeks [][7]calendarDay
	Count int
}

// calendarDay is a day with what appears on it.
type calendarDay struct {
	Day   time.Time
	In    bool // of the month that is shown
	Today bool
	All   []publish.Publication
}

// monthLayout is how an address names a month.
const monthLayout = "2006-01"

func (w *Web) calendar(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p calendarPage
	err := w.within(r, v, &p.Page, "Calendar", func(ctx context.Context, view *tenant.View) error {
		now := view.Now().UTC()
		month, err := time.Parse(monthLayout, r.URL.Query().Get("month"))
		if err != nil || month.Year() < 2000 || month.Year() > 9000 {
			month = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		}
		p.Month = month
		if err := p.find(ctx, view, r.URL.Query().Get("site")); err != nil || p.Site.ID.IsZero() {
			return err
		}
		all, err := publish.Calendar(ctx, view, publish.Filter{Site: p.Site.ID, From: p.begin(), Until: p.begin().AddDate(0, 0, 7*weeksShown), Limit: mostOfMonth})
		p.fill(all, now)
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Locale.Month(p.Month))
	return show(r.Context(), rw, http.StatusOK, calendarView(p))
}

// weeksShown is how many weeks every month fits into.
const weeksShown = 6

// begin is the Monday on which the first week that is shown begins (ISO 8601).
func (p calendarPage) begin() time.Time {
	return p.Month.AddDate(0, 0, -(int(p.Month.Weekday())+6)%7)
}

// fill puts everything on its day. A week in which nothing of the month is, is
// left out.
func (p *calendarPage) fill(all []publish.Publication, now time.Time) {
	on := map[string][]publish.Publication{}
	for _, one := range all {
		day := appears(one).Format(time.DateOnly)
		on[day] = append(on[day], one)
	}
	day := p.begin()
	for range weeksShown {
		var week [7]calendarDay
		for n := range week {
			key := day.Format(time.DateOnly)
			week[n] = calendarDay{Day: day, In: day.Month() == p.Month.Month(), Today: key == now.Format(time.DateOnly), All: on[key]}
			if week[n].In {
				p.Count += len(on[key])
			}
			day = day.AddDate(0, 0, 1)
		}
		if week[0].In || week[6].In {
			p.Weeks = append(p.Weeks, week)
		}
	}
}

// appears is when an article can be read, or could: the time for which it is
// ordered, or else when it was last heard of.
func appears(p publish.Publication) time.Time {
	if p.At.IsZero() {
		return p.Updated.UTC()
	}
	return p.At.UTC()
}

// month is the address of a month, so many from the one that is shown.
func (p calendarPage) month(from int) string {
	return "/calendar?site=" + p.Site.ID.String() + "&month=" + p.Month.AddDate(0, from, 0).Format(monthLayout)
}
