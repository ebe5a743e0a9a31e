package dbtest

import (
	"errors"
	"slices"
	"testing"

	"igny8/internal/db"
)

// errInjected is what a statement answers that FailEverywhere made fail.
var errInjected = errors.New("dbtest: this statement was made to fail")

// FailEverywhere calls do again and again: with the first statement that it
// runs on d failing, then the second, and so on, the commit of each
// transaction being one of them, until none is left to fail. It fails the
// test unless every call but the last answers an error and leaves every row of
// every table as it was, and the last succeeds. It returns how many failed.
//
// What a job queue sends over Tx.SQL cannot be made to fail, and counts for
// nothing.
func FailEverywhere(t testing.TB, d *db.DB, do func() error) int {
	t.Helper()
	defer d.Disturb(nil)
	before := Dump(t, d)
	for n := 1; ; n++ {
		ran := 0
		d.Disturb(func() error {
			if ran++; ran == n {
				return errInjected
			}
			return nil
		})
		err := do()
		d.Disturb(nil)
		if ran < n {
			if err != nil {
				t.Fatalf("undisturbed, after %d failures: %v", n-1, err)
			}
			return n - 1
		}
		if err == nil {
			t.Errorf("statement %d failed, and nobody was told", n)
		}
		after := Dump(t, d)
		for _, table := range tablesOf(before, after) {
			if !slices.Equal(before[table], after[table]) {
				t.Fatalf("statement %d failed and left table %s with\n%q, which had\n%q", n, table, after[table], before[table])
			}
		}
	}
}
