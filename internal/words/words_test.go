package words_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"igny8/internal/words"
)

type named string

type numbered int

func TestATextCarriesItsArguments(t *testing.T) {
	t.Parallel()
	inner := words.With("%d words", 7)
	for _, tt := range []struct {
		text words.Text
		want string
	}{
		{"plain", "plain"},
		{"100 %", "100 %"},
		{words.With("%s and %q", "a", "b \"c\""), `a and "b \"c\""`},
		{words.With("%d, %d of 9", numbered(1), int64(math.MaxInt64)), "1, 9223372036854775807 of 9"},
		{words.With("%s and %v", 2.5, true), "2.5 and true"},
		{words.With("%v of %v", math.NaN(), math.Inf(1)), "NaN of +Inf"},
		{words.With("%s: %s", named("x"), errors.New("boom")), "x: boom"},
		{words.With("[%s] %s", inner, words.With("(%s)", inner)), "[7 words] (7 words)"},
		{words.With("%[2]s before %[1]s", "a", "b"), "b before a"},
		{words.With("100 %%"), "100 %%"}, // nothing to put in: it is not a format
		{words.Verbatim("50 % of \x1f\"{}"), "50 % of \x1f\"{}"},
		{words.Verbatim(""), ""},
		{words.Join(", ", "a", "", inner, words.Verbatim("b")), "a, 7 words, b"},
		{words.Join(", "), ""},
	} {
		if got := tt.text.String(); got != tt.want {
			t.Errorf("%q says %q, want %q", tt.text.Packed(), got, tt.want)
		}
		if got := words.Unpack(tt.text.Packed()).String(); got != tt.want {
			t.Errorf("%q kept says %q, want %q", tt.text.Packed(), got, tt.want)
		}
	}
	if b, err := json.Marshal(map[string]words.Text{"detail": inner}); err != nil || string(b) != `{"detail":"7 words"}` {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}

func TestAnotherLanguage(t *testing.T) {
	t.Parallel()
	german, marked := words.Match("de-AT"), words.Match("en-XA")
	if german.Tag() != "de" || german.Name() != "Deutsch" || words.Match("fr").Tag() != "en" || words.Match("").Name() != "English" {
		t.Errorf("matched %s", german.Tag())
	}
	yes := words.With("%s credits", "5")
	if got := german.Say("Sign in"); got != "Anmelden" {
		t.Errorf("German says %q", got)
	}
	if got := german.Say(yes); got != "5 Credits" {
		t.Errorf("German says %q", got)
	}
	ctx := words.Into(t.Context(), german)
	if got := words.In(ctx, "%s credits", words.Verbatim("Sign in")); got != "Sign in Credits" {
		t.Errorf("in a context: %q: what somebody typed is not translated", got)
	}
	if got := words.In(t.Context(), "Sign in"); got != "Sign in" {
		t.Errorf("without a language: %q", got)
	}
	if got := marked.Say(words.With("%s (%s)", words.Text("Sign in"), "anna")); got != "⟦⟦Sign in⟧ (anna)⟧" {
		t.Errorf("marked: %q", got)
	}
	if got := marked.Say(words.Verbatim("anna")); got != "anna" {
		t.Errorf("marked: %q", got)
	}
	if len(words.Languages()) < 2 || words.Languages()[0].Tag() != "en" {
		t.Error("there is no second language, or English is not the first")
	}
}

// FuzzUnpack: what is kept may be of another release, or of nobody.
func FuzzUnpack(f *testing.F) {
	f.Add(words.With("%s", 1).Packed())
	f.Add("a\x1f[{\"t\":\"b\\u001f[1]\"},{\"x\":1}]")
	f.Add("%s\x1f")
	f.Add("\x1f[null]")
	f.Fuzz(func(_ *testing.T, s string) { _ = words.Unpack(s).String() })
}
