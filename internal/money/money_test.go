package money_test

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/money"
)

func TestArithmetic(t *testing.T) {
	eur := func(n int64) money.Money { return money.Of(n, "EUR") }
	if got, err := eur(1).Add(eur(2)); err != nil || got != eur(3) {
		t.Errorf("1 + 2 = %v, %v", got, err)
	}
	if got, err := eur(5).Sub(eur(7)); err != nil || got != eur(-2) {
		t.Errorf("5 - 7 = %v, %v", got, err)
	}
	if _, err := eur(1).Add(money.Of(1, "USD")); !errors.Is(err, money.ErrCurrency) {
		t.Errorf("EUR + USD = %v", err)
	}
	for _, pair := range [][2]int64{{math.MaxInt64, 1}, {math.MinInt64, -1}, {math.MaxInt64, math.MaxInt64}} {
		if _, err := eur(pair[0]).Add(eur(pair[1])); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%d + %d = %v, want overflow", pair[0], pair[1], err)
		}
	}
	if _, err := eur(0).Sub(eur(math.MinInt64)); !errors.Is(err, money.ErrOverflow) {
		t.Errorf("0 - min = %v, want overflow", err)
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		amount, n, want int64
		err             error
	}{
		{1999, 3, 5997, nil},
		{1999, 0, 0, nil},
		{0, math.MinInt64, 0, nil},
		{-5, 4, -20, nil},
		{-5, -4, 20, nil},
		{math.MaxInt64, 1, math.MaxInt64, nil},
		{math.MaxInt64, -1, -math.MaxInt64, nil},
		{math.MinInt64, 1, math.MinInt64, nil},
		{math.MaxInt64, 2, 0, money.ErrOverflow},
		{math.MinInt64, -1, 0, money.ErrOverflow},
		{-1, math.MinInt64, 0, money.ErrOverflow},
		{1 << 32, 1 << 32, 0, money.ErrOverflow},
	} {
		got, err := money.Of(tt.amount, "EUR").Times(tt.n)
		if !errors.Is(err, tt.err) || err == nil && got != money.Of(tt.want, "EUR") {
			t.Errorf("%d times %d = %v, %v; want %d, %v", tt.amount, tt.n, got, err, tt.want, tt.err)
		}
	}
}

// TestTimesIsAddingAgainAndAgain also meets the overflow where adding does.
func TestTimesIsAddingAgainAndAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Of(rapid.Int64().Draw(t, "amount"), "EUR")
		n := rapid.Int64Range(0, 20).Draw(t, "n")
		sum, err := money.Of(0, "EUR"), error(nil)
		for range n {
			if sum, err = sum.Add(m); err != nil {
				break
			}
		}
		if got, gotErr := m.Times(n); got != sum || !errors.Is(gotErr, err) {
			t.Fatalf("%v times %d = %v, %v; added it is %v, %v", m, n, got, gotErr, sum, err)
		}
	})
}

func TestString(t *testing.T) {
	for m, want := range map[money.Money]string{
		money.Of(1999, "EUR"): "19.99 EUR", money.Of(1999, "JPY"): "1999 JPY", money.Of(-5, "USD"): "-0.05 USD", money.Of(1234, "KWD"): "1.234 KWD",
	} {
		if got := m.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	for code, want := range map[string]error{
		"EUR": nil, "JPY": nil, "": money.ErrUnknown, "ZZZ": money.ErrUnknown, "eur": money.ErrUnknown, "EU": money.ErrUnknown, "EUR\x00": money.ErrUnknown,
	} {
		if err := money.Of(1, code).Check(); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", code, err, want)
		}
	}
}

func TestSplitAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Of(rapid.Int64().Draw(t, "amount"), "EUR")
		parts := m.Split(rapid.IntRange(1, 50).Draw(t, "n"))
		sum, low, high := int64(0), parts[0].Amount, parts[0].Amount
		for _, p := range parts {
			sum += p.Amount
			low, high = min(low, p.Amount), max(high, p.Amount)
		}
		if sum != m.Amount || high-low > 1 {
			t.Fatalf("%v split into %v", m, parts)
		}
	})
}
