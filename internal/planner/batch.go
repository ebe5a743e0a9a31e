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
	exact       bool // the volume is a number, not the low end of a range
	difficulty  *int64
	cpcMicros   *int64
	cpcCurrency string
	intent      string
	country     string
	numbersAt   *int64 // when they came from a file; nil: a person typed them
	results     []result
}

// result is a page that a search engine shows for the keyword.
type result struct {
	position int64
	url      string
}

// fill gives the row what it has not and a second spelling of it has.
func (r *newRow) fill(from newRow) {
	if r.volume == nil || from.volume != nil && from.exact && !r.exact {
		r.volume, r.exact = from.volume, from.exact
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
	r.results = append(r.results, from.results...)
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
	args   []any          // of the statement, kept for the next
	full   string         // the statement of batchSize rows
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

// renew lets a keyword that is there gain what it had not, and what an earlier
// file said give way to what this one says. What a person typed stays, and so
// does what the same file said first, but a volume that is a number is better
// than a range: it is kept over a later range, and taken over an earlier one.
// newRow.fill does the same to rows that meet in one statement.
const renew = ` DO UPDATE SET
	volume = CASE WHEN ` + betterVolume + ` THEN excluded.volume ELSE keywords.volume END,
	volume_exact = CASE WHEN ` + betterVolume + ` THEN excluded.volume_exact ELSE keywords.volume_exact END,
	difficulty = CASE WHEN ` + later + ` THEN coalesce(excluded.difficulty, keywords.difficulty) ELSE coalesce(keywords.difficulty, excluded.difficulty) END,
	cpc_micros = CASE WHEN ` + later + ` THEN coalesce(excluded.cpc_micros, keywords.cpc_micros) ELSE coalesce(keywords.cpc_micros, excluded.cpc_micros) END,
	cpc_currency = CASE WHEN keywords.cpc_micros IS NULL OR ` + later + ` AND excluded.cpc_micros IS NOT NULL
		THEN excluded.cpc_currency ELSE keywords.cpc_currency END,
	intent = CASE WHEN keywords.intent = '' OR ` + later + ` AND excluded.intent <> '' THEN excluded.intent ELSE keywords.intent END,
	country = CASE WHEN keywords.country = '' OR ` + later + ` AND excluded.country <> '' THEN excluded.country ELSE keywords.country END,
	numbers_at = CASE WHEN ` + later + ` THEN excluded.numbers_at ELSE keywords.numbers_at END
	WHERE ` + later + `
		OR excluded.volume IS NOT NULL AND ` + betterVolume + `
		OR keywords.difficulty IS NULL AND excluded.difficulty IS NOT NULL
		OR keywords.cpc_micros IS NULL AND excluded.cpc_micros IS NOT NULL
		OR keywords.intent = '' AND excluded.intent <> ''
		OR keywords.country = '' AND excluded.country <> ''`

const (
	later        = `coalesce(keywords.numbers_at < excluded.numbers_at, FALSE)`
	betterVolume = `(keywords.volume IS NULL OR excluded.volume IS NOT NULL AND (
		` + later + ` AND (excluded.volume_exact OR NOT keywords.volume_exact)
		OR coalesce(keywords.numbers_at = excluded.numbers_at, FALSE) AND excluded.volume_exact AND NOT keywords.volume_exact))`
)

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
	args := b.args[:0]
	args = append(args, b.site, b.sector, clock.Micros(tx.Now()))
	for _, r := range b.rows {
		args = append(args, r.id, r.phrase, r.key, r.volume, r.difficulty, r.cpcMicros, r.cpcCurrency, r.intent, r.country, r.numbersAt, r.exact || r.volume == nil)
	}
	b.args = args
	n, err := tx.Exec(ctx, b.statement(), args...)
	if err != nil {
		return fmt.Errorf("write %d keywords: %w", len(b.rows), err)
	}
	b.wrote += n
	if err := b.writeResults(ctx, tx); err != nil {
		return err
	}
	b.rows = b.rows[:0]
	clear(b.at)
	return nil
}

// statement is that for as many rows as there are. All of a large file's but
// the last are the same, and are made once.
func (b *batch) statement() string {
	if len(b.rows) == batchSize && b.full != "" {
		return b.full
	}
	var q strings.Builder
	q.WriteString(`INSERT INTO keywords (account_id, site_id, sector_id, created_at, id, phrase, phrase_key, volume, difficulty, cpc_micros, cpc_currency, intent, country, numbers_at, volume_exact) VALUES `)
	for i := range b.rows {
		if i > 0 {
			q.WriteString(", ")
		}
		n := 5 + i*11 // after the account, the site, the sector and the time
		fmt.Fprintf(&q, "($1, $2, $3, $4, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n, n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8, n+9, n+10)
	}
	q.WriteString(` ON CONFLICT (account_id, site_id, sector_id, phrase_key)` + b.onto)
	if len(b.rows) == batchSize {
		b.full = q.String()
	}
	return q.String()
}
