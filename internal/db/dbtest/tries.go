package dbtest

import (
	"flag"
	"strconv"
	"testing"

	"igny8/internal/db"
)

// Tries sets how often rapid tries the properties of a package: on each database
// so often that it is done in a few seconds, unless -rapid.checks says otherwise,
// which is the long form. It is called before t.Parallel.
func Tries(t testing.TB, sqlite, postgres int) {
	t.Helper()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if asked {
		return
	}
	n := sqlite
	if Engine() == db.Postgres {
		n = postgres
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
}
