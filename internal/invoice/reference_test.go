package invoice_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/invoice"
)

func TestReferencesOfTheStandard(t *testing.T) {
	for s, want := range map[string]bool{
		"RF18539007547034":              true, // the example of ISO 11649
		"rf18 5390 0754 7034":           true,
		" RF18\t5390\n0754\u00a07034 ":  true,
		"RF45G72UUR":                    true, // letters in the body
		"RF18539007547035":              false,
		"RF18 5390 0754 703":            false,
		"FR18539007547034":              false,
		"RF18-5390-0754-7034":           false,
		"RF1853900754703\u0664":         false, // an Arabic digit
		"":                              false,
		"RF":                            false,
		"RF18":                          false,
		"RF" + strings.Repeat("0", 30):  false,
		"RF18539007547034RF18539007547": false,
	} {
		if got, ok := invoice.ParseReference(s); ok != want || ok && strings.ContainsAny(got, " \t\n\u00a0rf") {
			t.Errorf("ParseReference(%q) = %q, %v; want %v", s, got, ok, want)
		}
	}
	// Two letters can have the remainder of two check digits, and are none.
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if s := fmt.Sprintf("RF%c%c539007547034", a, b); isReference(s) {
				t.Errorf("%s is accepted", s)
			}
		}
	}
}

func isReference(s string) bool {
	_, ok := invoice.ParseReference(s)
	return ok
}

// TestReferencesAreReadAsTheyAreTyped: in small letters, with spaces anywhere.
func TestReferencesAreReadAsTheyAreTyped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := invoice.NewReference()
		if len(want) != 18 || strings.Trim(want[2:], "0123456789") != "" {
			t.Fatalf("made %q", want)
		}
		var typed strings.Builder
		for _, c := range want {
			typed.WriteString(strings.Repeat(" ", rapid.IntRange(0, 2).Draw(t, "spaces")))
			if rapid.Bool().Draw(t, "small") {
				c += 'a' - 'A'
				if c > 'z' || c < 'a' { // a digit has no small letter
					c -= 'a' - 'A'
				}
			}
			typed.WriteRune(c)
		}
		if got, ok := invoice.ParseReference(typed.String()); !ok || got != want {
			t.Fatalf("%q is read as %q, %v; want %q", typed.String(), got, ok, want)
		}
	})
}

// TestReferencesCatchASlip tries every wrong digit at every place, and every
// two neighbours in the wrong order.
func TestReferencesCatchASlip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		right := invoice.NewReference()
		for at := 2; at < len(right); at++ {
			for digit := byte('0'); digit <= '9'; digit++ {
				wrong := []byte(right)
				if wrong[at] = digit; string(wrong) != right && isReference(string(wrong)) {
					t.Fatalf("%s with one wrong digit is accepted as %s", right, wrong)
				}
			}
		}
		for at := 0; at+1 < len(right); at++ {
			wrong := []byte(right)
			wrong[at], wrong[at+1] = wrong[at+1], wrong[at]
			if string(wrong) != right && isReference(string(wrong)) {
				t.Fatalf("%s with two digits swapped is accepted as %s", right, wrong)
			}
		}
	})
}

func TestReferencesAreNotGuessed(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		seen[invoice.NewReference()] = true
	}
	if len(seen) != 2000 {
		t.Errorf("2000 references, %d different", len(seen))
	}
}
