package cluster

import (
	"cmp"
	"context"
	"slices"
)

// How far the search for neighbours goes.
const (
	neighbours   = 15 // of a phrase at most: in a short list a few are already far away
	fewest       = 2
	perNeighbour = 60      // phrases for each neighbour more
	candidates   = 60      // kept while searching, for the exact comparison
	postings     = 1 << 13 // looked at for one phrase: the bound that keeps a list with one common word from costing its square
)

// graph holds each node's edges, sorted by the other end.
type graph [][]entry

// bench is one worker's workspace for nearest.
type bench struct {
	score   []float32
	touched []int32
	order   []entry
}

// nearest finds the k nearest of each row without a home, best first, through
// the inverted index, and then of those that are among them: whether they would
// have asked for it too.
func nearest(ctx context.Context, x matrix, home []int32, seen results, d *dense) (graph, error) {
	t := x.transpose()
	n := len(x.rows)
	out := make(graph, n)
	find := func(who []int32) error {
		return rows(ctx, len(who), func() *bench { return &bench{score: make([]float32, n)} }, func(b *bench, lo, hi int) {
			for _, i := range who[lo:hi] {
				out[i] = b.nearest(x, t, i, seen, d)
			}
		})
	}
	var who, asked []int32
	for i, h := range home {
		if h == free {
			who = append(who, int32(i))
		}
	}
	if err := find(who); err != nil || len(who) == n {
		return out, err
	}
	met := make([]bool, n)
	for _, i := range who {
		for _, e := range out[i] {
			if home[e.id] != free && !met[e.id] {
				met[e.id] = true
				asked = append(asked, e.id)
			}
		}
	}
	return out, find(asked)
}

func (b *bench) nearest(x, t matrix, i int32, seen results, d *dense) []entry {
	// Rare features first: they say most and cost least.
	b.order = append(b.order[:0], x.rows[i]...)
	slices.SortFunc(b.order, func(p, q entry) int {
		return cmp.Or(cmp.Compare(len(t.rows[p.id]), len(t.rows[q.id])), cmp.Compare(p.id, q.id))
	})
	left := postings
	for _, e := range b.order {
		list := around(t.rows[e.id], i, left)
		for _, p := range list {
			if b.score[p.id] == 0 {
				b.touched = append(b.touched, p.id)
			}
			b.score[p.id] += e.w * p.w
		}
		if left -= len(list); left <= 0 {
			break
		}
	}
	best := make([]entry, 0, candidates)
	for _, j := range b.touched {
		if j != i {
			best = keep(best, entry{j, b.score[j]}, candidates)
		}
		b.score[j] = 0
	}
	b.touched = b.touched[:0]
	if left <= 0 {
		for c := range best {
			best[c].w = float32(dot(x.rows[i], x.rows[best[c].id]))
		}
	}
	if d != nil {
		best = d.more(x, i, best)
	}
	if seen != nil {
		for c := range best {
			best[c].w = seen.weigh(i, best[c].id, best[c].w)
		}
		best = slices.DeleteFunc(best, func(e entry) bool { return e.w <= 0 })
	}
	if d != nil {
		for c := range best {
			best[c].w = d.weigh(i, best[c].id, best[c].w)
		}
	}
	slices.SortFunc(best, closer)
	best = best[:min(len(best), neighbours, fewest+len(x.rows)/perNeighbour)]
	return slices.Clone(best)
}

// closer orders by weight, heaviest first, then by id. It is written out
// because most of the time of a clustering is spent in it: weights are numbers,
// and the care that cmp.Compare takes of others costs a tenth of that.
func closer(a, b entry) int {
	switch {
	case a.w > b.w:
		return -1
	case a.w < b.w:
		return 1
	}
	return int(a.id) - int(b.id)
}

// around is at most n postings of a list, those nearest to node i: nodes are
// in the order of their text, so these begin alike.
func around(list []entry, i int32, n int) []entry {
	if len(list) <= n {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, i, func(e entry, i int32) int { return cmp.Compare(e.id, i) })
	lo := min(max(0, at-n/2), len(list)-n)
	return list[lo : lo+n]
}

// keep holds the n best in a heap whose first is the worst.
func keep(h []entry, e entry, n int) []entry {
	if len(h) < n {
		h = append(h, e)
		for i := len(h) - 1; i > 0; {
			up := (i - 1) / 2
			if closer(h[i], h[up]) <= 0 {
				break
			}
			h[i], h[up] = h[up], h[i]
			i = up
		}
		return h
	}
	if closer(e, h[0]) >= 0 {
		return h
	}
	h[0] = e
	for i := 0; ; {
		d := 2*i + 1
		if d >= n {
			break
		}
		if d+1 < n && closer(h[d+1], h[d]) > 0 {
			d++
		}
		if closer(h[d], h[i]) <= 0 {
			break
		}
		h[i], h[d] = h[d], h[i]
		i = d
	}
	return h
}

// symmetric makes a graph of the lists of neighbours: an edge that only one
// of its ends asked for weighs half.
func symmetric(near graph) graph {
	g := make(graph, len(near))
	for i, r := range near {
		for _, e := range r {
			g[i] = append(g[i], entry{e.id, e.w / 2})
			g[e.id] = append(g[e.id], entry{int32(i), e.w / 2})
		}
	}
	for i := range g {
		g[i] = sum(g[i])
	}
	return g
}

// sum sorts a row and adds up the entries of one id.
func sum(r []entry) []entry {
	slices.SortStableFunc(r, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	out := r[:0]
	for _, e := range r {
		if n := len(out); n > 0 && out[n-1].id == e.id {
			out[n-1].w += e.w
		} else {
			out = append(out, e)
		}
	}
	return out
}
