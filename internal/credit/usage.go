package credit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// ErrUsageTooWide is a question whose answer nobody could look at.
var ErrUsageTooWide = fault.New(fault.Invalid, "credit.usage_too_wide", "This is more than can be shown. Ask for a shorter time, for weeks or months, or for one site or user.")

// MaxUsageLines is how many lines an answer has at most.
const MaxUsageLines = 20_000

// Period is how long a time one line of usage is about.
type Period string

// The periods. Days are those of UTC, and weeks begin on Monday.
const (
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
)

// UsageQuery says what is asked about what was spent. Its zero value asks for
// all that ever was, by day.
type UsageQuery struct {
	// From and Until are moments, and what counts is the whole of every UTC day
	// of which a part lies between them. Zero: without beginning, or end.
	From, Until time.Time

	Per         Period // empty: Day
	ByOperation bool
	BySite      bool
	ByActor     bool

	Operation Operation // empty: all
	Site      string    // empty: all
	Actor     string    // who ordered it, as the ledger writes it; empty: all
}

// UsageLine is what was spent in one period: in all, or on one operation, for
// one site, by the order of one actor, as it was asked. What was not asked for
// is empty.
type UsageLine struct {
	Day       string // the first of the period: 2030-01-31
	Operation Operation
	Site      string // empty also where the work was for no site
	Actor     string
	Credits   Credits
	Count     int64 // works that ended and were paid for
}

// usageSums is the rollup, and what the ledger has after it: in one statement,
// so that nothing is rolled between the two.
var usageSums = `(
	SELECT day, operation, site_id, actor, credits, count FROM credit_usage WHERE account_id = $1 AND day >= $2 AND day <= $3
	UNION ALL
	SELECT day, operation, site_id, actor, credits, 1 FROM ` +
	spentIn(`seq > (SELECT coalesce(max(rolled_seq), 0) FROM credit_usage_cursor WHERE account_id = $1)`, `o.actor`) + ` s
	WHERE day >= $2 AND day <= $3) u`

// Usage sums what was spent, oldest first. It is exact to the last entry,
// however long ago the rollup was made. ErrUsageTooWide for more than
// MaxUsageLines.
func Usage(ctx context.Context, r tenant.Reader, q UsageQuery) ([]UsageLine, error) {
	from, until := q.days()
	args := []any{from, until}
	where := "true"
	for _, f := range []struct{ column, value string }{{"operation", string(q.Operation)}, {"site_id", q.Site}, {"actor", q.Actor}} {
		if f.value != "" {
			args = append(args, f.value)
			where += fmt.Sprintf(" AND %s = $%d", f.column, len(args)+1)
		}
	}
	column := func(name string, asked bool) string {
		if asked {
			return name
		}
		return `'' AS ` + name
	}
	args = append(args, MaxUsageLines+1)
	var all []UsageLine
	err := r.Each(ctx, `
		SELECT day, operation, site_id, actor, sum(credits), sum(count)
		FROM (SELECT day, `+column("operation", q.ByOperation)+`, `+column("site_id", q.BySite)+`, `+column("actor", q.ByActor)+`, credits, count
			FROM `+usageSums+` WHERE `+where+`) w
		GROUP BY day, operation, site_id, actor ORDER BY day, operation, site_id, actor LIMIT `+fmt.Sprintf("$%d", len(args)+1), args,
		func(scan tenant.Scan) error {
			var l UsageLine
			var day int64
			err := scan(&day, &l.Operation, &l.Site, &l.Actor, &l.Credits, &l.Count)
			l.Day = dayName(q.begin(day))
			all = append(all, l)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("usage: %w", err)
	}
	if len(all) > MaxUsageLines {
		return nil, ErrUsageTooWide
	}
	return q.merged(all), nil
}

// merged adds up the lines that are about one period.
func (q UsageQuery) merged(lines []UsageLine) []UsageLine {
	if q.Per == Day || q.Per == "" {
		return lines
	}
	slices.SortStableFunc(lines, compareUsage)
	var all []UsageLine
	for _, l := range lines {
		if n := len(all); n > 0 && compareUsage(all[n-1], l) == 0 {
			all[n-1].Credits += l.Credits
			all[n-1].Count += l.Count
			continue
		}
		all = append(all, l)
	}
	return all
}

func compareUsage(a, b UsageLine) int {
	for _, c := range []int{
		strings.Compare(a.Day, b.Day), strings.Compare(string(a.Operation), string(b.Operation)),
		strings.Compare(a.Site, b.Site), strings.Compare(a.Actor, b.Actor),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// Filled is lines, an answer to q, with a line of nothing for each period in
// which one of the operations, sites or actors that occur spent nothing. q says
// from when until when. ErrUsageTooWide for more than MaxUsageLines.
func (q UsageQuery) Filled(lines []UsageLine) ([]UsageLine, error) {
	var series []UsageLine // without day and numbers
	known := map[UsageLine]UsageLine{}
	for _, l := range lines {
		key := UsageLine{Day: l.Day, Operation: l.Operation, Site: l.Site, Actor: l.Actor}
		known[key] = l
		key.Day = ""
		if at, found := slices.BinarySearchFunc(series, key, compareUsage); !found {
			series = slices.Insert(series, at, key)
		}
	}
	if len(series) == 0 && !q.ByOperation && !q.BySite && !q.ByActor {
		series = []UsageLine{{}}
	}
	periods := q.Periods()
	if len(periods)*len(series) > MaxUsageLines {
		return nil, ErrUsageTooWide
	}
	all := make([]UsageLine, 0, len(periods)*len(series))
	for _, day := range periods {
		for _, key := range series {
			key.Day = day
			if l, ok := known[key]; ok {
				key = l
			}
			all = append(all, key)
		}
	}
	return all, nil
}

// Periods is the first day of each period that q is about, in order, at most
// one more than MaxUsageLines. q says from when until when.
func (q UsageQuery) Periods() []string {
	var all []string
	from, until := q.days()
	for day := q.begin(from); day <= until && len(all) <= MaxUsageLines; day = q.next(day) {
		all = append(all, dayName(day))
	}
	return all
}

const secondsInDay = 24 * 60 * 60

// days is the first and the last day that count.
func (q UsageQuery) days() (first, last int64) {
	first, last = -1<<40, 1<<40
	if !q.From.IsZero() {
		first = dayOf(q.From)
	}
	if !q.Until.IsZero() {
		last = dayOf(q.Until.Add(-1))
	}
	return first, last
}

// dayOf is the day of a moment, counted from 1 January 1970.
func dayOf(t time.Time) int64 {
	s := t.Unix()
	return (s - ((s%secondsInDay)+secondsInDay)%secondsInDay) / secondsInDay
}

func dayTime(day int64) time.Time { return time.Unix(day*secondsInDay, 0).UTC() }

func dayName(day int64) string { return dayTime(day).Format(time.DateOnly) }

// begin is the first day of the period in which a day lies.
func (q UsageQuery) begin(day int64) int64 {
	switch q.Per {
	case Week:
		return day - int64(dayTime(day).Weekday()+6)%7
	case Month:
		return day - int64(dayTime(day).Day()-1)
	case Day:
	}
	return day
}

// next is the first day of the period after the one that begins with day.
func (q UsageQuery) next(day int64) int64 {
	switch q.Per {
	case Week:
		return day + 7
	case Month:
		return dayOf(dayTime(day).AddDate(0, 1, 0))
	case Day:
	}
	return day + 1
}
