package money_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/money"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		number, code string
		want         int64
		err          error
	}{
		{"12.34", "EUR", 1234, nil},
		{"-12.34", "EUR", -1234, nil},
		{"+12.34", "EUR", 1234, nil},
		{"8.850", "EUR", 885, nil},
		{"8.85000", "EUR", 885, nil},
		{"8.8", "EUR", 880, nil},
		{"8.", "EUR", 800, nil},
		{".5", "EUR", 50, nil},
		{"0", "EUR", 0, nil},
		{"-0.00", "EUR", 0, nil},
		{"000000001000.00", "EUR", 100000, nil},
		{"2700", "JPY", 2700, nil},
		{"2700.00", "JPY", 2700, nil},
		{"1.234", "KWD", 1234, nil},
		{"92233720368547758.07", "EUR", 9223372036854775807, nil},
		{"8.855", "EUR", 0, money.ErrDecimals},
		{"8.8500001", "EUR", 0, money.ErrDecimals},
		{"27.5", "JPY", 0, money.ErrDecimals},
		{"92233720368547758.08", "EUR", 0, money.ErrOverflow},
		{strings.Repeat("9", 300), "EUR", 0, money.ErrOverflow},
		{"", "EUR", 0, money.ErrNumber},
		{".", "EUR", 0, money.ErrNumber},
		{"-", "EUR", 0, money.ErrNumber},
		{"--1", "EUR", 0, money.ErrNumber},
		{"-+1", "EUR", 0, money.ErrNumber},
		{"1,5", "EUR", 0, money.ErrNumber},
		{"1.2.3", "EUR", 0, money.ErrNumber},
		{"1e3", "EUR", 0, money.ErrNumber},
		{" 1", "EUR", 0, money.ErrNumber},
		{"NaN", "EUR", 0, money.ErrNumber},
		{"٣", "EUR", 0, money.ErrNumber},
		{"1", "ZZZ", 0, money.ErrUnknown},
		{"1", "eur", 0, money.ErrUnknown},
		{"1", "", 0, money.ErrUnknown},
	} {
		got, err := money.Parse(tt.number, tt.code)
		if !errors.Is(err, tt.err) || err == nil && got != money.Of(tt.want, tt.code) {
			t.Errorf("%q %s = %v, %v; want %d, %v", tt.number, tt.code, got, err, tt.want, tt.err)
		}
	}
}

// TestParseReadsWhatStringWrites also with zeros that say nothing.
func TestParseReadsWhatStringWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"EUR", "KWD", "CLF"}).Draw(t, "code")
		m := money.Of(rapid.Int64Range(-1<<62, 1<<62).Draw(t, "amount"), code)
		number, _, _ := strings.Cut(m.String(), " ")
		number += strings.Repeat("0", rapid.IntRange(0, 9).Draw(t, "zeros"))
		if got, err := money.Parse(number, code); err != nil || got != m {
			t.Fatalf("%q = %v, %v; want %v", number, got, err, m)
		}
	})
}

func TestWhatPeopleType(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, code string
		want       int64 // -1: it is no amount
	}{
		{"200", "EUR", 20000},
		{"200.00", "EUR", 20000},
		{"200,00", "EUR", 20000},
		{" 1 234,5 ", "EUR", 123450},
		{"1\u202f234,50", "EUR", 123450},
		{"1’234.50", "CHF", 123450},
		{"1,234.50", "EUR", 123450},
		{"1.234,50", "EUR", 123450},
		{"1.234", "EUR", 123400},
		{"1,234,567", "EUR", 123456700},
		{"1.234.567,89", "EUR", 123456789},
		{"0.5", "EUR", 50},
		{"0", "EUR", 0},
		{"1.000", "JPY", 1000},
		{"1.234", "KWD", 1234},
		{"12.345", "EUR", 1234500},
		{"1234.567", "EUR", -1},
		{"1.23.45", "EUR", -1},
		{"1,23.45", "EUR", -1},
		{"1.234,567.89", "EUR", -1},
		{",50", "EUR", 50},
		{"", "EUR", -1},
		{".", "EUR", -1},
		{"two", "EUR", -1},
		{"€200", "EUR", -1},
		{"1e3", "EUR", -1},
		{"1.234,505", "EUR", -1},
		{"99999999999999999999", "EUR", -1},
		{"1", "XXY", -1},
	} {
		m, err := money.ParseTyped(tt.text, tt.code)
		if err != nil {
			m.Amount = -1
		}
		if m.Amount != tt.want {
			t.Errorf("%q %s: %d %v, want %d", tt.text, tt.code, m.Amount, err, tt.want)
		}
	}
}
