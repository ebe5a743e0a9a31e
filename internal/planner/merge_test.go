package planner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// TestBetterNumbersAreKept says which of two numbers is the better.
func TestBetterNumbersAreKept(t *testing.T) {
	t.Parallel()
	const header = "Keyword,Avg. monthly searches,Competition\n"
	many := func(first string) string { // rows between, so that the two meet in different statements
		var b strings.Builder
		b.WriteString(first)
		for n := range 120 {
			fmt.Fprintf(&b, "other %d,1,Low\n", n)
		}
		return b.String()
	}
	for name, tt := range map[string]struct {
		files []string
		want  string
	}{
		"a later number":                      {[]string{"bee,10,\n", "bee,20,\n"}, "bee vol=20"},
		"a later file that does not know":     {[]string{"bee,10,\n", "bee,,\n"}, "bee vol=10"},
		"a later range over a number":         {[]string{"bee,15,\n", "bee,1K - 10K,\n"}, "bee vol=15"},
		"a later number over a range":         {[]string{"bee,1K - 10K,\n", "bee,15,\n"}, "bee vol=15"},
		"a later range over a range":          {[]string{"bee,1K - 10K,\n", "bee,10 - 100,\n"}, "bee vol=10"},
		"an open range is one":                {[]string{"bee,15,\n", "bee,>1M,\n"}, "bee vol=15"},
		"the first of one file":               {[]string{"bee,10,\nbee,20,\n"}, "bee vol=10"},
		"the first of one file, far apart":    {[]string{many("bee,10,\n") + "bee,20,\n"}, "bee vol=10"},
		"a number of one file":                {[]string{"bee,1K - 10K,\nBee,20,\n"}, "bee vol=20"},
		"a number of one file, far apart":     {[]string{many("bee,1K - 10K,\n") + "Bee,20,\n"}, "bee vol=20"},
		"the same again, then the file's own": {[]string{"bee,10,\n", many("bee,10,\n") + "bee,30,\n"}, "bee vol=10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, aitest.Script{}, unlimited)
			h.start(h.q)
			for _, rows := range tt.files {
				h.imported(header + rows)
			}
			if got := shown(h.keywords(planner.KeywordFilter{})[0]); got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

// TestWhatAPersonTypedStays, and a file fills in only what was not typed.
func TestWhatAPersonTypedStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	h.add("wax") // only the phrase
	volume := int64(7)
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := h.p.Add(ctx, tx, []planner.NewKeyword{{Site: h.site, Phrase: "bee", Volume: &volume}})
		return err
	})
	h.imported("keyword,volume,kd,country\nbee,90,10,DE\nwax,90,10,DE\n")
	h.imported("keyword,volume,kd,country\nbee,91,11,AT\nwax,91,11,AT\n")
	h.wantKeywords(planner.KeywordFilter{}, "wax vol=91 kd=11 AT", "bee vol=7 kd=10 DE")
}

func (h *house) results() []string {
	h.t.Helper()
	var all []string
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		return v.Each(ctx, `SELECT k.phrase, r.position, r.url FROM keyword_results r JOIN keywords k ON k.account_id = r.account_id AND k.id = r.keyword_id
			WHERE r.account_id = $1 ORDER BY k.phrase, r.position`, nil, func(scan tenant.Scan) error {
			var phrase, url string
			var at int64
			err := scan(&phrase, &at, &url)
			all = append(all, fmt.Sprint(phrase, " ", at, " ", url))
			return err
		})
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// TestResultsAreKept of a list in a cell, of a row for each rank, and of a
// page with its own rank.
func TestResultsAreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	h.imported("Keyword,SERP URLs\nbee,https://a.example | https://b.example\nwax,\nhive,https://alone.example\n")
	h.imported("Keyword,Position,URL\nbee,2,https://c.example\nhoney,1,https://a.example\nhoney,2.4,https://b.example\nhoney,500,https://z.example\nwax,2,ftp://no.example\n")
	var many strings.Builder
	many.WriteString("Keyword,SERP URLs\n")
	for n := range 60 {
		fmt.Fprintf(&many, "many %d,%s\n", n, strings.Repeat(fmt.Sprintf("https://m%d.example ", n), 20))
	}
	h.imported(many.String())
	all := h.results()
	want := []string{
		"bee 1 https://a.example", "bee 2 https://c.example", "honey 1 https://a.example", "honey 2 https://b.example",
	}
	if len(all) != 4+60*20 || !slices.Equal(all[:4], want) {
		t.Errorf("%d results, the first %q, want %q", len(all), all[:min(len(all), 4)], want)
	}
	other := h.neighbour()
	if got := other.results(); len(got) != 0 {
		t.Errorf("a neighbour sees %q", got)
	}
}

// TestColumnsAsAPersonSays holds for the preview and for the import alike.
func TestColumnsAsAPersonSays(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	u := planner.Upload{Site: h.site, Body: []byte("Ding;Zahl;Volume\nbee;5;1\n"), Columns: planner.Columns{0: "keyword", 1: "volume", 2: "ignore"}}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		p, err := h.p.Preview(ctx, tx, u)
		if err != nil || p.New != 1 || *p.Sample[0].Volume != 5 || p.Columns[2] != (planner.PreviewColumn{Index: 2, Header: "Volume"}) {
			t.Errorf("foreseen %+v, %v", p, err)
		}
		return nil
	})
	jid, err := h.tryUpload(u)
	if err != nil {
		t.Fatal(err)
	}
	result[planner.Imported](h, jid)
	h.wantKeywords(planner.KeywordFilter{}, "bee vol=5")
	for _, wrong := range []planner.Columns{{0: "keyword", 1: "keyword"}, {0: "colour"}, {-1: "keyword"}, {0: ""}} {
		u.Columns = wrong
		if _, err := h.tryUpload(u); fault.Of(err).Code != planner.ErrInvalidColumns.Code {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
