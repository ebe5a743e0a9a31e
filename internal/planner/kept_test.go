package planner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// TestKeptFileIsImportedOnce, with the columns that somebody has said.
func TestKeptFileIsImportedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	keep := func(body string) (uid planner.UploadID, err error) {
		err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
			uid, err = h.p.Keep(ctx, tx, "list.csv", []byte(body))
			return err
		})
		return uid, err
	}
	if _, err := keep(""); err == nil || len(h.uploads()) != 0 {
		t.Errorf("a file of nothing: %v, kept %v", err, h.uploads())
	}
	uid, err := keep("Keyword,Odd\nhoney,7\nbee,9\n")
	if err != nil {
		t.Fatal(err)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		u, err := planner.Kept(ctx, v, uid)
		if err != nil {
			return err
		}
		u.Site, u.Columns = h.site, planner.Columns{1: "volume"}
		p, err := h.p.Preview(ctx, v, u)
		if p.New != 2 || p.Sample[0].Volume == nil || *p.Sample[0].Volume != 7 {
			t.Errorf("previewed %+v", p)
		}
		return err
	})
	h.start(h.q)
	order := func() (jid job.ID, err error) {
		err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
			jid, err = h.p.ImportKept(ctx, tx, uid, h.site, site.SectorID{}, planner.Columns{1: "volume"})
			return err
		})
		return jid, err
	}
	jid, err := order()
	if err != nil {
		t.Fatal(err)
	}
	if got := result[planner.Imported](h, jid); got.Imported != 2 {
		t.Errorf("imported %+v", got)
	}
	if _, err := order(); !errors.Is(err, planner.ErrUploadNotFound) || len(h.uploads()) != 0 {
		t.Errorf("a second time: %v, kept %v", err, h.uploads())
	}
	if ks := h.keywords(planner.KeywordFilter{}); len(ks) != 2 || *ks[0].Volume != 7 {
		t.Errorf("keywords %+v", ks)
	}
}

// TestForgottenFilesGo after a day, and only those.
func TestForgottenFilesGo(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	h := newHouseAt(t, url, aitest.Script{}, unlimited)
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := h.p.Keep(ctx, tx, "forgotten.csv", []byte("Keyword\nhoney\n"))
		return err
	})
	h.upload("Keyword\nbee\n")
	for _, tt := range []struct {
		hours int
		want  string
	}{{23, "[forgotten.csv list.csv]"}, {25, "[list.csv]"}} {
		h.at(url, clock.At(clock.Clock{}.Now().Add(time.Duration(tt.hours)*time.Hour))).must(planner.Round().Do)
		if got := fmt.Sprint(h.uploads()); got != tt.want {
			t.Errorf("after %d hours there is %s, want %s", tt.hours, got, tt.want)
		}
	}
}

// TestKeywordsAreFound by a part of them, and in the order of their volume, a
// page at a time.
func TestKeywordsAreFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	h.add("Café noir:10", "cafe creme:30", "100% arabica", "tea:30", "percent:5", "a_b:1", "axb:2")
	for search, want := range map[string]string{"CAFE": "[cafe creme Café noir]", "%": "[100% arabica]", "a_b": "[a_b]", "zzz": "[]", " ": "[cafe creme tea Café noir percent axb a_b 100% arabica]"} {
		var got []string
		for _, k := range h.keywords(planner.KeywordFilter{Search: search, Order: planner.ByVolume}) {
			got = append(got, k.Phrase)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q finds %v, want %s", search, got, want)
		}
	}
	for order, want := range map[planner.KeywordOrder]string{
		planner.ByArrival: "[Café noir cafe creme 100% arabica tea percent a_b axb]", planner.ByVolume: "[cafe creme tea Café noir percent axb a_b 100% arabica]",
		planner.ByDifficulty: "[Café noir cafe creme 100% arabica tea percent a_b axb]", planner.ByPhrase: "[100% arabica a_b axb cafe creme Café noir percent tea]",
	} {
		var got []string
		f := planner.KeywordFilter{Order: order, Limit: 2}
		for {
			page := h.keywords(f)
			if len(page) == 0 {
				break
			}
			for _, k := range page {
				got = append(got, k.Phrase)
			}
			f.After = order.Cursor(page[len(page)-1])
		}
		if fmt.Sprint(got) != want {
			t.Errorf("by %q, page by page: %v", order, got)
		}
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		if all, loose, err := planner.Counts(ctx, v, h.site); all != 7 || loose != 7 || err != nil {
			t.Errorf("%d keywords, %d in no cluster, %v", all, loose, err)
		}
		_, err := planner.Keywords(ctx, v, planner.KeywordFilter{Order: planner.ByVolume, After: "x"})
		if !errors.Is(err, planner.ErrInvalidCursor) {
			t.Errorf("a cursor that is none: %v", err)
		}
		return nil
	})
}

