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

// platform is the tables that belong to no account. Whoever adds one says why.
var platform = map[string]string{
	"accounts":              "it is the account",
	"users":                 "a person may be a member of several",
	"staff_grants":          "of the operator's people",
	"staff_audit_events":    "what belongs to no account",
	"token_families":        "a person may sign in without an account, and a token comes before anybody knows whose it is",
	"refresh_tokens":        "found by the token alone",
	"one_time_tokens":       "found by the token alone",
	"second_factors":        "of a person",
	"recovery_codes":        "of a person",
	"sign_in_challenges":    "found by the token alone",
	"letters":               "to people, who may have no account",
	"plans":                 "what is for sale",
	"plan_prices":           "what it costs in other currencies",
	"credit_packages":       "what is for sale",
	"credit_package_prices": "what it costs in other currencies",
	"flags":                 "what is switched on, for how many of all",
	"credit_prices":         "what it costs",
	"credit_failure_rules":  "which failures are free",
	"prompts":               "what models are told to do",
	"invoice_series":        "numbers run over all accounts",
	"approval_rules":        "when a second person is asked",
	"approval_limits":       "above which amounts a second person is asked",
	"bank_accounts":         "where all send money",
	"replay_answers":        "registration has no account yet; the owner is in the key",
	"country_bank_accounts": "where all of a country send money",
	"company_settings":      "who sells to all",
	"tax_rules":             "what all are charged",
	"browser_sessions":      "found by the cookie alone",
	"browser_visits":        "found by the cookie alone: which account its session visits",
	"bank_files":            "a bank line names no account",
	"bank_statements":       "a bank line names no account",
	"bank_lines":            "a bank line names no account",
	"bank_line_names":       "a bank line names no account",
	"bank_line_states":      "a line is nobody's until it has been matched, and can be nobody's again",
	"bank_ledgers":          "the operator's bank accounts",
	"bank_mappings":         "how banks write files",
	"bank_settings":         "the operator's",
	"webhook_events":        "whose a message is is found out later",
	"vendor_prices":         "of plans",
}

// worldwide is the unique keys that hold over all accounts, and why.
var worldwide = map[string]string{
	"api_keys(hash)":       "256 random bits",
	"invoices(number)":     "one series for all",
	"credit_notes(number)": "likewise",
	"invoices(reference)":  "a bank line names no account",
}

// table is what a catalogue says of one.
type table struct {
	columns []string
	primary []string
	uniques [][]string
	foreign []foreign
}

type foreign struct {
	to       string
	from, at []string // columns here and there
}

// TestSchemaCannotCross checks wall 5 on the catalogue of the database: the
// keys of an account's table begin with the account, and so does every
// reference between two of them, so that no row can point at another tenant's,
// and no key tells one tenant what another has.
func TestSchemaCannotCross(t *testing.T) {
	d := dbtest.Open(t)
	var all map[string]table
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) (err error) {
		if d.Engine() == db.Postgres {
			all, err = postgresTables(ctx, v)
		} else {
			all, err = sqliteTables(ctx, v)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(name, "river_") || strings.HasPrefix(name, "goose_") || strings.HasPrefix(name, "sqlite_") {
			continue
		}
		if platform[name] != "" {
			continue
		}
		checked++
		for _, crime := range all[name].crimes(name) {
			t.Error(crime)
		}
	}
	if checked < 15 {
		t.Errorf("looked at %d tables of accounts only", checked)
	}
	for name := range platform {
		if _, there := all[name]; !there {
			t.Errorf("platform names %s, and there is no such table", name)
		}
	}
}

func (b table) crimes(name string) []string {
	var found []string
	if !slices.Contains(b.columns, "account_id") {
		return []string{fmt.Sprintf("%s has no account_id, and is not on the list of platform tables", name)}
	}
	if len(b.primary) == 0 || b.primary[0] != "account_id" {
		found = append(found, fmt.Sprintf("the primary key of %s is %v; it must begin with account_id", name, b.primary))
	}
	for _, u := range b.uniques {
		key := name + "(" + strings.Join(u, ", ") + ")"
		if u[0] != "account_id" && worldwide[key] == "" {
			found = append(found, fmt.Sprintf("the unique key %s holds over all accounts: it tells one tenant what another has", key))
		}
	}
	for _, f := range b.foreign {
		if platform[f.to] != "" || len(f.at) == 0 {
			continue
		}
		i := slices.Index(f.at, "account_id")
		if i < 0 || f.from[i] != "account_id" {
			found = append(found, fmt.Sprintf("%s refers to %s by %v: a row could point at another tenant's", name, f.to, f.from))
		}
	}
	return found
}

