package planner_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// TestImport has one row of each fate, under the names that Ahrefs gives.
func TestImport(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("Wax")
	jid := h.upload(`Keyword,Volume,Difficulty,CPC (EUR),Intent,Country
Honey,,10,,,
honey,90,20,1.25,Commercial,de
Café  Paris,40,,,,
CAFE PARIS,50,,,,us
,7,,,,
bee hotel,many,,,,
"“wáx”",5,,,,
`)
	if j := h.job(jid); j.Total != 7 || j.State != job.Queued || j.Quote != nil {
		t.Errorf("ordered %+v, want 7 rows, for nothing", j)
	}
	h.start(h.q)
	got := result[planner.Imported](h, jid)
	want := planner.Imported{
		Rows: 7, Imported: 3, Duplicates: 3, Rejected: 1, Format: "ahrefs", Encoding: "utf-8", WarningsOf: 1,
		Rejections: []planner.FileIssue{{Line: 6, Column: "Keyword", Reason: "no_keyword"}},
		Warnings:   []planner.FileIssue{{Line: 7, Column: "Volume", Value: "many", Reason: "bad_number"}},
	}
	for _, all := range [][]planner.FileIssue{got.Rejections, got.Warnings} {
		for i := range all {
			if all[i].Detail == "" {
				t.Errorf("line %d has no sentence for who uploaded it", all[i].Line)
			}
			all[i].Detail = ""
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("imported %+v, want %+v", got, want)
	}
	h.wantKeywords(planner.KeywordFilter{}, "Wax vol=5", "Honey vol=90 kd=10 cpc=1250000 EUR commercial DE", "Café Paris vol=40 US", "bee hotel")
	if j := h.job(jid); j.Done != 7 {
		t.Errorf("%d of %d rows are done", j.Done, j.Total)
	}
	if files := h.uploads(); len(files) != 0 {
		t.Errorf("the files %q still wait", files)
	}
	h.want(1000, 0)
}

// TestImportOfMany has duplicates near each other and far apart.
func TestImportOfMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("k 7", "k 250")
	h.start(h.q)
	var file strings.Builder
	file.WriteString("keyword\tvolume\n")
	for n := range 300 {
		fmt.Fprintf(&file, "k %d\t\n", n)
	}
	for n := range 300 {
		fmt.Fprintf(&file, "K %d\t%d\n\"K  %d\"\t1000\n", n, n, n)
	}
	got := h.imported(file.String())
	if got.Rows != 900 || got.Imported != 298 || got.Duplicates != 602 || got.Rejected != 0 {
		t.Errorf("imported %+v, want 298 of 900 and 602 duplicates", got)
	}
	all := h.keywords(planner.KeywordFilter{})
	for _, k := range all {
		if k.Volume == nil || k.Phrase != fmt.Sprint("k ", *k.Volume) {
			t.Errorf("a keyword is %s", shown(k))
		}
	}
	if len(all) != 300 {
		t.Errorf("%d keywords, want 300", len(all))
	}
	if again := h.imported(file.String()); again.Imported != 0 || again.Duplicates != 900 {
		t.Errorf("the same again imported %+v, want duplicates alone", again)
	}
}

func TestImportOfARealFile(t *testing.T) {
	t.Parallel()
	file := realFile(t, "search-console-queries.csv")
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	if got := h.imported(file); got.Rows != 795 || got.Imported != 793 || got.Duplicates != 2 || got.Rejected != 0 {
		t.Errorf("imported %+v, want 793 of 795 and 2 duplicates", got)
	}
	if all := h.keywords(planner.KeywordFilter{}); len(all) != 793 {
		t.Errorf("%d keywords, want 793", len(all))
	}
}

