package planner

import (
	"context"
	"fmt"
	"strings"

	"igny8/internal/clock"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// newRow is a keyword about to be written.
type newRow struct {
	id          KeywordID
	phrase, key string
	volume      *int64
	difficulty  *int64
	cpcMicros   *int64
	cpcCurrency string
	intent      string
	country     string
}

// batch is rows that are written with one statement: on either database one
// statement with many rows is many times faster than many with one.
type batch struct {
	site   site.ID
	sector site.SectorID
	rows   []newRow
}

// batchSize is how many rows a statement writes. SQLite finds numbered parameters
// by looking through all of them, so that larger statements cost more than they
// save there; for PostgreSQL it makes no difference above this.
const batchSize = 50

// write inserts the rows. A keyword that is there keeps what it has and gains
// what it had not: its numbers are newer in neither file, but some is better
// than none. The rows of one batch have different keys.
func (b *batch) write(ctx context.Context, tx *tenant.Tx) error {
	if len(b.rows) == 0 {
		return nil
	}
	args := []any{b.site, b.sector, clock.Micros(tx.Now())}
	var q strings.Builder
	q.WriteString(`INSERT INTO keywords (account_id, site_id, sector_id, created_at, id, phrase, phrase_key, volume, difficulty, cpc_micros, cpc_currency, intent, country) VALUES `)
	for i, r := range b.rows {
		if i > 0 {
			q.WriteString(", ")
		}
		n := len(args) + 2 // $1 is the account
		fmt.Fprintf(&q, "($1, $2, $3, $4, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n, n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8)
		args = append(args, r.id, r.phrase, r.key, r.volume, r.difficulty, r.cpcMicros, r.cpcCurrency, r.intent, r.country)
	}
	q.WriteString(`
		ON CONFLICT (account_id, site_id, sector_id, phrase_key) DO UPDATE SET
			volume = coalesce(keywords.volume, excluded.volume),
			difficulty = coalesce(keywords.difficulty, excluded.difficulty),
			cpc_micros = coalesce(keywords.cpc_micros, excluded.cpc_micros),
			cpc_currency = CASE WHEN keywords.cpc_micros IS NULL THEN excluded.cpc_currency ELSE keywords.cpc_currency END,
			intent = CASE WHEN keywords.intent = '' THEN excluded.intent ELSE keywords.intent END,
			country = CASE WHEN keywords.country = '' THEN excluded.country ELSE keywords.country END`)
	if _, err := tx.Exec(ctx, q.String(), args...); err != nil {
		return fmt.Errorf("write %d keywords: %w", len(b.rows), err)
	}
	b.rows = b.rows[:0]
	return nil
}
