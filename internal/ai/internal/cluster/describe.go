package cluster

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"igny8/internal/ai/internal/provider"
)

// describe makes a group of nodes. Its members are ordered by how central they
// are and how much they are searched for; the first is the pillar, and gives
// the name.
func describe(phrases []provider.Phrase, n nodes, x matrix, members []int32) provider.Group {
	var all []entry
	for _, i := range members {
		all = append(all, x.rows[i]...)
	}
	centre := unit(sum(all))
	type ranked struct {
		phrase  int
		central float64
		score   float64
	}
	var rank []ranked
	var cohesion float64
	for _, i := range members {
		central := 1.0
		if len(members) > 1 {
			central = dot(x.rows[i], centre)
		}
		for _, p := range n.phrases[i] {
			cohesion += central
			rank = append(rank, ranked{p, central, central * (1 + math.Log1p(float64(max(0, phrases[p].Volume))))})
		}
	}
	slices.SortFunc(rank, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.central, a.central),
			strings.Compare(phrases[a.phrase].Text, phrases[b.phrase].Text), cmp.Compare(a.phrase, b.phrase))
	})
	g := provider.Group{Pillar: rank[0].phrase, Name: nameOf(phrases[rank[0].phrase].Text), Cohesion: min(1, cohesion/float64(len(rank)))}
	for _, r := range rank {
		g.Members = append(g.Members, r.phrase)
	}
	g.Intent = intentOf(phrases, g.Members)
	return g
}

// longestName is how many characters a name has, unless its last word is cut.
const longestName = 60

// nameOf is a phrase as a heading: its first letter a capital, and not longer
// than a list can show.
func nameOf(phrase string) string {
	phrase = strings.TrimRight(strings.TrimLeft(strings.Join(strings.Fields(phrase), " "), `"'/,;:|`), `"'/.,;:|`)
	if utf8.RuneCountInString(phrase) > longestName {
		r := []rune(phrase)[:longestName]
		if i := slices.Index(r[longestName/2:], ' '); i >= 0 {
			for r[len(r)-1] != ' ' {
				r = r[:len(r)-1]
			}
		}
		phrase = strings.TrimSpace(string(r)) + "…"
	}
	first, size := utf8.DecodeRuneInString(phrase)
	if size == 0 {
		return phrase
	}
	return string(unicode.ToTitle(first)) + phrase[size:]
}

// intents is in the order in which equals are decided.
var intents = []provider.Intent{provider.Informational, provider.Commercial, provider.Transactional, provider.Navigational}

// intentOf is what most of the members want, as the keyword tool says or else
// as their words do.
func intentOf(phrases []provider.Phrase, members []int) provider.Intent {
	votes := map[provider.Intent]int{}
	for _, m := range members {
		if i := phrases[m].Intent; i != "" {
			votes[i]++
		} else if i := guess(phrases[m].Text); i != "" {
			votes[i]++
		}
	}
	var best provider.Intent
	for _, i := range intents {
		if votes[i] > votes[best] {
			best = i
		}
	}
	return best
}

// markers are words that give an intent away, in the languages of most
// exports. No word stands in two lists.
var markers = sync.OnceValue(func() map[string]provider.Intent {
	all := map[string]provider.Intent{}
	for intent, list := range map[provider.Intent]string{
		provider.Informational: "how what why when who where which guide tutorial meaning definition examples symptoms causes tips ideas difference explained " +
			"wie was warum wann wer welche anleitung bedeutung unterschied comment pourquoi quand qui signification exemple como qué porque cuándo significado ejemplos",
		provider.Commercial: "best top review reviews vs versus compare comparison alternative alternatives recommended beste test vergleich erfahrungen " +
			"meilleur avis comparatif mejor mejores opiniones comparativa",
		provider.Transactional: "buy price prices pricing cost costs cheap cheapest order shop deal deals discount coupon hire rent quote booking sale " +
			"kaufen preis preise kosten bestellen günstig mieten acheter prix commander louer comprar precio precios barato alquilar",
		provider.Navigational: "login website app contact anmelden kontakt connexion contacto",
	} {
		for w := range strings.FieldsSeq(list) {
			all[w] = intent
		}
	}
	return all
})

func guess(phrase string) provider.Intent {
	for _, w := range words(normal(phrase)) {
		if i, ok := markers()[w]; ok {
			return i
		}
	}
	return ""
}
