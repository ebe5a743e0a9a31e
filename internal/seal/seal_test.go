package seal_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"igny8/internal/seal"
)

func box(t *testing.T, key string) seal.Box {
	t.Helper()
	b, err := seal.New([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const key = "0123456789abcdef0123456789abcdef"

func TestWhatIsClosedOpensUnderItsLabelAlone(t *testing.T) {
	b := box(t, key)
	for _, plain := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte("secret "), 1000)} {
		sealed := b.Close(plain, "letter 1")
		if len(plain) > 1 && bytes.Contains(sealed, plain) {
			t.Error("the text is readable")
		}
		if got, err := b.Open(sealed, "letter 1"); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("opened %q, %v", got, err)
		}
		if bytes.Equal(sealed, b.Close(plain, "letter 1")) {
			t.Error("the same text is sealed the same way twice")
		}
		changed := bytes.Clone(sealed)
		changed[len(changed)-1] ^= 1
		for name, try := range map[string]func() ([]byte, error){
			"another label": func() ([]byte, error) { return b.Open(sealed, "letter 2") },
			"another key":   func() ([]byte, error) { return box(t, strings.ToUpper(key)).Open(sealed, "letter 1") },
			"changed":       func() ([]byte, error) { return b.Open(changed, "letter 1") },
			"cut":           func() ([]byte, error) { return b.Open(sealed[:5], "letter 1") },
			"nothing":       func() ([]byte, error) { return b.Open(nil, "letter 1") },
		} {
			if got, err := try(); !errors.Is(err, seal.ErrBroken) || got != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}

func TestKeysAreLongAndDoNotPrint(t *testing.T) {
	if _, err := seal.New([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
	if s := fmt.Sprintf("%v %+v %#v %s", box(t, key), box(t, key), box(t, key), box(t, key)); strings.Contains(s, "0123") {
		t.Error(s)
	}
}
