package keywordfile

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestSpan(t *testing.T) {
	type want struct {
		low, high int64 // in millionths
		currency  string
	}
	same := func(v int64) want { return want{v, v, ""} }
	whole := func(v int64) want { return same(v * micro) }
	for _, tt := range []struct {
		cell string
		mark byte
		kind kind
		want want
	}{
		{"0", '.', count, whole(0)},
		{"201000", '.', count, whole(201_000)},
		{"1,234", '.', count, whole(1234)},
		{"1.234", '.', count, whole(1234)},
		{"1.234", ',', count, whole(1234)},
		{"1 234", '.', count, whole(1234)},
		{"1\u00a0234\u00a0567", '.', count, whole(1_234_567)},
		{"1\u202f234", '.', count, whole(1234)},
		{"1'234", '.', count, whole(1234)},
		{"1,234,567", '.', count, whole(1_234_567)},
		{"1.234.567", '.', count, whole(1_234_567)},
		{"12,34,567", '.', count, whole(1_234_567)},
		{"201000.0", '.', count, whole(201_000)},
		{"0.5", '.', count, same(500_000)},
		{"12K", '.', count, whole(12_000)},
		{"12k", '.', count, whole(12_000)},
		{"1.2M", '.', count, whole(1_200_000)},
		{"1,2M", ',', count, whole(1_200_000)},
		{"1.234K", '.', count, whole(1234)},
		{"2B", '.', count, whole(2_000_000_000)},
		{"1K - 10K", '.', count, want{1000 * micro, 10_000 * micro, ""}},
		{"1K – 10K", '.', count, want{1000 * micro, 10_000 * micro, ""}},
		{"1K\u00a0–\u00a010K", '.', count, want{1000 * micro, 10_000 * micro, ""}},
		{"100 - 1K", '.', count, want{100 * micro, 1000 * micro, ""}},
		{"100-1K", '.', count, want{100 * micro, 1000 * micro, ""}},
		{"1M — 10M", '.', count, want{micro * micro, 10 * micro * micro, ""}},
		{"10 to 100", '.', count, want{10 * micro, 100 * micro, ""}},
		{"<10", '.', count, want{0, 10 * micro, ""}},
		{"< 10", '.', count, want{0, 10 * micro, ""}},
		{">1M", '.', count, want{micro * micro, 0, ""}},
		{"100+", '.', count, want{100 * micro, 0, ""}},
		{"-5", '.', count, whole(-5)},
		{"33.33%", '.', decimal, same(33_330_000)},
		{"33,3 %", ',', decimal, same(33_300_000)},
		{"0,34", ',', decimal, same(340_000)},
		{"0,34", '.', decimal, same(340_000)},
		{"1.234", '.', decimal, same(1_234_000)},
		{"1.234", ',', decimal, whole(1234)},
		{"1,234", '.', decimal, whole(1234)},
		{"1,234", ',', decimal, same(1_234_000)},
		{"1.234,56", '.', decimal, same(1_234_560_000)},
		{"1,234.56", ',', decimal, same(1_234_560_000)},
		{"1 234,56", '.', decimal, same(1_234_560_000)},
		{".5", '.', decimal, same(500_000)},
		{"1.06000000238", '.', decimal, same(1_060_000)},
		{"1.0000005", '.', decimal, same(1_000_001)},
		{"$1.23", '.', money, want{1_230_000, 1_230_000, "USD"}},
		{"1,23 €", ',', money, want{1_230_000, 1_230_000, "EUR"}},
		{"A$ 4.50", '.', money, want{4_500_000, 4_500_000, "AUD"}},
		{"DKK 45.00", '.', money, want{45_000_000, 45_000_000, "DKK"}},
		{"45.00PLN", '.', money, want{45_000_000, 45_000_000, "PLN"}},
		{"¥120", '.', money, want{120_000_000, 120_000_000, ""}},
		{"€0.34 - €1.20", '.', money, want{340_000, 1_200_000, "EUR"}},
	} {
		t.Run(fmt.Sprintf("%q %c %d", tt.cell, tt.mark, tt.kind), func(t *testing.T) {
			s, ok := numbers{decimal: tt.mark}.span(tt.cell, tt.kind)
			if got := (want{s.low, s.high, s.currency}); !ok || got != tt.want {
				t.Errorf("got %v, %t, want %v", got, ok, tt.want)
			}
		})
	}
}

func TestNoNumber(t *testing.T) {
	for _, cell := range []string{
		"many", "1.2.3,4,5", "1,23,4", "12 34", "1 2", "1..2", ",", ".", "K", "%", "--5", "1e5", "1-2-3", "<-1",
		"10 - 1", "9999999999999", "99999999999B", "1,2,3.4.5", "#REF!", "1,234,56", "1 234,", "$", "0x10",
		"12:30", "2025-05-01", "١٢٣", "", "'", "1'", "'1",
	} {
		if s, ok := (numbers{decimal: '.'}).span(cell, money); ok {
			t.Errorf("%q: got %+v, want no number", cell, s)
		}
	}
}

// However a number is written, it is the number.
func TestWrittenNumbersAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, 999_999_999).Draw(t, "want")
		group := rapid.SampledFrom([]string{"", ",", ".", " ", "\u00a0", "\u202f", "'", "’"}).Draw(t, "group")
		s, ok := numbers{decimal: '.'}.span(grouped(want, group), count)
		if !ok || s.low != want*micro || s.high != s.low {
			t.Fatalf("%q: got %+v, %t", grouped(want, group), s, ok)
		}
	})
}

func TestWrittenAmountsAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, 9_999_999_999_999).Draw(t, "want")
		style := rapid.SampledFrom([][2]string{{"", "."}, {",", "."}, {"", ","}, {".", ","}, {" ", ","}, {"'", "."}}).Draw(t, "style")
		text := grouped(want/micro, style[0]) + style[1] + fmt.Sprintf("%06d", want%micro)
		s, ok := numbers{decimal: style[1][0]}.span(text, decimal)
		if !ok || s.low != want {
			t.Fatalf("%q: got %d, %t, want %d", text, s.low, ok, want)
		}
	})
}

func grouped(n int64, mark string) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s%s%03d", grouped(n/1000, mark), mark, n%1000)
}

func TestNumbersNeverPanic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789.,-– 'KMB%$€<>+to")), -1, 20, -1).Draw(t, "cell")
		s, ok := numbers{decimal: '.'}.span(cell, money)
		if ok && !s.open && s.low > s.high {
			t.Fatalf("%q: got %+v", cell, s)
		}
	})
}

func TestDecimalMark(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       byte
	}{
		{"dots", "Keyword,CPC\na,0.34\n", '.'},
		{"commas in quotes", "Keyword,CPC\na,\"0,34\"\n", ','},
		{"semicolons and nothing else", "Keyword;CPC\na;1.234\n", ','},
		{"semicolons and dots", "Keyword;CPC\na;7.44\n", '.'},
		{"tabs and commas", "Keyword\tCPC\na\t0,34 €\n", ','},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lay, err := sniff([]byte(tt.file), true, nil)
			if err != nil || lay.decimal != tt.want {
				t.Errorf("got %c, %v, want %c", lay.decimal, err, tt.want)
			}
		})
	}
}
