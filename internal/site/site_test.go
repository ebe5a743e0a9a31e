package site_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is an account without sites.
type house struct {
	t  *testing.T
	d  *db.DB
	st *tenant.Store
	s  tenant.Scope
}

func newHouse(t *testing.T) *house {
	t.Helper()
	d := dbtest.Open(t)
	return &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d)}
}

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) view(fn func(context.Context, *tenant.View) error) {
	h.t.Helper()
	if err := h.st.View(h.t.Context(), h.s, fn); err != nil {
		h.t.Fatal(err)
	}
}

func unlimited(context.Context, tenant.Reader, int64, int64) error { return nil }

func (h *house) create(n site.New) (s site.Site, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		s, err = site.Create(ctx, tx, n, unlimited)
		return err
	})
	return s, err
}

func (h *house) made(n site.New) site.Site {
	h.t.Helper()
	s, err := h.create(n)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

func (h *house) list() (all []site.Site) {
	h.t.Helper()
	h.view(func(ctx context.Context, v *tenant.View) (err error) {
		all, err = site.List(ctx, v, "", 100)
		return err
	})
	return all
}

func TestCreate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.made(site.New{Name: " Bees & Co ", Domain: "https://Bees.Example/honey?x=1", Industry: "Beekeeping"})
	want := site.Site{ID: s.ID, Name: "Bees & Co", Domain: "bees.example", Language: "en", Industry: "Beekeeping", Created: s.Created}
	if s != want || s.ID.IsZero() || s.Created.IsZero() {
		t.Errorf("made %+v, want %+v", s, want)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		got, err := site.Load(ctx, v, s.ID)
		if got != s {
			t.Errorf("loaded %+v, made %+v", got, s)
		}
		if err != nil {
			return err
		}
		sectors, err := site.Sectors(ctx, v, s.ID)
		if err != nil {
			return err
		}
		if len(sectors) != 1 || sectors[0].Name != "General" || sectors[0].Site != s.ID {
			t.Fatalf("sectors %+v", sectors)
		}
		first, err := site.FirstSector(ctx, v, s.ID)
		if first != sectors[0].ID {
			t.Errorf("the first sector is %s, want %s", first, sectors[0].ID)
		}
		return err
	})
}

func TestDomains(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tt := range []struct{ in, want string }{
		{"example.com", "example.com"},
		{"  WWW.Example.COM.  ", "www.example.com"},
		{"example.org:8080", "example.org"},
		{"http://example.net:8080/path", "example.net"},
		{"example.info/path#x", "example.info"},
		{"Bücher.example", "xn--bcher-kva.example"},
		{"https://пример.example/", "xn--e1afmkfd.example"},
		{"", ""},
		{"localhost", ""},
		{"no domain", ""},
		{"a..example", ""},
		{"-a.example", ""},
		{"under_score.example", ""},
		{"192.168.0.1", ""},
		{"[::1]", ""},
		{"user@example.com", ""},
		{"https://user:pass@example.com", ""},
		{"example.com:http", ""},
		{strings.Repeat("a", 64) + ".example", ""},
		{strings.Repeat("a.", 130) + "example", ""},
	} {
		s, err := h.create(site.New{Name: "S", Domain: tt.in})
		switch {
		case tt.want == "":
			if !errors.Is(err, site.ErrInvalidDomain) || fault.Of(err).Fields[0].Location != "body.domain" {
				t.Errorf("%q: %v, want ErrInvalidDomain at body.domain", tt.in, err)
			}
		case err != nil || s.Domain != tt.want:
			t.Errorf("%q is %q, %v, want %q", tt.in, s.Domain, err, tt.want)
		}
	}
}

func TestWhatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.made(site.New{Name: "Bees", Domain: "bees.example"})
	for _, tt := range []struct {
		name string
		n    site.New
		want error
	}{
		{"no name", site.New{Domain: "a.example"}, site.ErrInvalidName},
		{"a name with a line", site.New{Name: "a\nb", Domain: "a.example"}, site.ErrInvalidName},
		{"a long name", site.New{Name: strings.Repeat("a", 121), Domain: "a.example"}, site.ErrInvalidName},
		{"no language", site.New{Name: "A", Domain: "a.example", Language: "klingonese"}, site.ErrInvalidLanguage},
		{"undetermined language", site.New{Name: "A", Domain: "a.example", Language: "und"}, site.ErrInvalidLanguage},
		{"a long industry", site.New{Name: "A", Domain: "a.example", Industry: strings.Repeat("a", 121)}, site.ErrInvalidIndustry},
		{"a domain twice", site.New{Name: "A", Domain: "HTTPS://BEES.example/"}, site.ErrDomainTaken},
	} {
		if _, err := h.create(tt.n); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if all := h.list(); len(all) != 1 {
		t.Errorf("%d sites, want 1: %+v", len(all), all)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.made(site.New{Name: "Bees", Domain: "bees.example", Industry: "Bees"})
	change := func(c site.Change) (site.Site, error) {
		var got site.Site
		err := h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
			got, err = site.Apply(ctx, tx, s.ID, c)
			return err
		})
		return got, err
	}
	got, err := change(site.Change{Language: new("PT-br"), Industry: new("")})
	if err != nil {
		t.Fatal(err)
	}
	want := site.Site{ID: s.ID, Name: "Bees", Domain: "bees.example", Language: "pt-BR", Created: s.Created}
	if got != want {
		t.Errorf("changed to %+v, want %+v", got, want)
	}
	want.Tone, want.Words = "Friendly, no jargon", 800
	if got, err := change(site.Change{Tone: new(" Friendly, no jargon "), Words: new(int64(800))}); err != nil || got != want {
		t.Errorf("a voice: %+v, %v", got, err)
	}
	for name, c := range map[string]site.Change{
		"no name": {Name: new("")}, "a long tone": {Tone: new(strings.Repeat("x", 201))}, "few words": {Words: new(int64(99))}, "many": {Words: new(int64(5001))},
	} {
		if _, err := change(c); !errors.Is(err, site.ErrInvalidName) && !errors.Is(err, site.ErrInvalidTone) && !errors.Is(err, site.ErrInvalidWords) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all := h.list(); len(all) != 1 || all[0] != want {
		t.Errorf("kept %+v, want %+v", all, want)
	}
}

func TestListGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var made []site.Site
	for n := range 5 {
		made = append(made, h.made(site.New{Name: "S", Domain: fmt.Sprintf("s%d.example", n)}))
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		part, err := site.List(ctx, v, made[1].ID.String(), 2)
		if len(part) != 2 || part[0] != made[2] || part[1] != made[3] {
			t.Errorf("after the second: %+v", part)
		}
		return err
	})
}

// TestLimitIsAskedUnderLock lets many make sites at once where three may be.
func TestLimitIsAskedUnderLock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	full := fault.New(fault.PaymentRequired, "test.full", "Full.")
	var made, refused atomic.Int64
	var wg sync.WaitGroup
	for n := range 12 {
		wg.Go(func() {
			err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := site.Create(ctx, tx, site.New{Name: "S", Domain: fmt.Sprintf("s%d.example", n)},
					func(_ context.Context, _ tenant.Reader, have, more int64) error {
						if have+more > 3 {
							return full
						}
						return nil
					})
				return err
			})
			switch {
			case err == nil:
				made.Add(1)
			case errors.Is(err, full):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 3 || refused.Load() != 9 || len(h.list()) != 3 {
		t.Errorf("%d made, %d refused, %d there", made.Load(), refused.Load(), len(h.list()))
	}
}

func (h *house) addSector(sid site.ID, name string) (s site.Sector, err error) {
	err = h.update(func(ctx context.Context, tx *tenant.Tx) (err error) {
		s, err = site.AddSector(ctx, tx, sid, name)
		return err
	})
	return s, err
}

func TestSectors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s, other := h.made(site.New{Name: "A", Domain: "a.example"}), h.made(site.New{Name: "B", Domain: "b.example"})
	honey, err := h.addSector(s.ID, " Honey ")
	if err != nil || honey.Name != "Honey" {
		t.Fatalf("added %+v, %v", honey, err)
	}
	if _, err := h.addSector(s.ID, "Honey"); !errors.Is(err, site.ErrSectorExists) {
		t.Errorf("the same again: %v", err)
	}
	if _, err := h.addSector(other.ID, "Honey"); err != nil {
		t.Errorf("the same on another site: %v", err)
	}
	if _, err := h.addSector(s.ID, ""); !errors.Is(err, site.ErrInvalidName) {
		t.Errorf("without a name: %v", err)
	}
	h.view(func(ctx context.Context, v *tenant.View) error {
		all, err := site.Sectors(ctx, v, s.ID)
		if len(all) != 2 || all[0].Name != "General" || all[1] != honey {
			t.Errorf("sectors %+v", all)
		}
		if got, err := site.FindSector(ctx, v, s.ID, honey.ID); got != honey.ID {
			t.Errorf("found %s, %v", got, err)
		}
		if _, err := site.FindSector(ctx, v, other.ID, honey.ID); !errors.Is(err, site.ErrSectorNotFound) {
			t.Errorf("a sector of another site: %v", err)
		}
		return err
	})
	for n := range 98 {
		if _, err := h.addSector(s.ID, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.addSector(s.ID, "one more"); !errors.Is(err, site.ErrTooManySectors) {
		t.Errorf("the 101st: %v", err)
	}
}

func TestTwoTenants(t *testing.T) {
	t.Parallel()
	a := newHouse(t)
	s := a.made(site.New{Name: "Bees", Domain: "bees.example"})
	b := &house{t: t, d: a.d, st: a.st, s: tenanttest.New(t, a.d)}
	if all := b.list(); len(all) != 0 {
		t.Errorf("b lists %+v", all)
	}
	err := b.update(func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := site.Load(ctx, tx, s.ID); !errors.Is(err, site.ErrNotFound) {
			t.Errorf("b loads: %v", err)
		}
		if _, err := site.Apply(ctx, tx, s.ID, site.Change{Name: new("Mine")}); !errors.Is(err, site.ErrNotFound) {
			t.Errorf("b changes: %v", err)
		}
		if all, err := site.Sectors(ctx, tx, s.ID); !errors.Is(err, site.ErrNotFound) {
			t.Errorf("b sees sectors %+v, %v", all, err)
		}
		if _, err := site.AddSector(ctx, tx, s.ID, "Mine"); !errors.Is(err, site.ErrNotFound) {
			t.Errorf("b adds a sector: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A domain is an account's own affair: what one has says nothing to another.
	b.made(site.New{Name: "Bees too", Domain: "bees.example"})
	if all := a.list(); len(all) != 1 || all[0] != s {
		t.Errorf("a's sites became %+v", all)
	}
}
