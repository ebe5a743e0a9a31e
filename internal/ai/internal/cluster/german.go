package cluster

import "strings"

// germanStem takes the endings of German inflection off, and the umlauts with
// them, so that "Küche" and "Küchen", "Haus" and "Häuser" meet: the light
// stemming that suits search phrases, which have more nouns than verbs. At
// least four letters stay.
func germanStem(word string, _ bool) string {
	w := []rune(strings.ReplaceAll(fold(word), "ß", "ss"))
	for _, ending := range []string{"ern", "em", "en", "er", "es", "e", "n", "s"} {
		if rest := len(w) - len(ending); rest >= 4 && string(w[rest:]) == ending {
			return string(w[:rest])
		}
	}
	return string(w)
}

var germanStops = func() map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq("der die das den dem des ein eine einen einem einer eines und oder aber auch als am an auf aus bei beim bis durch " +
		"es für gegen hat haben ich im in ins ist sind war man mein mit nach nicht noch nur ob ohne sehr sein sich sie so um und unter von vom vor " +
		"werden wie wird wir zu zum zur über was wann wo welche welcher welches kann dein ihr ihre") {
		all[w] = true
	}
	return all
}()

func germanStop(w string) bool { return germanStops[w] }
