package arch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

// The two policies that a table of accounts has, and no other but together, as PostgreSQL
// writes them down. The column is the account's.
const (
	tenantPolicy = `PERMISSIVE * {public} USING (%s = ( SELECT NULLIF(current_setting('igny8.account'::text, true), ''::text) AS "nullif")) CHECK -`
	reachPolicy  = `PERMISSIVE r {public} USING (( SELECT current_setting('igny8.reach'::text, true) AS current_setting) = 'all'::text) CHECK -`
)

// together is the third policy of the tables whose rows of several accounts are
// committed together. Package credit owns them.
const togetherPolicy = `PERMISSIVE * {public} USING (account_id IN ( SELECT unnest(string_to_array(current_setting('igny8.accounts'::text, true), ','::text)) AS unnest)) CHECK -`

var committedTogether = []string{"credit_balances", "credit_entries", "credit_hold_lots", "credit_holds", "credit_lots"}

// guard is what a catalogue says of a relation's row-level security.
type guard struct {
	kind            string // see pg_class.relkind
	enabled, forced bool
	mayDo, policies string
	invoker         bool // a view with its reader's rights
}

// TestRowsAreGuarded checks wall 8 on the catalogue: every table that is not on
// the list of platform tables has its policies, forced, and nothing else in the
// schema shows or changes its rows with anybody else's rights.
func TestRowsAreGuarded(t *testing.T) {
	d := dbtest.Open(t)
	if d.Engine() != db.Postgres {
		t.Skip("SQLite has no row-level security")
	}
	if err := d.CheckWall(t.Context()); err != nil {
		t.Errorf("the check at start: %v", err)
	}
	all := map[string]guard{}
	var definers []string
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		err := v.Each(ctx, `
			SELECT c.relname, c.relkind::text, c.relrowsecurity, c.relforcerowsecurity,
				coalesce('security_invoker=true' = ANY (c.reloptions), false),
				(SELECT coalesce(string_agg(p, ' ' ORDER BY p), '') FROM unnest(ARRAY['DELETE', 'INSERT', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE']) p WHERE has_table_privilege(c.oid, p)),
				(SELECT coalesce(string_agg(p.polname || ' ' || CASE WHEN p.polpermissive THEN 'PERMISSIVE ' ELSE 'RESTRICTIVE ' END || p.polcmd::text
					|| ' ' || CASE WHEN p.polroles = '{0}' THEN '{public}' ELSE p.polroles::text END
					|| ' USING ' || coalesce(pg_get_expr(p.polqual, p.polrelid), '-') || ' CHECK ' || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-'), E'\n' ORDER BY p.polname), '')
					FROM pg_policy p WHERE p.polrelid = c.oid)
			FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`, nil,
			func(scan db.Scan) error {
				var name string
				var g guard
				err := scan(&name, &g.kind, &g.enabled, &g.forced, &g.invoker, &g.mayDo, &g.policies)
				all[name] = g
				return err
			})
		if err != nil {
			return err
		}
		definers, err = column(ctx, v, `SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prosecdef`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	guarded := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		g := all[name]
		if strings.HasPrefix(name, "river_") || strings.HasPrefix(name, "goose_") || platform[name] != "" && name != "accounts" {
			continue
		}
		guarded++
		for _, crime := range g.crimes(name) {
			t.Error(crime)
		}
	}
	if guarded < 15 {
		t.Errorf("looked at %d tables of accounts only", guarded)
	}
	for _, f := range definers {
		t.Errorf("the function %s runs with its owner's rights", f)
	}
	t.Logf("%d relations, %d of them with forced policies", len(all), guarded)
}

func (g guard) crimes(name string) []string {
	if g.kind == "v" && g.invoker {
		return nil
	}
	if g.kind != "r" && g.kind != "p" {
		return []string{fmt.Sprintf("%s (%s) shows rows with its owner's rights", name, g.kind)}
	}
	var found []string
	if !g.enabled || !g.forced {
		found = append(found, fmt.Sprintf("row-level security of %s: enabled %v, forced %v", name, g.enabled, g.forced))
	}
	of := "account_id"
	if name == "accounts" {
		of = "id"
	}
	want := "tenant " + fmt.Sprintf(tenantPolicy, of) + "\ntenant_reach " + reachPolicy
	if slices.Contains(committedTogether, name) {
		want += "\ntogether " + togetherPolicy
	}
	if g.policies != want {
		found = append(found, fmt.Sprintf("policies of %s:\n%s\nwant\n%s", name, g.policies, want))
	}
	if g.mayDo != "DELETE INSERT SELECT UPDATE" {
		found = append(found, fmt.Sprintf("the runtime role may do %s to %s", g.mayDo, name))
	}
	return found
}

func TestGuardCrimes(t *testing.T) {
	good := guard{kind: "r", enabled: true, forced: true, mayDo: "DELETE INSERT SELECT UPDATE",
		policies: "tenant " + fmt.Sprintf(tenantPolicy, "account_id") + "\ntenant_reach " + reachPolicy}
	with := func(change func(*guard)) guard {
		g := good
		change(&g)
		return g
	}
	for _, tt := range []struct {
		name  string
		guard guard
		want  string // of the one crime; empty: none
	}{
		{"good", good, ""},
		{"off", with(func(g *guard) { g.enabled = false }), "row-level security of notes: enabled false, forced true"},
		{"not forced", with(func(g *guard) { g.forced = false }), "row-level security of notes: enabled true, forced false"},
		{"no policy", with(func(g *guard) { g.policies = "" }), "policies of notes"},
		{"one more", with(func(g *guard) { g.policies += "\nall PERMISSIVE * {public} USING true CHECK -" }), "policies of notes"},
		{"truncate", with(func(g *guard) { g.mayDo += " TRUNCATE" }), "the runtime role may do DELETE INSERT SELECT UPDATE TRUNCATE to notes"},
		{"view", guard{kind: "v"}, "notes (v) shows rows with its owner's rights"},
		{"view of the reader's rights", guard{kind: "v", invoker: true}, ""},
		{"kept view", guard{kind: "m", invoker: true}, "notes (m) shows rows with its owner's rights"},
	} {
		got := tt.guard.crimes("notes")
		if tt.want == "" && len(got) > 0 || tt.want != "" && (len(got) != 1 || !strings.Contains(got[0], tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
