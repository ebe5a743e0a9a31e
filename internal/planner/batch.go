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

// fill gives the row what it has not and a second spelling of it has.
func (r *newRow) fill(from newRow) {
	if r.volume == nil {
		r.volume = from.volume
	}
	if r.difficulty == nil {
		r.difficulty = from.difficulty
	}
	if r.cpcMicros == nil {
		r.cpcMicros, r.cpcCurrency = from.cpcMicros, from.cpcCurrency
	}
	if r.intent == "" {
		r.intent = from.intent
	}
	if r.country == "" {
		r.country = from.country
	}
}

// batch is rows that are written with one statement: on either database one
// statement with many rows is many times faster than many with one.
type batch struct {
	site   site.ID
	sector site.SectorID
	onto   string // what becomes of a keyword that is there
	rows   []newRow
	at     map[string]int // where in rows a key is
	wrote  int64          // rows added or changed
}

func newBatch(sid site.ID, sec site.SectorID, onto string) *batch {
	return &batch{site: sid, sector: sec, onto: onto, rows: make([]newRow, 0, batchSize), at: make(map[string]int, batchSize)}
}

// batchSize is how many rows a statement writes. SQLite finds numbered parameters
// by looking through all of them, so that larger statements cost more than they
// save there; for PostgreSQL it makes no difference above this.
const batchSize = 50

// keep leaves a keyword that is there as it is.
const keep = ` DO NOTHING`

// fillIn lets a keyword that is there keep what it has and gain what it had
// not: nobody knows which of two files is newer, but some number is better than
// none. newRow.fill does the same to rows that meet in one statement.
const fillIn = ` DO UPDATE SET
	volume = coalesce(keywords.volume, excluded.volume),
	difficulty = coalesce(keywords.difficulty, excluded.difficulty),
	cpc_micros = coalesce(keywords.cpc_micros, excluded.cpc_micros),
	cpc_currency = CASE WHEN keywords.cpc_micros IS NULL THEN excluded.cpc_currency ELSE keywords.cpc_currency END,
	intent = CASE WHEN keywords.intent = '' THEN excluded.intent ELSE keywords.intent END,
	country = CASE WHEN keywords.country = '' THEN excluded.country ELSE keywords.country END
	WHERE keywords.volume IS NULL AND excluded.volume IS NOT NULL
		OR keywords.difficulty IS NULL AND excluded.difficulty IS NOT NULL
		OR keywords.cpc_micros IS NULL AND excluded.cpc_micros IS NOT NULL
		OR keywords.intent = '' AND excluded.intent <> ''
		OR keywords.country = '' AND excluded.country <> ''`

// add puts a row into the batch, and writes the batch when it is full.
func (b *batch) add(ctx context.Context, tx *tenant.Tx, r newRow) error {
	if i, twice := b.at[r.key]; twice {
		b.rows[i].fill(r)
		return nil
	}
	b.at[r.key] = len(b.rows)
	if b.rows = append(b.rows, r); len(b.rows) < batchSize {
		return nil
	}
	return b.write(ctx, tx)
}

// write writes what is in the batch.
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
	q.WriteString(` ON CONFLICT (account_id, site_id, sector_id, phrase_key)` + b.onto)
	n, err := tx.Exec(ctx, q.String(), args...)
	if err != nil {
		return fmt.Errorf("write %d keywords: %w", len(b.rows), err)
	}
	b.wrote += n
	b.rows = b.rows[:0]
	clear(b.at)
	return nil
}
