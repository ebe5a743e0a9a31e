package ui

import (
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"igny8/internal/money"
)

// Locale is how a person writes numbers, amounts and dates. The words of the
// pages are English whatever it is. The zero Locale is that of nobody in
// particular.
type Locale struct{ tag language.Tag }

// ParseLocale reads an Accept-Language header.
func ParseLocale(header string) Locale {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return Locale{}
	}
	return Locale{tags[0]}
}

func (l Locale) known() language.Tag {
	if l.tag == (language.Tag{}) || l.tag == language.Und {
		return language.BritishEnglish
	}
	return l.tag
}

// String is the BCP 47 name, such as "de-AT".
func (l Locale) String() string { return l.known().String() }

// Country is the country of the locale, such as "AT", where the browser names
// one; otherwise empty.
func (l Locale) Country() string {
	r, c := l.known().Region()
	if c != language.Exact || l.tag == (language.Tag{}) {
		return ""
	}
	return r.String()
}

// Number is a whole number with the separators of the locale.
func (l Locale) Number(n int64) string {
	return message.NewPrinter(l.known()).Sprint(number.Decimal(n))
}

// Money is an amount as the locale writes it. Whole units keep their decimals,
// so that columns line up.
func (l Locale) Money(m money.Money) string { return m.Format(l.String()) }

// american tells whether the month comes first.
func (l Locale) american() bool {
	r, _ := l.known().Region()
	return r.String() == "US"
}

// Date is the day, in words that mean the same everywhere: "24 Nov 2026". The
// zero time is a dash.
func (l Locale) Date(t time.Time) string {
	switch {
	case t.IsZero():
		return "–"
	case l.american():
		return t.UTC().Format("Jan 2, 2006")
	}
	return t.UTC().Format("2 Jan 2006")
}

// Moment is the day and the time, in UTC; a script shows it in the time of
// whoever looks.
func (l Locale) Moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return l.Date(t) + ", " + t.UTC().Format("15:04") + " UTC"
}

// Groups is a long number with a space after every four signs, as IBANs and
// payment references are read aloud.
func Groups(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
