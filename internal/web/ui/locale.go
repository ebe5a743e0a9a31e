package ui

import (
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"igny8/internal/money"
	"igny8/internal/words"
)

// Locale is how a person writes numbers, amounts and dates, and the language
// that the pages are in: one of those that there are. The zero Locale is that
// of nobody in particular.
type Locale struct {
	tag   language.Tag
	words words.Language
}

// ParseLocale reads an Accept-Language header.
func ParseLocale(header string) Locale {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return Locale{}
	}
	return Locale{tags[0], words.Match(tags[0].String())}
}

// Speaking is the locale in a language that a person has chosen, where that is
// one that there is. The country, and with it how numbers are written, stays
// where the browser's language is the chosen one.
func (l Locale) Speaking(chosen string) Locale {
	if chosen == "" || l.words.Tag() == chosen && l.tag != (language.Tag{}) {
		return l
	}
	w := words.Match(chosen)
	if w.Tag() != chosen {
		return l
	}
	return Locale{language.Make(chosen), w}
}

// Language is what the pages are in.
func (l Locale) Language() words.Language { return l.words }

// Say is a text in the language of the locale.
func (l Locale) Say(t words.Text, args ...any) string { return l.words.Say(t, args...) }

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

// Count is what is said of n things: one of a single one, and otherwise several,
// whose first verb, %s, is the number as the locale writes it. args follow it,
// in both.
func (l Locale) Count(n int64, one, several words.Text, args ...any) words.Text {
	if n == 1 {
		return words.With(one, args...)
	}
	return words.With(several, append([]any{l.Number(n)}, args...)...)
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
		return l.Say("%[1]s %[2]d, %[3]d", months[t.UTC().Month()-1], t.UTC().Day(), t.UTC().Year())
	}
	return l.Say("%[2]d %[1]s %[3]d", months[t.UTC().Month()-1], t.UTC().Day(), t.UTC().Year())
}

// Month is the month and the year: "November 2026".
func (l Locale) Month(t time.Time) string {
	return l.Say("%s %d", wholeMonths[t.Month()-1], t.Year())
}

// MonthAlone is the month without its year.
func (l Locale) MonthAlone(t time.Time) string { return l.Say(wholeMonths[t.Month()-1]) }

// Weekday is the day of the week, short: "Mon".
func (l Locale) Weekday(t time.Time) string { return l.Say(weekdays[t.Weekday()]) }

var (
	weekdays = [7]words.Text{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	months   = [12]words.Text{
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
	}
	wholeMonths = [12]words.Text{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	}
)

// Moment is the day and the time, in UTC; a script shows it in the time of
// whoever looks.
func (l Locale) Moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return l.Say("%s, %s UTC", l.Date(t), t.UTC().Format("15:04"))
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
