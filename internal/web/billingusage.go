package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"igny8/internal/credit"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// usagePage is what was spent: in all, by operation, and when.
type usagePage struct {
	ui.Page
	Form         ui.Form
	Query        credit.UsageQuery
	Sites, Users []ui.Pick // what can be chosen, with all of them
	Series       []series  // by operation
	Periods      []spell   // oldest first, those of nothing included
	Total, Most  credit.Credits
}

// series is what was spent on one operation.
type series struct {
	Operation credit.Operation
	Number    string // which of the colours it has
	Credits   credit.Credits
	Count     int64
}

// spell is what was spent in one day or month.
type spell struct {
	Day   time.Time
	Spent []credit.Credits // in the order of the series
	Total credit.Credits
}

// spans is for how long one can look back.
var spans = []struct {
	value        string
	label        words.Text
	days, months int
}{{"30", "30 days", 30, 0}, {"90", "90 days", 90, 0}, {"year", "12 months", 0, 12}}

// everything is the choice of a filter that filters nothing.
const everything = "all"

func (w *Web) billingUsage(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var p usagePage
	var err error
	if p.Page, err = w.personal(r.Context(), v, "Usage"); err != nil {
		return err
	}
	p.Lead = "What your credits were spent on. Days are those of UTC."
	p.Form = ui.NewForm(r.URL.Query())
	if err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error { return p.read(ctx, view, r) }); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, usagePageView(p))
}

func (p *usagePage) read(ctx context.Context, v *tenant.View, r *http.Request) error {
	names, err := readNames(ctx, v)
	if err != nil {
		return err
	}
	p.Query = span(r.URL.Query().Get("span"), v.Now())
	p.Query.ByOperation = true
	if p.Users, err = names.whoSpent(ctx, v, p.Query); err != nil {
		return err
	}
	p.Sites = names.sitePicks()
	p.Query.Site, p.Query.Actor = chosen(r, "site"), chosen(r, "user")
	lines, err := credit.Usage(ctx, v, p.Query)
	if err != nil {
		return err
	}
	p.sum(lines)
	return nil
}

// span is the time that one looks back on.
func span(value string, now time.Time) credit.UsageQuery {
	s := spans[0]
	for _, one := range spans {
		if one.value == value {
			s = one
		}
	}
	q := credit.UsageQuery{Until: now.Add(time.Microsecond), Per: credit.Day}
	if s.months > 0 {
		q.Per = credit.Month
		q.From = time.Date(now.Year(), now.Month()-time.Month(s.months-1), 1, 0, 0, 0, 0, time.UTC)
	} else {
		q.From = now.AddDate(0, 0, 1-s.days)
	}
	return q
}

// chosen is what a filter is set to; empty for everything.
func chosen(r *http.Request, name string) string {
	if s := r.URL.Query().Get(name); s != everything {
		return s
	}
	return ""
}

// sum makes the plot and its tables of lines by period and operation.
func (p *usagePage) sum(lines []credit.UsageLine) {
	at := map[string]int{}
	for n, day := range p.Query.Periods() {
		at[day] = n
		t, _ := time.Parse(time.DateOnly, day) // it is one that Format wrote
		p.Periods = append(p.Periods, spell{Day: t})
	}
	for _, l := range lines {
		if !slices.ContainsFunc(p.Series, func(s series) bool { return s.Operation == l.Operation }) {
			p.Series = append(p.Series, series{Operation: l.Operation})
		}
	}
	slices.SortFunc(p.Series, func(a, b series) int { return strings.Compare(string(a.Operation), string(b.Operation)) })
	for i := range p.Series {
		p.Series[i].Number = colourOf(p.Series[i].Operation, i)
	}
	for n := range p.Periods {
		p.Periods[n].Spent = make([]credit.Credits, len(p.Series))
	}
	for _, l := range lines {
		i := slices.IndexFunc(p.Series, func(s series) bool { return s.Operation == l.Operation })
		p.Series[i].Credits += l.Credits
		p.Series[i].Count += l.Count
		of := &p.Periods[at[l.Day]]
		of.Spent[i] += l.Credits
		of.Total += l.Credits
		p.Total += l.Credits
		p.Most = max(p.Most, of.Total)
	}
}

// spent is the periods in which something was spent, newest first.
func (p usagePage) spent() []spell {
	var all []spell
	for _, s := range slices.Backward(p.Periods) {
		if s.Total > 0 {
			all = append(all, s)
		}
	}
	return all
}

