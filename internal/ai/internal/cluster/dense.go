package cluster

import (
	"context"
	"math"
	"slices"
)

// dense is what a model of embeddings knows of the nodes: their vectors, of
// length 1, in lists of those that point the same way.
type dense struct {
	rows  [][]float32 // by node; nil: none
	base  float32     // how alike two nodes are that have nothing to do with each other
	heads [][]float32 // of the lists
	lists [][]int32
}

// How vectors are searched: in as many lists as there would be nodes in each,
// and of these in the ones whose heads are nearest.
const (
	probes     = 8
	headRounds = 4   // of k-means, which find the heads
	headSample = 64  // vectors looked at for each head
	baseSample = 512 // pairs, from which the base is found
)

// denseShare is how much the vectors say of how alike two phrases are; the words
// say the rest. See docs/clustering.md for what was measured.
const denseShare = 0.35

// vectorsOf reads the vectors of the nodes; nil when there are none.
func vectorsOf(ctx context.Context, n nodes) (*dense, error) {
	d := &dense{rows: make([][]float32, len(n.phrases))}
	var with []int32
	for i, all := range n.phrases {
		for _, p := range all {
			if v := n.said[p].Vector; len(v) > 0 && d.rows[i] == nil {
				d.rows[i] = unitOf(v)
				with = append(with, int32(i))
			}
		}
	}
	if len(with) == 0 {
		return nil, ctx.Err()
	}
	d.base = d.usual(with)
	d.findHeads(with)
	d.lists = make([][]int32, len(d.heads))
	at := make([]int32, len(with))
	err := rows(ctx, len(with), func() struct{} { return struct{}{} }, func(_ struct{}, lo, hi int) {
		for i := lo; i < hi; i++ {
			at[i] = d.headOf(d.rows[with[i]])
		}
	})
	for i, h := range at {
		d.lists[h] = append(d.lists[h], with[i])
	}
	return d, err
}

func unitOf(v []float32) []float32 {
	s := 0.0
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	if s == 0 {
		return slices.Clone(v)
	}
	out := make([]float32, len(v))
	f := float32(1 / math.Sqrt(s))
	for i, x := range v {
		out[i] = x * f
	}
	return out
}

// product is the inner product of two vectors of one length.
func product(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	n := min(len(a), len(b))
	a, b = a[:n], b[:n]
	i := 0
	for ; i+4 <= n; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < n; i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// usual is the mean similarity of pairs taken here and there. Models differ much
// in it: what counts is how far above it two phrases are.
func (d *dense) usual(with []int32) float32 {
	if len(with) < 2 {
		return 0
	}
	sum, state := 0.0, uint64(1)
	next := func() int32 { // the same pairs every time
		state = state*6364136223846793005 + 1442695040888963407
		return with[int(state>>33)%len(with)]
	}
	n := 0
	for range baseSample {
		i, j := next(), next()
		if i != j {
			sum += float64(product(d.rows[i], d.rows[j]))
			n++
		}
	}
	return float32(max(0, min(0.95, sum/float64(max(1, n)))))
}

// findHeads finds vectors around which the others lie, by k-means on some of
// them.
func (d *dense) findHeads(with []int32) {
	k := max(1, int(math.Sqrt(float64(len(with)))))
	step := max(1, len(with)/(k*headSample))
	var some []int32
	for i := 0; i < len(with); i += step {
		some = append(some, with[i])
	}
	for h := range k {
		d.heads = append(d.heads, slices.Clone(d.rows[some[h*len(some)/k]]))
	}
	for range headRounds {
		sums := make([][]float32, k)
		for _, i := range some {
			h := d.headOf(d.rows[i])
			if sums[h] == nil {
				sums[h] = make([]float32, len(d.rows[i]))
			}
			for f, x := range d.rows[i][:len(sums[h])] {
				sums[h][f] += x
			}
		}
		for h, s := range sums {
			if s != nil {
				d.heads[h] = unitOf(s)
			}
		}
	}
}

func (d *dense) headOf(v []float32) int32 {
	best, most := 0, float32(-2)
	for h, c := range d.heads {
		if p := product(v, c); p > most {
			best, most = h, p
		}
	}
	return int32(best)
}

// near is the nodes whose vectors are most like that of node i.
func (d *dense) near(i int32) []entry {
	v := d.rows[i]
	heads := make([]entry, 0, len(d.heads))
	for h, c := range d.heads {
		heads = append(heads, entry{int32(h), product(v, c)})
	}
	slices.SortFunc(heads, closer)
	best := make([]entry, 0, candidates)
	for _, h := range heads[:min(len(heads), probes)] {
		for _, j := range d.lists[h.id] {
			if j != i {
				best = keep(best, entry{j, product(v, d.rows[j])}, candidates)
			}
		}
	}
	return best
}

// more adds to what is near to a node by its words what is near by its vector.
func (d *dense) more(x matrix, i int32, byWords []entry) []entry {
	if d.rows[i] == nil {
		return byWords
	}
	have := make(map[int32]bool, len(byWords))
	for _, e := range byWords {
		have[e.id] = true
	}
	for _, e := range d.near(i) {
		if !have[e.id] {
			byWords = append(byWords, entry{e.id, float32(dot(x.rows[i], x.rows[e.id]))})
		}
	}
	return byWords
}

// weigh is how alike two nodes are that are so alike by their words. Where one
// has no vector, these alone count.
func (d *dense) weigh(i, j int32, w float32) float32 {
	a, b := d.rows[i], d.rows[j]
	if a == nil || b == nil {
		return w
	}
	return (1-denseShare)*w + denseShare*max(0, (product(a, b)-d.base)/(1-d.base))
}
