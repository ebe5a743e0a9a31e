package planner_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/ai/aitest"
	"igny8/internal/fault"
	"igny8/internal/planner"
	"igny8/internal/site"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	got, err := h.tryAdd(
		planner.NewKeyword{Site: h.site, Phrase: "  Honey \t cake\u200b ", Volume: new(int64(0)), Difficulty: new(int64(100)), Intent: " Commercial", Country: "de "},
		planner.NewKeyword{Site: h.site, Phrase: "bee"},
	)
	if err != nil {
		t.Fatal(err)
	}
	h.wantKeywords(planner.KeywordFilter{}, "Honey cake vol=0 kd=100 commercial DE", "bee")
	if stored := h.keywords(planner.KeywordFilter{}); !reflect.DeepEqual(got, stored) {
		t.Errorf("answered %+v, stored %+v", got, stored)
	}
	if k := got[1]; k.ID.IsZero() || k.Site != h.site || k.Sector.IsZero() || !k.Cluster.IsZero() || k.Created.IsZero() {
		t.Errorf("added %+v", k)
	}
}

// TestAddWhatIsThere answers in the order of the question, and fills nothing
// in: what somebody types is not newer than what they see.
func TestAddWhatIsThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, upTo(4))
	there := h.add("Honey:90", "bee")
	got := h.add("wax", "hóney:5", "WAX:7", "bee:3", "pollen")
	if !reflect.DeepEqual(got[1], there[0]) || !reflect.DeepEqual(got[3], there[1]) || got[2].ID != got[0].ID {
		t.Errorf("answered %+v", got)
	}
	h.wantKeywords(planner.KeywordFilter{}, "Honey vol=90", "bee", "wax", "pollen")
	h.p = planner.New(h.st, nil, h.q, upTo(1)) // a smaller plan since
	if again := h.add("HONEY"); again[0].ID != there[0].ID {
		t.Errorf("answered %+v, want %+v", again, there[0])
	}

	sid := h.newSite("wasps.example")
	wild := h.newSector(h.site, "Wild bees")
	h.p = planner.New(h.st, nil, h.q, unlimited)
	elsewhere, err := h.tryAdd(planner.NewKeyword{Site: sid, Phrase: "honey"}, planner.NewKeyword{Site: h.site, Sector: wild, Phrase: "honey"})
	if err != nil {
		t.Fatal(err)
	}
	if elsewhere[0].Site != sid || elsewhere[1].Sector != wild || elsewhere[0].ID == there[0].ID || elsewhere[1].ID == there[0].ID {
		t.Errorf("on another site and in another sector: %+v", elsewhere)
	}
}

func TestAddOverTheLimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, upTo(3))
	h.add("honey", "bee")
	if _, err := h.tryAdd(planner.NewKeyword{Site: h.site, Phrase: "wax"}, planner.NewKeyword{Site: h.site, Phrase: "hive"}); !errors.Is(err, errFull) {
		t.Errorf("one too many: %v, want %v", err, errFull)
	}
	h.wantKeywords(planner.KeywordFilter{}, "honey", "bee")
	h.add("wax")
	h.wantKeywords(planner.KeywordFilter{}, "honey", "bee", "wax")
}

// TestManyAddAtOnceUnderTheLimit counts and adds as one.
func TestManyAddAtOnceUnderTheLimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, upTo(3))
	var refused atomic.Int64
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			_, err := h.tryAdd(planner.NewKeyword{Site: h.site, Phrase: fmt.Sprint("bee ", n)})
			if errors.Is(err, errFull) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if there := h.keywords(planner.KeywordFilter{}); len(there) != 3 || refused.Load() != 5 {
		t.Errorf("%d keywords and %d refused, want 3 and 5", len(there), refused.Load())
	}
}

func TestKeywordThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t, aitest.Script{}, unlimited)
	elsewhere := h.newSector(h.beside("wasps.example").site, "Wasps")
	missing, _ := site.ParseID("site_00000000000000000000000000")
	for _, tt := range []struct {
		name, where string
		k           planner.NewKeyword
		want        error
	}{
		{"nothing", "phrase", planner.NewKeyword{}, planner.ErrInvalidKeyword},
		{"blanks and quotes", "phrase", planner.NewKeyword{Phrase: " \u200b“ ” \n"}, planner.ErrInvalidKeyword},
		{"201 characters", "phrase", planner.NewKeyword{Phrase: strings.Repeat("é", 201)}, planner.ErrInvalidKeyword},
		{"a control character", "phrase", planner.NewKeyword{Phrase: "a\x00b"}, planner.ErrInvalidKeyword},
		{"an unknown intent", "intent", planner.NewKeyword{Phrase: "a", Intent: "buying"}, planner.ErrInvalidKeyword},
		{"less than no searches", "volume", planner.NewKeyword{Phrase: "a", Volume: new(int64(-1))}, planner.ErrInvalidKeyword},
		{"more searches than there are", "volume", planner.NewKeyword{Phrase: "a", Volume: new(int64(1e12 + 1))}, planner.ErrInvalidKeyword},
		{"easier than easy", "difficulty", planner.NewKeyword{Phrase: "a", Difficulty: new(int64(-1))}, planner.ErrInvalidKeyword},
		{"harder than hard", "difficulty", planner.NewKeyword{Phrase: "a", Difficulty: new(int64(101))}, planner.ErrInvalidKeyword},
		{"a country of three letters", "country", planner.NewKeyword{Phrase: "a", Country: "DEU"}, planner.ErrInvalidKeyword},
		{"a country of other letters", "country", planner.NewKeyword{Phrase: "a", Country: "Ä"}, planner.ErrInvalidKeyword},
		{"no such site", "", planner.NewKeyword{Phrase: "a", Site: missing}, site.ErrNotFound},
		{"a sector of another site", "", planner.NewKeyword{Phrase: "a", Sector: elsewhere}, site.ErrSectorNotFound},
	} {
		if tt.k.Site.IsZero() {
			tt.k.Site = h.site
		}
		_, err := h.tryAdd(planner.NewKeyword{Site: h.site, Phrase: "honey"}, tt.k)
		f := fault.Of(err)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if tt.where != "" && (len(f.Fields) != 1 || f.Fields[0].Location != "body.keywords[1]."+tt.where) {
			t.Errorf("%s: blames %+v, want %s", tt.name, f.Fields, tt.where)
		}
	}
	h.wantKeywords(planner.KeywordFilter{})
	longest := planner.NewKeyword{Site: h.site, Phrase: strings.Repeat("é", 200), Volume: new(int64(1e12)), Difficulty: new(int64(0))}
	if _, err := h.tryAdd(longest); err != nil {
		t.Errorf("the longest, with the most searches: %v", err)
	}
}
