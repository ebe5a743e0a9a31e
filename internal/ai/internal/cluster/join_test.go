package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/ai/internal/cluster"
	"igny8/internal/ai/internal/provider"
)

// clusters is groups of a brief as what is there already.
func clusters(b provider.ClusterBrief, groups []provider.Group) []provider.Cluster {
	var out []provider.Cluster
	for _, g := range groups {
		var c provider.Cluster
		for _, m := range g.Members {
			c.Phrases = append(c.Phrases, b.Phrases[m])
		}
		out = append(out, c)
	}
	return out
}

func TestNewPhrasesJoin(t *testing.T) {
	t.Parallel()
	old := brief("perimenopause symptoms", "symptoms of perimenopause", "early perimenopause symptoms", "coffee grinder", "best coffee grinder", "burr coffee grinder")
	b := brief("coffee grinders", "list of perimenopause symptoms", "running shoes", "best running shoes", "COFFEE  grinder")
	b.There = clusters(old, run(t, old))
	if len(b.There) != 2 {
		t.Fatalf("there are %d clusters", len(b.There))
	}
	var got []string
	for _, g := range run(t, b) {
		at := "new"
		if g.Into > 0 {
			at = b.There[g.Into-1].Phrases[0].Text
		}
		var in []string
		for _, m := range g.Members {
			in = append(in, b.Phrases[m].Text)
		}
		slices.Sort(in)
		got = append(got, at+": "+strings.Join(in, ", "))
	}
	slices.Sort(got)
	want := []string{
		"coffee grinder: COFFEE  grinder, coffee grinders", "new: best running shoes, running shoes", "perimenopause symptoms: list of perimenopause symptoms",
	}
	if !slices.Equal(got, want) {
		t.Errorf("joined as\n%s", strings.Join(got, "\n"))
	}
}

// TestEveryNewPhraseIsInOneGroup whatever there is, and what there is gets no
// second group.
func TestEveryNewPhraseIsInOneGroup(t *testing.T) {
	t.Parallel()
	words := []string{"coffee", "grinder", "best", "for", "how to", "clean", "a", "machine", "☕", "机"}
	rapid.Check(t, func(rt *rapid.T) {
		phrase := rapid.Custom(func(rt *rapid.T) provider.Phrase {
			p := provider.Phrase{Text: strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 4).Draw(rt, "words"), " ")}
			for range rapid.IntRange(0, 8).Draw(rt, "results") {
				p.Results = append(p.Results, fmt.Sprintf("https://example.com/%d", rapid.IntRange(0, 9).Draw(rt, "page")))
			}
			return p
		})
		b := provider.ClusterBrief{Language: "en", Phrases: rapid.SliceOfN(phrase, 0, 15).Draw(rt, "new")}
		for range rapid.IntRange(0, 4).Draw(rt, "clusters") {
			b.There = append(b.There, provider.Cluster{Phrases: rapid.SliceOfN(phrase, 0, 6).Draw(rt, "there")})
		}
		groups, err := cluster.Run(t.Context(), b)
		if err != nil {
			rt.Fatal(err)
		}
		into := map[int]bool{}
		for _, g := range groups {
			if g.Into < 0 || g.Into > len(b.There) || g.Into > 0 && into[g.Into] {
				rt.Errorf("a second group, or one that is none: %+v", g)
			}
			into[g.Into] = true
		}
		sound(rt, b, groups)
	})
}