// name is how a period is called.
func (p usagePage) name(s spell) string {
	if p.Query.Per == credit.Month {
		return p.Locale.Month(s.Day)
	}
	return p.Locale.Date(s.Day)
}

// periodColumns is the columns of the table by time.
func (p usagePage) periodColumns() []ui.Column {
	var first words.Text = "Day"
	if p.Query.Per == credit.Month {
		first = "Month"
	}
	all := []ui.Column{{Name: first}}
	for _, s := range p.Series {
		all = append(all, ui.Column{Name: operationName(s.Operation), Numeric: true})
	}
	return append(all, ui.Column{Name: "Total", Numeric: true})
}

// numbers is what the table by time is called.
func (p usagePage) numbers() words.Text {
	if p.Query.Per == credit.Month {
		return "Month by month"
	}
	return "Day by day"
}

// summary says the plot in a sentence.
func (p usagePage) summary() words.Text {
	best := p.Periods[0]
	for _, s := range p.Periods {
		if s.Total > best.Total {
			best = s
		}
	}
	per := "day"
	if p.Query.Per == credit.Month {
		per = "month"
	}
	return words.With("Credits spent by %s and operation, from %s to %s: %s in all, most of them on %s. The numbers are in the tables below.", per, p.name(p.Periods[0]), p.name(p.Periods[len(p.Periods)-1]), p.Locale.Number(int64(p.Total)), p.name(best))
}

// share is what part of all a series is, in whole percent.
func (p usagePage) share(s series) string {
	return strconv.FormatInt(int64(100*s.Credits+p.Total/2)/int64(max(p.Total, 1)), 10) + " %"
}

// colours are the style sheet's colours of operations, which have the same
// whatever is shown beside them.
var colours = []credit.Operation{credit.AutoCluster, credit.GenerateContent, credit.GenerateIdeas, credit.RegenerateSection}

// moreColours is how many more there are, for operations without one.
const moreColours = 2

func colourOf(o credit.Operation, nth int) string {
	if n := slices.Index(colours, o); n >= 0 {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(len(colours) + nth%moreColours)
}

// The plot is drawn in units of its own, and stretched to the page.
const (
	plotHeight = 1000
	plotSlot   = 100 // of a period, with the gap to the next
	plotBar    = 70
)

// top is the number at the upper edge of the plot: an even one before as many
// noughts as there are.
func (p usagePage) top() credit.Credits {
	for unit := credit.Credits(2); ; unit *= 10 {
		for n := unit; n <= 5*unit; n += unit {
			if n >= p.Most {
				return n
			}
		}
	}
}

// bar is a rectangle of the plot.
type bar struct {
	X, Y, Height string
	Series       string
	Says         words.Text
}

// bars is the plot: what was spent in each period, one operation upon the
// other.
func (p usagePage) bars() []bar {
	var all []bar
	top := int64(p.top())
	for n, s := range p.Periods {
		below := int64(0)
		for i, spent := range s.Spent {
			if spent == 0 {
				continue
			}
			from, to := below*plotHeight/top, (below+int64(spent))*plotHeight/top
			below += int64(spent)
			all = append(all, bar{
				X: strconv.Itoa(n*plotSlot + (plotSlot-plotBar)/2), Y: strconv.FormatInt(plotHeight-to, 10), Height: strconv.FormatInt(max(to-from, 1), 10),
				Series: p.Series[i].Number,
				Says:   words.With("%s, %s: %s", p.name(s), operationName(p.Series[i].Operation), p.Locale.Number(int64(spent))),
			})
		}
	}
	return all
}

// box is the plot's view box.
func (p usagePage) box() string {
	return "0 0 " + strconv.Itoa(len(p.Periods)*plotSlot) + " " + strconv.Itoa(plotHeight)
}

// grid is the path of the lines behind the bars: nothing, half and all.
func (p usagePage) grid() string {
	to := "H" + strconv.Itoa(len(p.Periods)*plotSlot)
	return "M0 0" + to + "M0 " + strconv.Itoa(plotHeight/2) + to + "M0 " + strconv.Itoa(plotHeight) + to
}

// operationName is an operation in words.
func operationName(o credit.Operation) words.Text {
	switch o {
	case credit.AutoCluster:
		return "Clustering"
	case credit.GenerateIdeas:
		return "Ideas"
	case credit.GenerateContent:
		return "Articles"
	case credit.RegenerateSection:
		return "Sections written anew"
	}
	return words.Verbatim(string(o))
}

func spanPicks() []ui.Pick {
	var all []ui.Pick
	for _, s := range spans {
		all = append(all, ui.Pick{Value: s.value, Label: s.label})
	}
	return all
}
