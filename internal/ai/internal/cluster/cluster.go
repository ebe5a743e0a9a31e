// Package cluster groups phrases that one page could answer, by their words
// and by what is found with them: no network, no model, and the same answer for the same phrases.
//
// Phrases become sparse vectors (stems, pairs of words, runs of characters,
// weighed by rarity), the vectors a graph of nearest neighbours, and the graph
// is parted into communities, whose number nobody has to choose. Where it is
// known which pages a search engine shows for a phrase, that counts too. New
// phrases join the clusters that there are, of which nothing moves. See
// docs/clustering.md.
package cluster

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"igny8/internal/ai/internal/provider"
)

// resolution is what a pair of phrases costs that stand in one group: two
// phrases belong together when their similarity through the graph is worth
// more. Higher means more and smaller groups.
const resolution = 0.04

// Run groups the phrases of a brief. Every phrase is in exactly one group; the
// groups with the most searches come first. The answer does not depend on how
// many processors there are, nor, but for the order of equals, on the order of
// the phrases. It is ctx's error when ctx ends.
func Run(ctx context.Context, in provider.ClusterBrief) ([]provider.Group, error) {
	n := read(in)
	x, err := features(ctx, n.words, speechOf(in.Language))
	if err != nil {
		return nil, err
	}
	seen := lookUp(n, &x)
	d, err := vectorsOf(ctx, n)
	if err != nil {
		return nil, err
	}
	near, err := nearest(ctx, x, n.home, seen, d)
	if err != nil {
		return nil, err
	}
	label, err := communities(ctx, symmetric(near), n.home, resolution)
	if err != nil {
		return nil, err
	}
	groups := make([]provider.Group, 0, len(label)/4)
	for _, nodes := range membersOf(label) {
		if g := n.group(describe(n.said, n, x, nodes), n.homeOf(nodes), len(in.Phrases)); len(g.Members) > 0 {
			groups = append(groups, g)
		}
	}
	order(in.Phrases, groups)
	return groups, ctx.Err()
}

// Describe is the intent of a cluster and how alike its phrases are, beside
// others of the site that say how rare a word is there.
func Describe(ctx context.Context, language string, c provider.Cluster, others []provider.Phrase) (provider.Intent, float64, error) {
	n := read(provider.ClusterBrief{Phrases: others, There: []provider.Cluster{c}})
	x, err := features(ctx, n.words, speechOf(language))
	if err != nil {
		return "", 0, err
	}
	lookUp(n, &x)
	var own []int32
	for i, h := range n.home {
		if h == 0 {
			own = append(own, int32(i))
		}
	}
	if len(own) == 0 {
		return "", 1, nil
	}
	g := describe(n.said, n, x, own)
	return g.Intent, g.Cohesion, nil
}

// nodes is the distinct texts of a brief, in the order of their words: phrases
// that begin alike are neighbours in every list.
type nodes struct {
	said    []provider.Phrase // all of the brief: the new ones, and then those that are there
	words   [][]string
	phrases [][]int // by node: which phrases say it
	home    []int32 // by node: the cluster in which it is and stays; free: none
}

// free is the home of who has none.
const free = -1

// homeOf is the home of some nodes of one community, of which there is at most
// one.
func (n nodes) homeOf(nodes []int32) int32 {
	for _, i := range nodes {
		if n.home[i] != free {
			return n.home[i]
		}
	}
	return free
}

// group is what a description says of the new phrases, which are the first of
// all. home is the cluster to which they come.
func (n nodes) group(g provider.Group, home int32, fresh int) provider.Group {
	g.Into = int(home) + 1
	g.Members = slices.DeleteFunc(g.Members, func(m int) bool { return m >= fresh })
	if len(g.Members) > 0 && g.Pillar >= fresh {
		g.Pillar = g.Members[0]
	}
	return g
}

func read(in provider.ClusterBrief) nodes {
	type text struct {
		key    string
		words  []string
		phrase int
	}
	n := nodes{said: slices.Clone(in.Phrases)}
	at := slices.Repeat([]int32{free}, len(in.Phrases))
	for c, there := range in.There {
		for _, p := range there.Phrases {
			n.said, at = append(n.said, p), append(at, int32(c))
		}
	}
	all := make([]text, len(n.said))
	for i, p := range n.said {
		w := words(normal(p.Text))
		key := strings.Join(w, " ")
		if len(w) == 0 {
			key = "\x00" + p.Text // nothing but signs: like nothing but itself
		}
		all[i] = text{key, w, i}
	}
	slices.SortFunc(all, func(a, b text) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.phrase, b.phrase)) })
	for i, t := range all {
		if i == 0 || all[i-1].key != t.key {
			n.words, n.phrases, n.home = append(n.words, t.words), append(n.phrases, nil), append(n.home, free)
		}
		last := len(n.phrases) - 1
		n.phrases[last] = append(n.phrases[last], t.phrase)
		if n.home[last] == free { // of a text that is in two clusters, the first has what is new of it
			n.home[last] = at[t.phrase]
		}
	}
	return n
}

// membersOf is the nodes of each label.
func membersOf(label []int32) [][]int32 {
	all := make([][]int32, renumber(label))
	for i, l := range label {
		all[l] = append(all[l], int32(i))
	}
	return all
}

// order puts the groups with the most searches first, then the larger, then by
// name.
func order(phrases []provider.Phrase, groups []provider.Group) {
	volume := func(g provider.Group) (v int64) {
		for _, m := range g.Members {
			v += phrases[m].Volume
		}
		return v
	}
	slices.SortStableFunc(groups, func(a, b provider.Group) int {
		return cmp.Or(cmp.Compare(volume(b), volume(a)), cmp.Compare(len(b.Members), len(a.Members)), strings.Compare(a.Name, b.Name))
	})
}