// TestKeywordsAreNarrowed by their numbers and their intent; one of which a
// number is not known is in no range of it.
func TestKeywordsAreNarrowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	n := func(v int64) *int64 { return &v }
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := h.p.Add(ctx, tx, []planner.NewKeyword{
			{Site: h.site, Phrase: "buy honey", Volume: n(900), Difficulty: n(40), Intent: "transactional"},
			{Site: h.site, Phrase: "honey cake", Volume: n(100), Difficulty: n(5), Intent: "informational"},
			{Site: h.site, Phrase: "what is honey", Intent: "informational"},
		})
		return err
	})
	for want, f := range map[string]planner.KeywordFilter{
		"[buy honey]":                          {MinVolume: n(101)},
		"[honey cake]":                         {MaxVolume: n(100)},
		"[honey cake buy honey]":               {MinVolume: n(0), Order: planner.ByDifficulty},
		"[honey cake what is honey]":           {Intent: "informational", Order: planner.ByDifficulty},
		"[]":                                   {Intent: "navigational"},
		"[honey cake buy honey what is honey]": {Order: planner.ByDifficulty},
	} {
		var got []string
		for _, k := range h.keywords(f) {
			got = append(got, k.Phrase)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%+v finds %v, want %s", f, got, want)
		}
		h.view(func(ctx context.Context, v *tenant.View) error {
			ks, err := planner.Matching(ctx, v, f)
			if n, cerr := planner.CountMatching(ctx, v, f); err != nil || cerr != nil || n != int64(len(got)) || len(ks) != len(got) {
				t.Errorf("%+v: %d counted, %d match, %v, %v", f, n, len(ks), err, cerr)
			}
			return nil
		})
	}
}

// TestKeywordsAreDeleted with what is known of them, and their clusters are
// counted anew: one that is left with none goes.
func TestKeywordsAreDeleted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{Cluster: firstWord}, unlimited)
	h.start(h.q)
	h.add("honey cake:900", "honey cake recipe:100", "honey cakes:50", "bee hotel:10", "bee hotels:5")
	h.await(h.cluster().Job, job.Succeeded)
	before := h.clusters(planner.ClusterFilter{Site: h.site})
	if len(before) != 2 {
		t.Fatalf("clusters %+v", before)
	}
	ids := map[string]planner.KeywordID{}
	for _, k := range h.keywords(planner.KeywordFilter{}) {
		ids[k.Phrase] = k.ID
	}
	missing, err := planner.ParseKeywordID("kw_01hzzzzzzzzzzzzzzzzzzzzzzz")
	if err != nil {
		t.Fatal(err)
	}
	remove := func(ks ...planner.KeywordID) (n int64, err error) {
		err = h.update(func(ctx context.Context, tx *tenant.Tx) error {
			n, err = planner.DeleteKeywords(ctx, tx, h.site, ks)
			return err
		})
		return n, err
	}
	if _, err := remove(ids["bee hotel"], missing); !errors.Is(err, planner.ErrKeywordNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if n, err := remove(ids["bee hotel"], ids["bee hotels"], ids["honey cake"], ids["honey cake"]); err != nil || n != 3 {
		t.Fatalf("deleted %d, %v", n, err)
	}
	after := h.clusters(planner.ClusterFilter{Site: h.site})
	if len(after) != 1 || after[0].Size != 2 || after[0].Volume != 150 || after[0].Pillar != "honey cake recipe" {
		t.Errorf("clusters %+v", after)
	}
	if ks := h.keywords(planner.KeywordFilter{}); len(ks) != 2 {
		t.Errorf("keywords %+v", ks)
	}
}
