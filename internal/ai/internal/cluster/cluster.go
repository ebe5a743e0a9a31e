// Package cluster groups phrases that one page could answer, by their words
// alone: no network, no model, and the same answer for the same phrases.
//
// Phrases become sparse vectors (stems, pairs of words, runs of characters,
// weighed by rarity), the vectors a graph of nearest neighbours, and the graph
// is parted into communities, whose number nobody has to choose. See
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
	near, err := nearest(ctx, x)
	if err != nil {
		return nil, err
	}
	label, err := communities(ctx, symmetric(near), resolution)
	if err != nil {
		return nil, err
	}
	groups := make([]provider.Group, 0, len(label)/4)
	for _, nodes := range membersOf(label) {
		groups = append(groups, describe(in.Phrases, n, x, nodes))
	}
	order(in.Phrases, groups)
	return groups, ctx.Err()
}

// nodes is the distinct texts of a brief, in the order of their words: phrases
// that begin alike are neighbours in every list.
type nodes struct {
	words   [][]string
	phrases [][]int // by node: which phrases say it
}

func read(in provider.ClusterBrief) nodes {
	type text struct {
		key    string
		words  []string
		phrase int
	}
	all := make([]text, len(in.Phrases))
	for i, p := range in.Phrases {
		w := words(normal(p.Text))
		key := strings.Join(w, " ")
		if len(w) == 0 {
			key = "\x00" + p.Text // nothing but signs: like nothing but itself
		}
		all[i] = text{key, w, i}
	}
	slices.SortFunc(all, func(a, b text) int { return cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.phrase, b.phrase)) })
	var n nodes
	for i, t := range all {
		if i == 0 || all[i-1].key != t.key {
			n.words, n.phrases = append(n.words, t.words), append(n.phrases, nil)
		}
		last := len(n.phrases) - 1
		n.phrases[last] = append(n.phrases[last], t.phrase)
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
