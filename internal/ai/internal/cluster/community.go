package cluster

import "context"

// homeMass is the most that a home weighs against who comes to it, in nodes:
// people make clusters that are far larger than ours, and want what belongs to
// them to come there.
const homeMass = 30

// communities parts the graph so that the weight of the edges inside, less
// gamma for every pair inside, is as large as moves of single nodes and then of
// whole communities can make it: the constant Potts model by the method of
// Louvain. Unlike modularity it has no sense of the whole: what a community is
// does not change when unrelated phrases are added. Nodes of one home are
// together from the start, stay there, and no two homes become one.
func communities(ctx context.Context, g graph, home []int32, gamma float64) ([]int32, error) {
	label := make([]int32, len(g))
	size := make([]float64, len(g))
	at := map[int32]float64{}
	for _, h := range home {
		at[h]++
	}
	for i, h := range home {
		label[i], size[i] = int32(i), 1
		if h != free {
			size[i] = min(1, homeMass/at[h])
		}
	}
	for {
		to, k := settle(ctx, g, size, home, gamma)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range label {
			label[i] = to[label[i]]
		}
		if k == len(g) {
			return label, nil
		}
		g, size, home = contract(g, size, home, to, k)
	}
}

// mover is the state of settle.
type mover struct {
	g     graph
	size  []float64
	gamma float64

	to   []int32   // each node's community
	mass []float64 // the sizes in each community
	pull []float64 // of each community on the node in hand; zero between two nodes
	seen []int32   // the communities that pull
}

// settle moves nodes one at a time to the community where they gain most, until
// none gains. It returns the community of each, numbered below k.
func settle(ctx context.Context, g graph, size []float64, home []int32, gamma float64) (to []int32, k int) {
	n := len(g)
	m := &mover{g: g, size: size, gamma: gamma, to: make([]int32, n), mass: make([]float64, n), pull: make([]float64, n)}
	queue := make([]int32, 0, n)
	waiting := make([]bool, n)
	first := map[int32]int32{} // the node that stands for a home
	for i := range n {
		m.to[i] = int32(i)
		if h := home[i]; h == free {
			waiting[i] = true
			queue = append(queue, int32(i))
		} else if f, ok := first[h]; ok {
			m.to[i] = f
		} else {
			first[h] = int32(i)
		}
		m.mass[m.to[i]] += size[i]
	}
	for step := 0; len(queue) > 0 && step < 50*n; step++ {
		if step%1024 == 0 && ctx.Err() != nil {
			break
		}
		i := queue[0]
		queue, waiting[i] = queue[1:], false
		if !m.move(i) {
			continue
		}
		for _, e := range g[i] {
			if !waiting[e.id] && home[e.id] == free && m.to[e.id] != m.to[i] {
				waiting[e.id] = true
				queue = append(queue, e.id)
			}
		}
	}
	return m.to, renumber(m.to)
}

// move puts a node where it gains most, and tells whether that is elsewhere.
func (m *mover) move(i int32) bool {
	for _, e := range m.g[i] {
		if c := m.to[e.id]; e.id != i {
			if m.pull[c] == 0 {
				m.seen = append(m.seen, c)
			}
			m.pull[c] += float64(e.w)
		}
	}
	old := m.to[i]
	m.mass[old] -= m.size[i]
	best, most := old, m.pull[old]-m.gamma*m.size[i]*m.mass[old]
	for _, c := range m.seen {
		if gain := m.pull[c] - m.gamma*m.size[i]*m.mass[c]; gain > most+1e-9 {
			best, most = c, gain
		}
		m.pull[c] = 0
	}
	m.seen, m.pull[old] = m.seen[:0], 0
	m.mass[best] += m.size[i]
	m.to[i] = best
	return best != old
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

// contract makes one node of each community, with the home that it has.
func contract(g graph, size []float64, home, to []int32, k int) (graph, []float64, []int32) {
	small, mass, at := make(graph, k), make([]float64, k), make([]int32, k)
	for c := range at {
		at[c] = free
	}
	for i, r := range g {
		c := to[i]
		mass[c] += size[i]
		if home[i] != free {
			at[c] = home[i]
		}
		for _, e := range r {
			small[c] = append(small[c], entry{to[e.id], e.w})
		}
	}
	for c := range small {
		small[c] = sum(small[c])
	}
	return small, mass, at
}
