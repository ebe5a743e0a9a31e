package app

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// report is what the demo found, as --json prints it.
type report struct {
	Tenant   reportTenant       `json:"tenant"`
	Keywords reportKeywords     `json:"keywords"`
	Clusters reportClusters     `json:"clusters"`
	Ideas    int                `json:"ideas"`
	Article  reportArticle      `json:"article"`
	Credits  reportCredits      `json:"credits"`
	Gate     []int              `json:"gate"`
	Seconds  map[string]float64 `json:"seconds"`

	titles   []reportIdea
	markdown string
	entries  []reportEntry
}

type reportTenant struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Plan   string `json:"plan"`
}

type reportKeywords struct {
	Rows       int64 `json:"rows"`
	Imported   int64 `json:"imported"`
	Duplicates int64 `json:"duplicates"`
	Rejected   int64 `json:"rejected"`
}

type reportClusters struct {
	Count   int64           `json:"count"`
	Largest reportCluster   `json:"largest"`
	Sample  []reportCluster `json:"sample"`
}

type reportCluster struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Pillar string `json:"pillar"`
	Size   int64  `json:"size"`
	Volume int64  `json:"volume"`
	Intent string `json:"intent"`
}

type reportIdea struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

type reportArticle struct {
	Title string `json:"title"`
	Words int64  `json:"words"`
}

type reportCredits struct {
	Granted   int64 `json:"granted"`
	Spent     int64 `json:"spent"`
	Available int64 `json:"available"`
	Held      int64 `json:"held"`
	Entries   int   `json:"entries"`
}

type reportEntry struct {
	Kind         string `json:"kind"`
	Amount       int64  `json:"amount"`
	HeldChange   int64  `json:"held_change"`
	BalanceAfter int64  `json:"balance_after"`
	Operation    string `json:"operation"`
	Reference    string `json:"reference"`
}

// sampleSize is how many clusters the report shows.
const sampleSize = 8

// clustersOf shows the largest by keywords, and those that stand first.
func clustersOf(count int64, first []reportCluster) reportClusters {
	largest := slices.MaxFunc(first, func(a, b reportCluster) int { return int(a.Size - b.Size) })
	return reportClusters{Count: count, Largest: largest, Sample: first[:min(sampleSize, len(first))]}
}

// print is the report for a person.
func (d *demo) print(out io.Writer) error {
	r := &d.report
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) } // Flush tells of errors
	p("\n%s (%s plan) imported %d keywords of %d rows (duplicates: %d, rejected: %d).", r.Tenant.Name, r.Tenant.Plan,
		r.Keywords.Imported, r.Keywords.Rows, r.Keywords.Duplicates, r.Keywords.Rejected)
	p("\n%d clusters, of which these are the largest:\n", r.Clusters.Count)
	p("  CLUSTER\tKEYWORDS\tVOLUME\tINTENT")
	for _, c := range r.Clusters.Sample {
		p("  %s\t%d\t%s\t%s", c.Name, c.Size, orDash(c.Volume > 0, c.Volume), orDash(c.Intent != "", c.Intent))
	}
	p("\nIdeas for %q, the largest with %d keywords:\n", r.Clusters.Largest.Name, r.Clusters.Largest.Size)
	for _, i := range r.titles {
		p("  %s", i.Title)
	}
	p("\nThe article %q, %d words, begins:\n", r.Article.Title, r.Article.Words)
	p("%s", quoted(r.markdown, 6))
	p("\nThe ledger, newest first:\n")
	p("  KIND\tAMOUNT\tHELD\tBALANCE\tFOR")
	for _, e := range r.entries {
		p("  %s\t%+d\t%+d\t%d\t%s", e.Kind, e.Amount, e.HeldChange, e.BalanceAfter, strings.TrimSpace(e.Operation+" "+e.Reference))
	}
	p("\n%d credits granted, %d spent, %d available, %d held.", r.Credits.Granted, r.Credits.Spent, r.Credits.Available, r.Credits.Held)
	p("\nThe second tenant was answered %v: a transfer that was not there, confirmed, then suspended.", r.Gate)
	return w.Flush()
}

// orDash is a value, or a dash where the file says nothing.
func orDash(known bool, v any) string {
	if !known {
		return "-"
	}
	return fmt.Sprint(v)
}

// quoted is the beginning of a text, set off from the rest.
func quoted(text string, lines int) string {
	all := strings.Split(text, "\n")
	if len(all) > lines {
		all = append(all[:lines:lines], "...")
	}
	return "  | " + strings.Join(all, "\n  | ")
}
