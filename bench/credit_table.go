package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"igny8/internal/db"
)

// goal is that ours does a multiple of what a peer does, at a setting.
type goal struct {
	at     setting
	peer   string
	factor float64
}

// goals are those of the product.
var goals = []goal{
	{setting{engine: db.Postgres, hot: true, clients: 64}, naive, 30},
	{setting{engine: db.Postgres, hot: true, clients: 64}, single, 20},
	{setting{engine: db.Postgres, hot: true, clients: 64, http: true}, batched, 0.8},
	{setting{engine: db.Postgres, hot: true, clients: 1}, single, 1},
	{setting{engine: db.Postgres, clients: 64}, naive, 2.5},
	{setting{engine: db.Postgres, clients: 64}, single, 1},
	{setting{engine: db.SQLite, hot: true, clients: 64}, naive, 10},
	{setting{engine: db.SQLite, hot: true, clients: 64}, guarded, 10},
	{setting{engine: db.SQLite, clients: 64}, naive, 6},
	{setting{engine: db.SQLite, clients: 64}, guarded, 6},
}

// ratios are how many times as much a desk does as another, in each round.
// There are none where one of them was not measured.
func ratios(of map[string][]sample, desk, peer string) []float64 {
	mine, theirs := of[desk], of[peer]
	if len(mine) != len(theirs) || desk == peer {
		return nil
	}
	all := make([]float64, len(mine))
	for i := range mine {
		if theirs[i].perSecond == 0 {
			return nil
		}
		all[i] = mine[i].perSecond / theirs[i].perSecond
	}
	return all
}

func times(of map[string][]sample, desk, peer string) string {
	if all := ratios(of, desk, peer); len(all) > 0 {
		return twoDigits(median(all))
	}
	return ""
}

// timesWithin is times, and between what it was in all rounds.
func timesWithin(of map[string][]sample, desk, peer string) string {
	all := ratios(of, desk, peer)
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprintf("%s (%s to %s)", twoDigits(median(all)), twoDigits(slices.Min(all)), twoDigits(slices.Max(all)))
}

// twoDigits has decimals where they tell something.
func twoDigits(r float64) string {
	if r >= 10 {
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}

// medianOf is the median of a part of all samples.
func medianOf(all []sample, part func(sample) float64) float64 {
	values := make([]float64, len(all))
	for i, s := range all {
		values[i] = part(s)
	}
	return median(values)
}

func speed(s sample) float64 { return s.perSecond }

// showCredits prints a line for each desk at each setting, and then how far
// the goals are reached.
func showCredits(out io.Writer, at []setting, results measured) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FIGURE\tDESK\tMEDIAN\tMIN\tMAX\tP50\tP99\tBY NAIVE\tBY GUARDED\tBY SINGLE\tBY BATCHER") // Flush tells of errors
	for _, s := range at {
		for _, desk := range desks {
			all, of := results[s][desk], results[s]
			if len(all) == 0 {
				continue
			}
			least, most := math.Inf(1), 0.0
			for _, one := range all {
				least, most = min(least, one.perSecond), max(most, one.perSecond)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.2f ms\t%.2f ms\t%s\t%s\t%s\t%s\n", s, desk, perSecond(medianOf(all, speed)), perSecond(least), perSecond(most),
				1000*medianOf(all, func(s sample) float64 { return s.p50 }), 1000*medianOf(all, func(s sample) float64 { return s.p99 }),
				times(of, desk, naive), times(of, desk, guarded), times(of, desk, single), times(of, desk, batched))
		}
	}
	_, _ = fmt.Fprintln(w, "\nGOAL\tBESIDE\tAT LEAST\tBATCHER\tOURS\t")
	for _, g := range goals {
		of := results[g.at]
		if of == nil {
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", g.at, g.peer, twoDigits(g.factor), timesWithin(of, batched, g.peer), timesWithin(of, ours, g.peer), g.verdict(of))
	}
	return w.Flush()
}

// verdict says if the goal is reached, or nothing where ours was not measured.
func (g goal) verdict(of map[string][]sample) string {
	all := ratios(of, ours, g.peer)
	switch {
	case len(all) == 0:
		return ""
	case median(all) < g.factor:
		return "missed"
	default:
		return "met"
	}
}
