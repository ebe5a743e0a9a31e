package dbtest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"igny8/internal/db"
)

// The catalogue's answer to: which tables are there, with which columns?
var catalogue = map[db.Engine]string{
	db.SQLite: `
		SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`,
	db.Postgres: `
		SELECT t.table_name, c.column_name FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
		WHERE t.table_schema = current_schema() AND t.table_type = 'BASE TABLE' ORDER BY t.table_name, c.ordinal_position`,
}

// Dump is every row of every table, also of those that other libraries made,
// in an order of its own: two dumps are equal when nothing was changed.
func Dump(t testing.TB, d *db.DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := d.ViewAcross(t.Context(), func(ctx context.Context, v *db.View) error {
		columns := map[string][]string{}
		err := v.Each(ctx, catalogue[d.Engine()], nil, func(scan db.Scan) error {
			var table, column string
			err := scan(&table, &column)
			columns[table] = append(columns[table], `coalesce(CAST("`+column+`" AS TEXT), 'NULL')`)
			return err
		})
		if err != nil {
			return err
		}
		for table, values := range columns {
			if all[table], err = rows(ctx, v, table, values); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("dump the database: %v", err)
	}
	return all
}

func rows(ctx context.Context, v *db.View, table string, values []string) ([]string, error) {
	all := []string{}
	err := v.Each(ctx, `SELECT `+strings.Join(values, ` || ' | ' || `)+` FROM "`+table+`"`, nil, func(scan db.Scan) error {
		var row string
		err := scan(&row)
		all = append(all, row)
		return err
	})
	slices.Sort(all)
	return all, err
}

// tablesOf lists the tables that are in either dump.
func tablesOf(a, b map[string][]string) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}

// AccountTables lists the tables that have a column account_id.
func AccountTables(t testing.TB, d *db.DB) []string {
	t.Helper()
	var all []string
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		all = nil
		return v.Each(ctx, catalogue[d.Engine()], nil, func(scan db.Scan) error {
			var table, column string
			err := scan(&table, &column)
			if column == "account_id" {
				all = append(all, table)
			}
			return err
		})
	})
	if err != nil {
		t.Fatalf("list the tables of accounts: %v", err)
	}
	return all
}
