package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai/internal/cluster"
	"igny8/internal/ai/internal/provider"
)

// about is a vector that says a subject, as a model would: mostly, among what
// all of its vectors share.
func about(r *rand.Rand, subject, subjects int) []float32 {
	v := make([]float32, subjects+8)
	for i := range v {
		v[i] = float32(r.NormFloat64()) * 0.1
		if i >= subjects {
			v[i] += 0.4 // models are rarely centred
		}
	}
	v[subject]++
	return v
}

// TestVectorsAgree put phrases together that have no word in common, and keep
// apart what has only its words in common. Without vectors it is the reverse.
func TestVectorsAgree(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	b := brief("refund my purchase", "get money back", "reimbursement of an order", "open an account", "sign up for membership", "registration of a customer")
	for i := range b.Phrases {
		b.Phrases[i].Vector = about(r, i/3, 2)
	}
	want := []string{"get money back, refund my purchase, reimbursement of an order", "open an account, registration of a customer, sign up for membership"}
	if got := scene(b, run(t, b)); !slices.Equal(got, want) {
		t.Errorf("by vectors:\n%s", strings.Join(got, "\n"))
	}
	for i := range b.Phrases {
		b.Phrases[i].Vector = nil
	}
	if got := scene(b, run(t, b)); slices.Equal(got, want) {
		t.Error("the words alone say it too: the test shows nothing")
	}
}

// TestVectorsOfMany finds subjects again among thousands of phrases without a
// word in common, though not all lists are searched.
func TestVectorsOfMany(t *testing.T) {
	t.Parallel()
	const subjects, each = 60, 40
	r := rand.New(rand.NewPCG(3, 4))
	var b provider.ClusterBrief
	var want []int32
	for i := range subjects * each {
		b.Phrases = append(b.Phrases, provider.Phrase{Text: fmt.Sprintf("w%dx", i*7919), Vector: about(r, i%subjects, subjects)})
		want = append(want, int32(i%subjects))
	}
	groups := run(t, b)
	sound(t, b, groups)
	got := make([]int32, len(want))
	for c, g := range groups {
		for _, m := range g.Members {
			got[m] = int32(c)
		}
	}
	nmi, ari, _ := cluster.Agreement(got, want)
	t.Logf("NMI %.1f, ARI %.1f, %d groups", 100*nmi, 100*ari, len(groups))
	if nmi < 0.85 {
		t.Errorf("NMI %.3f, ARI %.3f with %d groups for %d subjects", nmi, ari, len(groups), subjects)
	}
}

// TestOddVectors do no harm.
func TestOddVectors(t *testing.T) {
	t.Parallel()
	b := brief("a b", "a c", "d e", "d f", "g")
	b.Phrases[0].Vector, b.Phrases[1].Vector, b.Phrases[2].Vector = []float32{0, 0}, []float32{1, 0}, []float32{1, 0}
	sound(t, b, run(t, b))
	b = brief("a b")
	b.Phrases[0].Vector = []float32{1}
	sound(t, b, run(t, b))
}
