package ui_test

import (
	"strings"
	"testing"
	"time"

	"igny8/internal/fault"
	"igny8/internal/money"
	"igny8/internal/web/ui"
)

func TestNumbersAreWrittenAsThePersonWritesThem(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 5, 9, 7, 0, 0, time.UTC)
	for header, want := range map[string]string{
		"":                        "1,234,567 · €1,234.50 · 5 Nov 2026 · 5 Nov 2026, 09:07 UTC · ",
		"en-GB,en;q=0.9":          "1,234,567 · €1,234.50 · 5 Nov 2026 · 5 Nov 2026, 09:07 UTC · GB",
		"en-US":                   "1,234,567 · €1,234.50 · Nov 5, 2026 · Nov 5, 2026, 09:07 UTC · US",
		"de-DE, en":               "1.234.567 · 1.234,50 € · 5. Nov. 2026 · 5. Nov. 2026, 09:07 UTC · DE",
		"de":                      "1.234.567 · 1.234,50 € · 5. Nov. 2026 · 5. Nov. 2026, 09:07 UTC · ",
		"*":                       "1,234,567 · €1,234.50 · 5 Nov 2026 · 5 Nov 2026, 09:07 UTC · ",
		"</script>;q=x, \x00":     "1,234,567 · €1,234.50 · 5 Nov 2026 · 5 Nov 2026, 09:07 UTC · ",
		strings.Repeat("a-", 999): "1,234,567 · €1,234.50 · 5 Nov 2026 · 5 Nov 2026, 09:07 UTC · ",
	} {
		l := ui.ParseLocale(header)
		got := strings.Join([]string{l.Number(1234567), l.Money(money.Of(123450, "EUR")), l.Date(at), l.Moment(at), l.Country()}, " · ")
		if got = strings.ReplaceAll(got, "\u00a0", " "); got != want {
			t.Errorf("%.20q: %s, want %s", header, got, want)
		}
	}
	var nobody ui.Locale
	if got := nobody.Number(1000) + nobody.Date(time.Time{}) + nobody.Moment(time.Time{}) + nobody.Country(); got != "1,000––" {
		t.Errorf("of nobody: %q", got)
	}
	if got := ui.ParseLocale("ja").Money(money.Of(1999, "JPY")); !strings.Contains(got, "1,999") {
		t.Errorf("yen: %q", got)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "", "RF18": "RF18", "RF18539": "RF18 539", "DE89370400440532013000": "DE89 3704 0044 0532 0130 00"} {
		if got := ui.Groups(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func render(t *testing.T, f ui.Field) string {
	t.Helper()
	var b strings.Builder
	if err := ui.Input(f).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAFieldSaysWhatIsWrongWithIt, to who sees it and to who hears it.
func TestAFieldSaysWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	why := fault.New(fault.Invalid, "a.b", "This is too short.").At("body.name", "is too short", nil)
	form := ui.NewForm(map[string][]string{"name": {`<b>"x`}, "password": {"secret"}})
	good := render(t, ui.Field{Form: form, Name: "name", Label: "Name", Hint: "A hint.", Focus: true})
	for _, text := range []string{`for="field-name"`, `id="field-name"`, `value="&lt;b&gt;&#34;x"`, `aria-describedby="field-name-hint"`, " required", " autofocus"} {
		if !strings.Contains(good, text) {
			t.Errorf("%s is not in %s", text, good)
		}
	}
	if strings.Contains(good, "aria-invalid") {
		t.Errorf("nothing is wrong with %s", good)
	}
	bad := render(t, ui.Field{Form: form.Refused(why, "name"), Name: "name", Label: "Name", Hint: "A hint.", Optional: true})
	for _, text := range []string{`aria-invalid="true"`, `aria-describedby="field-name-mistake field-name-hint"`, `id="field-name-mistake"`, "This is too short.", " autofocus", "(optional)"} {
		if !strings.Contains(bad, text) {
			t.Errorf("%s is not in %s", text, bad)
		}
	}
	if strings.Contains(bad, " required") {
		t.Errorf("optional, and required: %s", bad)
	}
	if p := render(t, ui.Field{Form: form, Name: "password", Label: "Password", Type: "password"}); strings.Contains(p, "secret") {
		t.Errorf("a password is shown again: %s", p)
	}
	other := form.Refused(why, "email") // a place that the form does not have
	if other.Trouble() != "This is too short." || !other.Bad() || form.Bad() {
		t.Errorf("%q", other.Trouble())
	}
	two := form.Refused(why.At("body.email", "is taken", nil), "name", "email")
	name, email := render(t, ui.Field{Form: two, Name: "name"}), render(t, ui.Field{Form: two, Name: "email"})
	if !strings.Contains(name, "Is too short.") || !strings.Contains(email, "Is taken.") {
		t.Errorf("%s, %s", name, email)
	}
}
