package planner

import (
	"context"
	"fmt"
	"strings"

	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/tenant"
)

// maxPosition is the last rank that is kept.
const maxPosition = 100

// resultsOf is the pages that a row names, by their ranks. Several pages stand
// in the order of their ranks; one alone has the position that the row gives,
// and says nothing where the row gives none.
func resultsOf(r keywordfile.Row) []result {
	if len(r.URLs) == 1 {
		if r.Position == nil {
			return nil
		}
		at := (*r.Position + 50) / 100
		if at < 1 || at > maxPosition {
			return nil
		}
		return []result{{at, r.URLs[0]}}
	}
	all := make([]result, 0, len(r.URLs))
	for i, url := range r.URLs {
		all = append(all, result{int64(i + 1), url})
	}
	return all
}

// resultBatch is how many results a statement writes; see batchSize.
const resultBatch = 100

// writeResults writes the results of the batch's keywords, which have their
// rows by now. What this file says of a rank replaces what was known of it.
func (b *batch) writeResults(ctx context.Context, tx *tenant.Tx) error {
	type place struct {
		key string
		result
	}
	var all []place
	for _, r := range b.rows {
		at := make(map[int64]int, len(r.results))
		for _, p := range r.results {
			if i, twice := at[p.position]; twice { // of two of one rank the last stands, as in two statements
				all[i].url = p.url
				continue
			}
			at[p.position] = len(all)
			all = append(all, place{r.key, p})
		}
	}
	for len(all) > 0 {
		some := all[:min(len(all), resultBatch)]
		all = all[len(some):]
		args := []any{b.site, b.sector}
		var q strings.Builder
		q.WriteString(`INSERT INTO keyword_results (account_id, keyword_id, position, url)
			SELECT k.account_id, k.id, v.column2, v.column3 FROM (VALUES `)
		for i, p := range some {
			if i > 0 {
				q.WriteString(", ")
			}
			n := len(args) + 2 // $1 is the account
			fmt.Fprintf(&q, "(CAST($%d AS TEXT), CAST($%d AS BIGINT), CAST($%d AS TEXT))", n, n+1, n+2)
			args = append(args, p.key, p.position, p.url)
		}
		q.WriteString(`) AS v JOIN keywords k ON k.account_id = $1 AND k.site_id = $2 AND k.sector_id = $3 AND k.phrase_key = v.column1
			WHERE TRUE ON CONFLICT (account_id, keyword_id, position) DO UPDATE SET url = excluded.url`)
		if _, err := tx.Exec(ctx, q.String(), args...); err != nil {
			return fmt.Errorf("write %d results: %w", len(some), err)
		}
	}
	return nil
}