func TestSchemaCrimes(t *testing.T) {
	sites := table{columns: []string{"account_id", "id"}, primary: []string{"account_id", "id"}}
	for _, tt := range []struct {
		name  string
		table table
		want  string
	}{
		{"no account", table{columns: []string{"id"}}, "notes has no account_id, and is not on the list of platform tables"},
		{"key of its own", table{columns: []string{"account_id", "id"}, primary: []string{"id"}}, "the primary key of notes is [id]; it must begin with account_id"},
		{
			"unique for all", table{columns: sites.columns, primary: sites.primary, uniques: [][]string{{"title"}}},
			"the unique key notes(title) holds over all accounts: it tells one tenant what another has",
		},
		{
			"crossing reference", table{columns: sites.columns, primary: sites.primary, foreign: []foreign{{"sites", []string{"site_id"}, []string{"id"}}}},
			"notes refers to sites by [site_id]: a row could point at another tenant's",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.table.crimes("notes")
			if !slices.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func sqliteTables(ctx context.Context, v *db.View) (map[string]table, error) {
	all := map[string]table{}
	names, err := column(ctx, v, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	for _, name := range names {
		var b table
		if b.columns, err = column(ctx, v, `SELECT name FROM pragma_table_info($1)`, name); err != nil {
			return nil, err
		}
		if b.primary, err = column(ctx, v, `SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk`, name); err != nil {
			return nil, err
		}
		indexes, err := column(ctx, v, `SELECT name FROM pragma_index_list($1) WHERE "unique" = 1`, name)
		if err != nil {
			return nil, err
		}
		for _, i := range indexes {
			u, err := column(ctx, v, `SELECT name FROM pragma_index_info($1) ORDER BY seqno`, i)
			if err != nil {
				return nil, err
			}
			b.uniques = append(b.uniques, u)
		}
		byID := map[int]*foreign{}
		err = v.Each(ctx, `SELECT id, "table", "from", coalesce("to", '') FROM pragma_foreign_key_list($1) ORDER BY id, seq`, []any{name}, func(scan db.Scan) error {
			var id int
			var to, from, at string
			err := scan(&id, &to, &from, &at)
			if byID[id] == nil {
				byID[id] = &foreign{to: to}
			}
			byID[id].from, byID[id].at = append(byID[id].from, from), append(byID[id].at, at)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, f := range byID {
			b.foreign = append(b.foreign, *f)
		}
		all[name] = b
	}
	return all, err
}

func postgresTables(ctx context.Context, v *db.View) (map[string]table, error) {
	all := map[string]table{}
	names, err := column(ctx, v, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`)
	for _, name := range names {
		var b table
		b.columns, err = column(ctx, v, `SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`, name)
		if err != nil {
			return nil, err
		}
		err = v.Each(ctx, `
			SELECT i.indisprimary, (SELECT string_agg(a.attname, ' ' ORDER BY k.n)
				FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, n) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
			FROM pg_index i WHERE i.indrelid = $1::text::regclass AND i.indisunique`, []any{name}, func(scan db.Scan) error {
			var primary bool
			var columns string
			err := scan(&primary, &columns)
			if primary {
				b.primary = strings.Fields(columns)
			}
			b.uniques = append(b.uniques, strings.Fields(columns))
			return err
		})
		if err != nil {
			return nil, err
		}
		err = v.Each(ctx, `
			SELECT c.confrelid::regclass::text,
				(SELECT string_agg(a.attname, ' ' ORDER BY k.n) FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, n) JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum),
				(SELECT string_agg(a.attname, ' ' ORDER BY k.n) FROM unnest(c.confkey) WITH ORDINALITY AS k(attnum, n) JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.attnum)
			FROM pg_constraint c WHERE c.conrelid = $1::text::regclass AND c.contype = 'f'`, []any{name}, func(scan db.Scan) error {
			var to, from, at string
			err := scan(&to, &from, &at)
			b.foreign = append(b.foreign, foreign{to, strings.Fields(from), strings.Fields(at)})
			return err
		})
		if err != nil {
			return nil, err
		}
		all[name] = b
	}
	return all, err
}

func column(ctx context.Context, v *db.View, query string, args ...any) ([]string, error) {
	var all []string
	err := v.Each(ctx, query, args, func(scan db.Scan) error {
		var s string
		err := scan(&s)
		all = append(all, s)
		return err
	})
	return all, err
}
