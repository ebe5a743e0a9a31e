package webtest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"io"
	"testing"
)

// axe-core, as `make assets` packs it: under MPL 2.0, see axe.LICENSE.txt.
//
//go:embed axe.min.js.gz
var packed []byte

// axe is the script of axe-core.
func axe(t testing.TB) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}
