package money_test

import (
	"strings"
	"testing"

	"igny8/internal/money"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		m            money.Money
		locale, want string
	}{
		{money.Of(123456, "EUR"), "en", "€1,234.56"},
		{money.Of(123456, "EUR"), "de-DE", "1.234,56 €"},
		{money.Of(123456, "EUR"), "fr", "1 234,56 €"},
		{money.Of(-500, "USD"), "en-US", "-$5.00"},
		{money.Of(500, "JPY"), "en", "¥500"},
		{money.Of(500, "TND"), "en", "TND 0.500"},
		{money.Of(500, "EUR"), "not a locale", "€5.00"},
		{money.Of(500, "EUR"), "", "€5.00"},
		{money.Of(5, "???"), "de", "5 ???"},
		{money.Money{}, "de", "0 "},
	} {
		got := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(tt.m.Format(tt.locale))
		if got != tt.want {
			t.Errorf("%v in %q: %q, want %q", tt.m, tt.locale, got, tt.want)
		}
	}
}
