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
		for _, k := range h.keywords(planner.KeywordFilter{Search: search, ByVolume: true}) {
			got = append(got, k.Phrase)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%q finds %v, want %s", search, got, want)
		}
	}
	var got []string
	f := planner.KeywordFilter{ByVolume: true, Limit: 2}
	for {
		page := h.keywords(f)
		if len(page) == 0 {
			break
		}
		for _, k := range page {
			got = append(got, k.Phrase)
		}
		f.After = page[len(page)-1].Cursor()
	}
	if fmt.Sprint(got) != "[cafe creme tea Café noir percent axb a_b 100% arabica]" {
		t.Errorf("page by page: %v", got)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		if all, loose, err := planner.Counts(ctx, v, h.site); all != 7 || loose != 7 || err != nil {
			t.Errorf("%d keywords, %d in no cluster, %v", all, loose, err)
		}
		_, err := planner.Keywords(ctx, v, planner.KeywordFilter{ByVolume: true, After: "x"})
		if !errors.Is(err, planner.ErrInvalidCursor) {
			t.Errorf("a cursor that is none: %v", err)
		}
		return nil
	})
}