// TestSecondFileKnowsBetter brings what is missing and newer numbers for what
// is there, and the clusters count with them.
func TestSecondFileKnowsBetter(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	h.imported("keyword,volume,kd,cpc (EUR),intent,country\nhoney,90,,,,\nhoney cake,,,1.00,,\nbee,5,50,2.00,commercial,DE\n")
	h.clusterBy(firstWord)
	h.wantClusters("honey: honey, honey cake", "bee: bee")

	got := h.imported("keyword,volume,kd,cpc (USD),intent,country\nHoney,10,30,3.00,informational,AT\nHONEY CAKE,20,,4.00,,\nbéé,6,60,5.00,informational,AT\n")
	if got.Imported != 0 || got.Duplicates != 3 {
		t.Errorf("imported %+v, want duplicates alone", got)
	}
	h.wantKeywords(planner.KeywordFilter{},
		"honey vol=10 kd=30 cpc=3000000 USD informational AT", "honey cake vol=20 cpc=4000000 USD", "bee vol=6 kd=60 cpc=5000000 USD informational AT")
	h.wantClusters("honey: honey, honey cake", "bee: bee")
	if c := h.clusters(planner.ClusterFilter{})[0]; c.Volume != 30 {
		t.Errorf("cluster %s has %d searches, want 30", c.Name, c.Volume)
	}
}

// TestEachGapIsFilled alone by the same file and by the next, whose numbers
// stand. What a later file does not know stays.
func TestEachGapIsFilled(t *testing.T) {
	t.Parallel()
	const (
		header = "keyword,volume,kd,cpc (EUR),intent,country\n"
		bare   = "a,,,,,\nb,,,,,\nc,,,,,\nd,,,,,\ne,,,,,\n"
		gains  = "A,1,,,,\nB,,2,,,\nC,,,3,,\nD,,,,commercial,\nE,,,,,DE\n"
		full   = "f,1,2,3,commercial,DE\n"
		other  = "F,4,5,6,informational,AT\n"
	)
	for name, files := range map[string][]string{
		"one file":  {header + bare + gains + full + other + bare},
		"two files": {header + bare + "f,4,5,6,informational,AT\n", header + gains + full, header + bare},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, aitest.Script{}, unlimited)
			h.start(h.q)
			for _, file := range files {
				h.imported(file)
			}
			h.wantKeywords(planner.KeywordFilter{},
				"a vol=1", "b kd=2", "c cpc=3000000 EUR", "d commercial", "e DE", "f vol=1 kd=2 cpc=3000000 EUR commercial DE")
		})
	}
}

// TestImportOverTheLimit keeps nothing of the file: neither the keywords that
// would still have had a place, nor what it knows of those that are there.
func TestImportOverTheLimit(t *testing.T) {
	t.Parallel()
	var places atomic.Int64
	places.Store(4)
	h := newHouse(t, aitest.Script{}, func(ctx context.Context, r tenant.Reader, have, more int64) error {
		return upTo(places.Load())(ctx, r, have, more)
	})
	h.add("honey", "bee")
	h.start(h.q)
	jid := h.upload("keyword,volume\nhoney,90\nwax,1\npollen,2\nhive,3\n")
	j := h.await(jid, job.Failed)
	if j.Error == nil || *j.Error != (job.Problem{Code: "test.full", Detail: "Your plan is full."}) {
		t.Errorf("failed with %+v, want what the plan says", j.Error)
	}
	h.wantKeywords(planner.KeywordFilter{}, "honey", "bee")
	if files := h.uploads(); len(files) != 0 {
		t.Errorf("the files %q still wait", files)
	}
	if got := h.imported("wax\npollen\n"); got.Imported != 2 {
		t.Errorf("a file that has a place: %+v", got)
	}
	places.Store(1) // a smaller plan since
	if got := h.imported("keyword,volume\nhoney,90\n"); got.Duplicates != 1 {
		t.Errorf("a file of what is there, with more than the plan has places: %+v", got)
	}
	h.wantKeywords(planner.KeywordFilter{}, "honey vol=90", "bee", "wax", "pollen")
}

// TestImportsAtOnceUnderTheLimit has two servers import where there is a place
// for one file only.
func TestImportsAtOnceUnderTheLimit(t *testing.T) {
	t.Parallel()
	slow := func(ctx context.Context, r tenant.Reader, have, more int64) error {
		time.Sleep(50 * time.Millisecond) // for the other to come in between
		return upTo(5)(ctx, r, have, more)
	}
	h := newHouse(t, aitest.Script{}, slow)
	other, _ := h.employ(aitest.Script{}, slow)
	jobs := []job.ID{h.upload("a\nb\nc\n"), h.upload("d\ne\nf\n"), h.upload("g\nh\ni\n"), h.upload("j\nk\nl\n")}
	h.start(h.q)
	h.start(other)
	var ended []string
	for _, jid := range jobs {
		ended = append(ended, string(h.awaitEnd(jid).State))
	}
	if slices.Sort(ended); strings.Join(ended, " ") != "failed failed failed succeeded" {
		t.Errorf("the imports ended %q, want one to succeed", ended)
	}
	if all := h.keywords(planner.KeywordFilter{}); len(all) != 3 {
		t.Errorf("%d keywords, want 3", len(all))
	}
}

