package cluster

import "context"

// communities parts the graph so that the weight of the edges inside, less
// gamma for every pair inside, is as large as moves of single nodes and then of
// whole communities can make it: the constant Potts model by the method of
// Louvain. Unlike modularity it has no sense of the whole: what a community is
// does not change when unrelated phrases are added.
func communities(ctx context.Context, g graph, gamma float64) ([]int32, error) {
	label := make([]int32, len(g))
	size := make([]float64, len(g))
	for i := range g {
		label[i], size[i] = int32(i), 1
	}
	for {
		to, k := settle(ctx, g, size, gamma)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range label {
			label[i] = to[label[i]]
		}
		if k == len(g) {
			return label, nil
		}
		g, size = contract(g, size, to, k)
	}
}

// settle moves nodes one at a time to the community where they gain most, until
// none gains. It returns the community of each, numbered below k.
func settle(ctx context.Context, g graph, size []float64, gamma float64) (to []int32, k int) {
	n := len(g)
	to = make([]int32, n)
	mass := make([]float64, n)
	queue := make([]int32, n)
	waiting := make([]bool, n)
	for i := range n {
		to[i], queue[i], waiting[i] = int32(i), int32(i), true
	}
	copy(mass, size)
	pull := make([]float64, n)
	var seen []int32
	for step := 0; len(queue) > 0 && step < 50*n; step++ {
		if step%1024 == 0 && ctx.Err() != nil {
			break
		}
		i := queue[0]
		queue, waiting[i] = queue[1:], false
		for _, e := range g[i] {
			if c := to[e.id]; e.id != i {
				if pull[c] == 0 {
					seen = append(seen, c)
				}
				pull[c] += float64(e.w)
			}
		}
		old := to[i]
		mass[old] -= size[i]
		best, most := old, pull[old]-gamma*size[i]*mass[old]
		for _, c := range seen {
			if gain := pull[c] - gamma*size[i]*mass[c]; gain > most+1e-9 {
				best, most = c, gain
			}
			pull[c] = 0
		}
		seen = seen[:0]
		pull[old] = 0
		mass[best] += size[i]
		if to[i] = best; best == old {
			continue
		}
		for _, e := range g[i] {
			if !waiting[e.id] && to[e.id] != best {
				waiting[e.id] = true
				queue = append(queue, e.id)
			}
		}
	}
	k = renumber(to)
	return to, k
}

// renumber numbers labels from 0 in the order they are first met.
func renumber(label []int32) (k int) {
	as := make(map[int32]int32, len(label)/8)
	for i, l := range label {
		id, ok := as[l]
		if !ok {
			id = int32(len(as))
			as[l] = id
		}
		label[i] = id
	}
	return len(as)
}

// contract makes one node of each community.
func contract(g graph, size []float64, to []int32, k int) (graph, []float64) {
	small, mass := make(graph, k), make([]float64, k)
	for i, r := range g {
		c := to[i]
		mass[c] += size[i]
		for _, e := range r {
			small[c] = append(small[c], entry{to[e.id], e.w})
		}
	}
	for c := range small {
		small[c] = sum(small[c])
	}
	return small, mass
}
