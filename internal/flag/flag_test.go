package flag

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

func TestRaisingAShareOnlyAddsAccounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		who, n := rapid.String().Draw(t, "who"), rapid.SampledFrom(Names()).Draw(t, "flag")
		small := Share(rapid.IntRange(0, 100).Draw(t, "small"))
		large := Share(rapid.IntRange(int(small), 100).Draw(t, "large"))
		if small.includes(n, who) && !large.includes(n, who) {
			t.Errorf("%q is in at %s and out at %s", who, small, large)
		}
		if Off.includes(n, who) || !On.includes(n, who) {
			t.Errorf("%q: off is on for him, or on is not", who)
		}
	})
}

func TestAShareIsAboutThatManyOfTenThousand(t *testing.T) {
	t.Parallel()
	for _, n := range Names() {
		for _, s := range []Share{1, 10, 25, 50, 90} {
			in := 0
			for i := range 10_000 {
				if s.includes(n, fmt.Sprintf("acc_%026d", i)) {
					in++
				}
			}
			if off := in - int(s)*100; off < -250 || off > 250 { // five standard deviations at the half
				t.Errorf("%s at %s: %d of 10000", n, s, in)
			}
		}
	}
}

func TestAnAddressIsTheSameInEverySpelling(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"Anna@Example.com", " anna@example.com ", "anna+1@example.com", "anna+a+b@EXAMPLE.com"} {
		if got := mailbox(s); got != "anna@example.com" {
			t.Errorf("%q is %q", s, got)
		}
	}
}

func TestAShareIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	for s := Off; s <= On; s++ {
		if got, err := ParseShare(s.String()); err != nil || got != s {
			t.Errorf("%s is read as %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "%", "ON", "101%", "-1%", "+5%", "05%", "5", "5 %", "5.5%", "1e1%"} {
		if got, err := ParseShare(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q is read as %v, %v", s, got, err)
		}
	}
}
