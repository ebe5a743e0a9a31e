package wordlist_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"igny8/internal/identity/internal/wordlist"
)

func TestHas(t *testing.T) {
	for _, w := range []string{"password", "qwerty", "iloveyou", "1qaz2wsx3edc4rfv", "123456789987654321", "elizabeth", "johnson", "government"} {
		if !wordlist.Has(w) {
			t.Errorf("%s is not on the list", w)
		}
	}
	for _, w := range []string{"", "abc", "correct horse battery", "purple monkeys eat dishwashers"} {
		if wordlist.Has(w) {
			t.Errorf("%q is on the list", w)
		}
	}
	hits := 0
	for range 20_000 {
		if wordlist.Has(strings.ToLower(rand.Text())) {
			hits++
		}
	}
	if hits > 5 {
		t.Errorf("%d of 20,000 random texts are on the list", hits)
	}
}