// TestInTwoHalves: a list that comes in two files is grouped nearly as well as
// one that comes in one.
func TestInTwoHalves(t *testing.T) {
	t.Parallel()
	texts, labels := column(t, "banking77-test.csv", 0), column(t, "banking77-test.csv", 1)
	var halves [2][]string
	var said []string // labels, in the order of the halves
	for n := range halves {
		for i := n; i < len(texts); i += 2 {
			halves[n] = append(halves[n], texts[i])
			said = append(said, labels[i])
		}
	}
	first := brief(halves[0]...)
	groups := run(t, first)
	second := brief(halves[1]...)
	second.There = clusters(first, groups)
	more := run(t, second)
	got := make([]int32, len(texts))
	for c, g := range groups {
		for _, m := range g.Members {
			got[m] = int32(c)
		}
	}
	joined := 0
	for c, g := range more {
		for _, m := range g.Members {
			if got[len(halves[0])+m] = int32(len(groups) + c); g.Into > 0 {
				got[len(halves[0])+m] = int32(g.Into - 1)
				joined++
			}
		}
	}
	want, number := make([]int32, len(texts)), map[string]int32{}
	for i, l := range said {
		if _, ok := number[l]; !ok {
			number[l] = int32(len(number))
		}
		want[i] = number[l]
	}
	nmi, ari, bcubed := cluster.Agreement(got, want)
	t.Logf("NMI %.1f, ARI %.1f, B-cubed F1 %.1f, %d groups, %d of %d joined one of the first %d", 100*nmi, 100*ari, 100*bcubed, len(groups)+len(more), joined, len(halves[1]), len(groups))
	if nmi < 0.72 || ari < 0.35 {
		t.Errorf("NMI %.3f and ARI %.3f are below what was reached", nmi, ari)
	}
}

// pages is so many results of one subject, of ten pages that are known of it,
// from the one on.
func pages(subject string, from int) []string {
	var out []string
	for i := range 8 {
		out = append(out, fmt.Sprintf("https://www.example.com/%s/%d/", subject, (from+i)%10))
	}
	return out
}

// TestResultsDecide: the same pages put phrases together whose words differ, and
// other pages keep apart what has its words in common. What has no results goes
// by its words.
func TestResultsDecide(t *testing.T) {
	t.Parallel()
	b := brief("jaguar speed", "jaguar price", "how fast is a big cat", "jaguar cost", "jaguar top speed", "big cat speed")
	for i, subject := range []string{"animal", "car", "animal", "car", "animal"} {
		b.Phrases[i].Results = pages(subject, i)
	}
	want := []string{"big cat speed, how fast is a big cat, jaguar speed, jaguar top speed", "jaguar cost, jaguar price"}
	if got := scene(b, run(t, b)); !slices.Equal(got, want) {
		t.Errorf("by results:\n%s", strings.Join(got, "\n"))
	}
	for i := range b.Phrases { // fewer say nothing
		b.Phrases[i].Results = b.Phrases[i].Results[:min(len(b.Phrases[i].Results), 4)]
	}
	few := scene(b, run(t, b))
	for i := range b.Phrases {
		b.Phrases[i].Results = nil
	}
	if none := scene(b, run(t, b)); !slices.Equal(few, none) || slices.Equal(few, want) {
		t.Errorf("with too few results:\n%s\nwith none:\n%s", strings.Join(few, "\n"), strings.Join(none, "\n"))
	}
}

// TestPagesAreOne however their address is written.
func TestPagesAreOne(t *testing.T) {
	t.Parallel()
	b := brief("alpha", "omega")
	for i, form := range []string{"https://www.Example.com/%d/", "http://example.com/%d#top"} {
		for n := range 6 {
			b.Phrases[i].Results = append(b.Phrases[i].Results, fmt.Sprintf(form, n))
		}
	}
	if g := run(t, b); len(g) != 1 {
		t.Errorf("%d groups", len(g))
	}
}

// TestDescribe is what a run says of the same cluster, nearly.
func TestDescribe(t *testing.T) {
	t.Parallel()
	b := brief("buy coffee grinder", "coffee grinder", "best coffee grinder price", "running shoes", "best running shoes", "buy running shoes")
	groups := run(t, b)
	for i, c := range clusters(b, groups) {
		intent, cohesion, err := cluster.Describe(t.Context(), "en", c, clusters(b, groups)[1-i].Phrases)
		if err != nil || intent != groups[i].Intent || cohesion < groups[i].Cohesion-0.01 || cohesion > groups[i].Cohesion+0.01 {
			t.Errorf("%s, %.3f, %v; the run said %s, %.3f", intent, cohesion, err, groups[i].Intent, groups[i].Cohesion)
		}
	}
	if _, cohesion, err := cluster.Describe(t.Context(), "en", provider.Cluster{}, b.Phrases); err != nil || cohesion != 1 {
		t.Errorf("of nothing: %v, %v", cohesion, err)
	}
}
