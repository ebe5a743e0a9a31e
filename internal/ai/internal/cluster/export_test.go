package cluster

import "math"

// Agreement compares a partition with the true labels by three measures, each
// 1 for the same partition: normalised mutual information (arithmetic mean of
// the entropies), the adjusted Rand index, and the B-cubed F1.
func Agreement(got, want []int32) (nmi, ari, bcubed float64) {
	type cell struct{ g, w int32 }
	joint := map[cell]float64{}
	a, b := map[int32]float64{}, map[int32]float64{}
	for i := range got {
		joint[cell{got[i], want[i]}]++
		a[got[i]]++
		b[want[i]]++
	}
	n := float64(len(got))
	entropy := func(m map[int32]float64) (h, pairs float64) {
		for _, c := range m {
			h -= c / n * math.Log(c/n)
			pairs += c * (c - 1) / 2
		}
		return h, pairs
	}
	ha, pa := entropy(a)
	hb, pb := entropy(b)
	var mutual, both, precision, recall float64
	for c, k := range joint {
		mutual += k / n * math.Log(k*n/(a[c.g]*b[c.w]))
		both += k * (k - 1) / 2
		precision += k * k / a[c.g] / n
		recall += k * k / b[c.w] / n
	}
	nmi = 1
	if ha+hb > 0 {
		nmi = 2 * mutual / (ha + hb)
	}
	ari = 1
	if expected, most := pa*pb/(n*(n-1)/2), (pa+pb)/2; most != expected {
		ari = (both - expected) / (most - expected)
	}
	return nmi, ari, 2 * precision * recall / (precision + recall)
}

// Stem is a word's stem in a language.
func Stem(language, word string) string { return fold(speechOf(language).stem(word, true)) }

// IsStop says whether a word of a language carries no subject.
func IsStop(language, word string) bool { return speechOf(language).stop(word) }
