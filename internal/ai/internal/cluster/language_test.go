package cluster_test

import (
	"slices"
	"strings"
	"testing"

	"igny8/internal/ai/internal/cluster"
)

// TestLanguages has two subjects in each language, inflected, with stop words,
// and with and without accents.
func TestLanguages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ language, one, other string }{
		{"de", "küche planen|küchen planen|die küche planen|kuche planen", "häuser kaufen|haus kaufen|ein haus kaufen"},
		{"de", "haus|häuser", "wald|wälder|wäldern"},
		{"de-AT", "kaffeemühle test|kaffeemühlen test|kaffeemuhle im test", "laufschuhe damen|laufschuh damen|laufschuhe für damen"},
		{"fr", "recette de crêpes|recettes de crepes|la recette des crêpes", "chaussure de sport|chaussures de sport|les chaussures sport"},
		{"es", "síntomas de la gripe|sintomas gripe|síntoma de gripe", "zapatos baratos|zapato barato|los zapatos baratos"},
		{"ru", "рецепт борща|рецепты борща|рецепт борщ", "купить ноутбук|купить ноутбуки|ноутбук купить"},
		{"ja", "東京の天気予報|東京天気予報|東京の天気", "美味しいラーメン|ラーメン美味しい|美味しいラーメン店"},
	} {
		one, other := strings.Split(tt.one, "|"), strings.Split(tt.other, "|")
		b := brief(slices.Concat(one, other)...)
		b.Language = tt.language
		groups := run(t, b)
		sound(t, b, groups)
		slices.Sort(one)
		slices.Sort(other)
		want := []string{strings.Join(one, ", "), strings.Join(other, ", ")}
		slices.Sort(want)
		if got := scene(b, groups); !slices.Equal(got, want) {
			t.Errorf("%s:\n%s", tt.language, strings.Join(got, "\n"))
		}
	}
}

func TestGermanWords(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{{"küche", "kuchen"}, {"haus", "häuser"}, {"schuh", "schuhe"}, {"straße", "strassen"}} {
		if a, b := cluster.Stem("de-CH", same[0]), cluster.Stem("de-CH", same[1]); a != b {
			t.Errorf("%s is %s, and %s is %s", same[0], a, same[1], b)
		}
	}
	if !cluster.IsStop("de", "für") || cluster.IsStop("de", "garten") || cluster.IsStop("en", "für") {
		t.Error("the stop words are not those of the language")
	}
}
