package cluster

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// centres are the sums of each community's rows.
type centres struct {
	sum  [][]entry
	n    []float64
	self []float64 // |sum|²
}

func centresOf(ctx context.Context, x matrix, label []int32, k int) (*centres, error) {
	c := &centres{make([][]entry, k), make([]float64, k), make([]float64, k)}
	members := make([][]int32, k)
	for i, l := range label {
		members[l] = append(members[l], int32(i))
	}
	err := rows(ctx, k, none, func(_ struct{}, lo, hi int) {
		for l := lo; l < hi; l++ {
			var all []entry
			for _, i := range members[l] {
				all = append(all, x.rows[i]...)
			}
			c.sum[l] = sum(all)
			c.n[l] = float64(len(members[l]))
			c.self[l] = dot(c.sum[l], c.sum[l])
		}
	})
	return c, err
}

// within is the mean similarity of two different members.
func (c *centres) within(l int32) float64 {
	if c.n[l] < 2 {
		return 1
	}
	return max(0, (c.self[l]-c.n[l])/(c.n[l]*(c.n[l]-1)))
}

func refine(ctx context.Context, x matrix, g graph, label []int32) ([]int32, error) {
	for range tune.rounds {
		k := renumber(label)
		c, err := centresOf(ctx, x, label, k)
		if err != nil {
			return nil, err
		}
		if tune.stay > 0 {
			label = reassign(ctx, x, g, label, c)
			k = renumber(label)
			if c, err = centresOf(ctx, x, label, k); err != nil {
				return nil, err
			}
		}
		if tune.join > 0 {
			for merge(g, label, c) {
				k = renumber(label)
				if c, err = centresOf(ctx, x, label, k); err != nil {
					return nil, err
				}
			}
		}
	}
	return label, nil
}

func reassign(ctx context.Context, x matrix, g graph, label []int32, c *centres) []int32 {
	out := make([]int32, len(label))
	_ = rows(ctx, len(label), none, func(_ struct{}, lo, hi int) {
		for i := lo; i < hi; i++ {
			own := label[i]
			best, most := own, -1.0
			tried := []int32{own}
			score := func(l int32) float64 {
				s, self, n := dot(x.rows[i], c.sum[l]), c.self[l], c.n[l]
				if l == own {
					self -= 2*s - 1
					s--
					n--
				}
				if n <= 0 || self <= 0 {
					return 0
				}
				return s / math.Sqrt(self)
			}
			most = score(own) * tune.stay
			for _, e := range g[i] {
				l := label[e.id]
				if slices.Contains(tried, l) {
					continue
				}
				tried = append(tried, l)
				if v := score(l); v > most+1e-9 {
					best, most = l, v
				}
			}
			out[i] = best
		}
	})
	return out
}

type pair struct {
	a, b int32
	r    float64
}

// merge joins pairs of communities that are as alike as their own members are.
func merge(g graph, label []int32, c *centres) bool {
	var cand []pair
	small, _ := contract(g, make([]float64, len(g)), label, len(c.n))
	for a := range small {
		for _, e := range small[a] {
			if e.id <= int32(a) {
				continue
			}
			a, b := int32(a), e.id
			between := dot(c.sum[a], c.sum[b]) / (c.n[a] * c.n[b])
			var r float64
			switch {
			case c.n[a] == 1 && c.n[b] == 1:
				r = between / 0.5
			case c.n[a] == 1:
				r = between / c.within(b)
			case c.n[b] == 1:
				r = between / c.within(a)
			default:
				r = between / math.Sqrt(c.within(a)*c.within(b)+1e-12)
			}
			if r >= tune.join {
				cand = append(cand, pair{a, b, r})
			}
		}
	}
	slices.SortFunc(cand, func(p, q pair) int {
		return cmp.Or(cmp.Compare(q.r, p.r), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
	})
	used := make([]bool, len(c.n))
	to := make([]int32, len(c.n))
	for i := range to {
		to[i] = int32(i)
	}
	for _, p := range cand {
		if !used[p.a] && !used[p.b] {
			used[p.a], used[p.b] = true, true
			to[p.b] = p.a
		}
	}
	for i := range label {
		label[i] = to[label[i]]
	}
	return len(cand) > 0
}
