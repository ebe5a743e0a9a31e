package cluster

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// What two lists of results say of two phrases. That a search engine shows the
// same pages for them means that one page can answer both; the tools of the
// trade ask for three or four of the first ten.
const (
	resultsRead   = 10 // of a phrase
	resultsNeeded = 5  // fewer say nothing
	resultsShared = 3  // of ten: with fewer in common, two phrases are not of one page
)

// results is which pages are known of each node, sorted; none: too few.
type results [][]int32

// lookUp reads the results of the nodes, and adds them to the features, so that
// phrases without a word in common find each other.
func lookUp(n nodes, x *matrix) results {
	var known results
	number := map[string]int32{}
	for i, all := range n.phrases {
		var own []int32
		for _, p := range all {
			for _, r := range n.said[p].Results[:min(len(n.said[p].Results), resultsRead)] {
				r = page(r)
				id, ok := number[r]
				if !ok {
					id = int32(len(number))
					number[r] = id
				}
				own = append(own, id)
			}
		}
		slices.Sort(own)
		if own = slices.Compact(own); len(own) < resultsNeeded {
			continue
		}
		if known == nil {
			known = make(results, len(n.phrases))
		}
		known[i] = own
	}
	for i, own := range known {
		if own == nil {
			continue
		}
		w := float32(1 / math.Sqrt(2*float64(len(own))))
		for f := range x.rows[i] {
			x.rows[i][f].w *= math.Sqrt2 / 2
		}
		for _, r := range own {
			x.rows[i] = append(x.rows[i], entry{int32(x.cols) + r, w})
		}
		if len(x.rows[i]) == len(own) { // a phrase of nothing but signs has no words
			unit(x.rows[i])
		}
	}
	x.cols += len(number)
	return known
}

// page is what two ways to write one address share.
func page(url string) string {
	url, _, _ = strings.Cut(strings.TrimSpace(url), "#")
	if _, rest, ok := strings.Cut(url, "://"); ok {
		url = rest
	}
	host, path, _ := strings.Cut(url, "/")
	return strings.TrimPrefix(strings.ToLower(host), "www.") + "/" + strings.TrimRight(path, "/")
}

// weigh is how alike two nodes are whose vectors are so alike. Where the results
// of both are known they decide: without enough in common the two have nothing
// to do with each other, and with enough of it, words need not agree.
func (r results) weigh(i, j int32, w float32) float32 {
	if r == nil || r[i] == nil && r[j] == nil {
		return w
	}
	if r[i] == nil || r[j] == nil {
		return w * math.Sqrt2 // the one vector is words alone, the other words by half
	}
	shared := common(r[i], r[j])
	if shared*10 < resultsShared*min(len(r[i]), len(r[j])) {
		return 0
	}
	serp := float32(float64(shared) / math.Sqrt(float64(len(r[i])*len(r[j]))))
	return max(2*w-serp, serp)
}

// common is how many numbers two sorted lists share.
func common(a, b []int32) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch c := cmp.Compare(a[i], b[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}
