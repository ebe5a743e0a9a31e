package cluster

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// entry is a number and its weight: a feature of a phrase, or a neighbour of a
// node.
type entry struct {
	id int32
	w  float32
}

// What the features weigh, found on the yardstick of the tests and by reading
// the clusters of real exports.
const (
	stopWeight   = 0.3  // a word without a subject of its own, such as "for"
	bigramWeight = 0.25 // two words in a row
	gramWeight   = 0.25 // a run of characters: what misspellings share
	shortGram    = 3
	longGram     = 4
	rarityPower  = 0.5 // of log(N/df): keywords are so short that full IDF would drown what they share
)

// matrix is sparse by rows, each sorted by id.
type matrix struct {
	rows [][]entry
	cols int
}

// word is what a word brings to each phrase that has it.
type word struct {
	stem  int32
	stop  bool
	grams []int32
}

// lexicon numbers the features in the order they are first met.
type lexicon struct {
	sp    speech
	words map[string]*word
	stems map[string]int32
	grams map[string]int32
	pairs map[[2]int32]int32
	alone []bool // by feature: may stand in one phrase only
}

func newLexicon(sp speech) *lexicon {
	return &lexicon{sp: sp, words: map[string]*word{}, stems: map[string]int32{}, grams: map[string]int32{}, pairs: map[[2]int32]int32{}}
}

func number[K comparable](l *lexicon, in map[K]int32, key K, alone bool) int32 {
	id, ok := in[key]
	if !ok {
		id = int32(len(l.alone))
		in[key] = id
		l.alone = append(l.alone, alone)
	}
	return id
}

func (l *lexicon) word(s string) *word {
	w, ok := l.words[s]
	if ok {
		return w
	}
	w = &word{stem: number(l, l.stems, fold(l.sp.stem(s, true)), true), stop: l.sp.stop(s)}
	if !w.stop {
		for _, g := range grams(fold(s)) {
			w.grams = append(w.grams, number(l, l.grams, g, false))
		}
	}
	l.words[s] = w
	return w
}

// grams are the runs of 3 and 4 characters of a word, its ends marked; of a
// word in a script without spaces its single characters.
func grams(w string) []string {
	r := []rune(w)
	var out []string
	if spaceless(r[0]) {
		for _, c := range r {
			out = append(out, string(c))
		}
		return out
	}
	r = []rune("^" + w + "$")
	for n := shortGram; n <= longGram; n++ {
		for i := 0; i+n <= len(r); i++ {
			out = append(out, string(r[i:i+n]))
		}
	}
	return out
}

// raw lists a phrase's features with their weights before the rarity counts.
func (l *lexicon) raw(text []string) []entry {
	var out []entry
	prev := int32(-1)
	for _, s := range text {
		w := l.word(s)
		if w.stop {
			out = append(out, entry{w.stem, stopWeight})
		} else {
			out = append(out, entry{w.stem, 1})
		}
		if prev >= 0 {
			out = append(out, entry{number(l, l.pairs, [2]int32{prev, w.stem}, false), bigramWeight})
		}
		prev = w.stem
		for _, g := range w.grams {
			out = append(out, entry{g, gramWeight})
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return cmp.Compare(a.id, b.id) })
	return damp(out)
}

// damp makes one entry of a feature's repeats: the second time it says less
// than the first.
func damp(r []entry) []entry {
	out := r[:0]
	for i := 0; i < len(r); {
		j := i
		for j < len(r) && r[j].id == r[i].id {
			j++
		}
		out = append(out, entry{r[i].id, r[i].w * float32(1+math.Log(float64(j-i)))})
		i = j
	}
	return out
}

// features turns each text into a unit vector.
func features(ctx context.Context, texts [][]string, sp speech) (matrix, error) {
	l := newLexicon(sp)
	m := matrix{rows: make([][]entry, len(texts))}
	for i, t := range texts {
		if i%chunk == 0 && ctx.Err() != nil {
			return m, ctx.Err()
		}
		m.rows[i] = l.raw(t)
	}
	m.cols = len(l.alone)
	df := make([]int, m.cols)
	for _, r := range m.rows {
		for _, e := range r {
			df[e.id]++
		}
	}
	rarity := make([]float32, m.cols)
	for id, n := range df {
		if l.alone[id] || n > 1 {
			rarity[id] = float32(math.Pow(math.Log(float64(len(texts)+1)/float64(n)), rarityPower))
		}
	}
	for i, r := range m.rows {
		kept := r[:0]
		for _, e := range r {
			if rarity[e.id] > 0 {
				kept = append(kept, entry{e.id, e.w * rarity[e.id]})
			}
		}
		m.rows[i] = unit(kept)
	}
	return m, ctx.Err()
}

// transpose turns rows into columns: the inverted index.
func (m matrix) transpose() matrix {
	n := make([]int32, m.cols)
	for _, r := range m.rows {
		for _, e := range r {
			n[e.id]++
		}
	}
	t := matrix{rows: make([][]entry, m.cols), cols: len(m.rows)}
	for i := range t.rows {
		t.rows[i] = make([]entry, 0, n[i])
	}
	for i, r := range m.rows {
		for _, e := range r {
			t.rows[e.id] = append(t.rows[e.id], entry{int32(i), e.w})
		}
	}
	return t
}

func unit(r []entry) []entry {
	if s := dot(r, r); s > 0 {
		f := float32(1 / math.Sqrt(s))
		for i := range r {
			r[i].w *= f
		}
	}
	return r
}

// dot is the inner product of two rows.
func dot(a, b []entry) float64 {
	s := 0.0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].id < b[j].id:
			i++
		case a[i].id > b[j].id:
			j++
		default:
			s += float64(a[i].w) * float64(b[j].w)
			i++
			j++
		}
	}
	return s
}
