package keywordfile

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"a b", "a b"},
		{"  a \t\n b  ", "a b"},
		{"a\u00a0b\u3000c", "a b c"},
		{"Cafe\u0301", "Café"},
		{"\ufeffa\u00adb\u200b", "ab"},
		{"می\u200cخواهم", "می\u200cخواهم"},
		{"👩\u200d🔧", "👩\u200d🔧"},
		{`"houses"`, `"houses"`},
		{"a\xffb", "a\uFFFDb"},
	} {
		if got := Clean(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestKey(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"accents, case, blanks", "Café  Paris", "cafe paris"},
		{"composed or not", "cafe\u0301", "café"},
		{"quotes", `"houses"`, "houses"},
		{"one quote", `"ndis aged care`, "ndis aged care"},
		{"printed quotes", "„Möbel“", "mobel"},
		{"acute for a quote", "´houses´", "houses"},
		{"apostrophes", "what’s on", "what's on"},
		{"sharp s", "GROẞE STRASSE", "große straße"},
		{"full width", "ＳＥＯ", "seo"},
		{"ligature", "ﬁnance", "finance"},
		{"Turkish capital", "İstanbul", "istanbul"},
		{"Greek", "ΜΕΝΟΎ", "μενού"},
		{"Greek final sigma", "ΛΟΓΟΣ", "λόγος"},
		{"Cyrillic ё", "ёлка", "ЕЛКА"},
		{"non-joiner", "می\u200cخواهم", "میخواهم"},
		{"accent behind another mark", "dž\u05a2", "ǆ\u05a2"},
		{"soft hyphen", "auto\u00adhaus", "autohaus"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if a, b := Key(tt.a), Key(tt.b); a != b || a == "" {
				t.Errorf("got %q and %q, want the same", a, b)
			}
		})
	}
	for _, tt := range []struct{ name, a, b string }{
		{"words", "running shoes", "running shoe"},
		{"joined", "white house", "whitehouse"},
		{"Japanese voicing", "か", "が"},
		{"Hindi vowels", "कु", "क"},
		{"Thai vowels", "กิน", "กน"},
		{"Cyrillic й", "мой", "мои"},
	} {
		t.Run("not "+tt.name, func(t *testing.T) {
			if a, b := Key(tt.a), Key(tt.b); a == b {
				t.Errorf("%q and %q have the same key %q", tt.a, tt.b, a)
			}
		})
	}
	for _, s := range []string{"", " ", `""`, "„“", "\u200b"} {
		if got := Key(s); got != "" {
			t.Errorf("%q: got %q, want nothing", s, got)
		}
	}
}

// awkward are characters that fold, compose, reorder or vanish.
const awkward = "aA éÉ\u0301\u0308\u0345\u05a2\u0483İıßẞﬁǅᾈΣς´¨`'\"“’ёйЙ\u00ad\u200b\u200c\u200dかが\u3099가ᄀ\u1161कु\u00a0\t\n①½Å中\ufffd"

func TestCleanAndKeySettle(t *testing.T) {
	phrases := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune(awkward))))
	rapid.Check(t, func(t *rapid.T) {
		s := phrases.Draw(t, "phrase")
		clean, key := Clean(s), Key(s)
		switch {
		case Clean(clean) != clean:
			t.Fatalf("Clean is not settled: %q, then %q", clean, Clean(clean))
		case Key(key) != key:
			t.Fatalf("Key is not settled: %q, then %q", key, Key(key))
		case Key(clean) != key:
			t.Fatalf("Clean changes the key: %q, then %q", key, Key(clean))
		case !utf8.ValidString(clean), !utf8.ValidString(key):
			t.Fatalf("not UTF-8: %q, %q", clean, key)
		}
	})
}