// TestFileThatCannotBeRead is refused before anything is ordered: even a
// caller that commits has nothing.
func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	elsewhere := h.newSector(h.beside("wasps.example").site, "Wasps")
	missing, _ := site.ParseID("site_00000000000000000000000000")
	for _, tt := range []struct {
		name, where string
		u           planner.Upload
		want        error
	}{
		{"nothing", "", planner.Upload{}, keywordfile.ErrEmpty},
		{"a picture", "", planner.Upload{Body: []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")}, keywordfile.ErrNotText},
		{"no column of keywords", "line 1", planner.Upload{Body: []byte("Clicks,Volume\n1,2\n")}, keywordfile.ErrNoKeywordColumn},
		{"a quote left open", "line 3", planner.Upload{Body: []byte("keyword,volume\nhoney,1\n\"bee,2\nwax,3\n")}, keywordfile.ErrUnclosedQuote},
		{"no such site", "", planner.Upload{Site: missing, Body: []byte("honey\n")}, site.ErrNotFound},
		{"a sector of another site", "", planner.Upload{Sector: elsewhere, Body: []byte("honey\n")}, site.ErrSectorNotFound},
	} {
		if tt.u.Site.IsZero() {
			tt.u.Site = h.site
		}
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			jid, err := h.p.Import(ctx, tx, tt.u)
			if !errors.Is(err, tt.want) || !jid.IsZero() {
				t.Errorf("%s: job %q, %v, want %v", tt.name, jid, err, tt.want)
			} else if f := fault.Of(err); tt.where != "" && (len(f.Fields) != 1 || f.Fields[0].Location != tt.where) {
				t.Errorf("%s: blames %+v, want %s", tt.name, f.Fields, tt.where)
			}
			return nil
		})
	}
	if files := h.uploads(); len(files) != 0 {
		t.Errorf("the files %q were kept", files)
	}
	h.wantKeywords(planner.KeywordFilter{})
}

func TestImportCancelledWhileItWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	jid := h.upload("honey\n")
	if files := h.uploads(); len(files) != 1 {
		t.Errorf("the files %q wait, want one", files)
	}
	h.cancel(jid)
	if files := h.uploads(); len(files) != 0 {
		t.Errorf("the files %q still wait", files)
	}
	h.start(h.q)
	h.imported("bee\n")
	h.wantKeywords(planner.KeywordFilter{}, "bee")
}

// TestFileName is what a browser sends, kept as far as it can be shown and
// stored.
func TestFileName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	var want []string
	for _, tt := range []struct{ name, want string }{
		{"Stichwörter (März).csv", "Stichwörter (März).csv"},
		{"list\x00\r\n\xff\u202evsc.\x1b[31m.csv", "listvsc.[31m.csv"},
		{"", ""},
		{strings.Repeat("ß", 201), strings.Repeat("ß", 200)},
	} {
		if _, err := h.tryUpload(planner.Upload{Site: h.site, Name: tt.name, Body: []byte("honey\n")}); err != nil {
			t.Errorf("%q: %v", tt.name, err)
		}
		want = append(want, tt.want)
	}
	if got := h.uploads(); !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// TestImportIntoASector keeps the same keyword of two sectors apart.
func TestImportIntoASector(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.start(h.q)
	first := h.add("honey")[0]
	wild := h.newSector(h.site, "Wild bees")
	jid, err := h.tryUpload(planner.Upload{Site: h.site, Sector: wild, Body: []byte("honey\n")})
	if err != nil {
		t.Fatal(err)
	}
	if got := result[planner.Imported](h, jid); got.Imported != 1 {
		t.Errorf("imported %+v", got)
	}
	all := h.keywords(planner.KeywordFilter{})
	if len(all) != 2 || all[0].Sector != first.Sector || all[1].Sector != wild || first.Sector == wild {
		t.Errorf("keywords %+v", all)
	}
}
