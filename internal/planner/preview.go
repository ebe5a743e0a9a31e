package planner

import (
	"context"
	"fmt"

	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// Preview is what an import of a file would make of it.
type Preview struct {
	Format    string
	Encoding  string
	Delimiter string // empty: a list, or a workbook
	Sheet     string // of a workbook
	Columns   []PreviewColumn

	Rows       int64 // of the file
	New        int64 // would be added
	Duplicates int64 // of each other, or of keywords that are there
	Rejected   int64
	Rejections []FileIssue // the first of them
	Warnings   []FileIssue // cells that would be left out, the first of them
	WarningsOf int64
	Sample     []PreviewRow // the first keywords as they were understood
}

// PreviewColumn is a column of the file and how it was understood.
type PreviewColumn struct {
	Index   int // from 0
	Header  string
	Meaning string // empty: it is not read
}

// PreviewRow is a keyword as it was understood. What the file does not say is
// nil or empty.
type PreviewRow struct {
	Line       int
	Phrase     string
	Volume     *int64
	Difficulty *int64
	CPCMicros  *int64
	Currency   string
	Intent     string
	Country    string
}

// sampleRows is how many keywords a preview shows.
const sampleRows = 20

// Preview reads a file as Import would, and stores nothing of it.
func (p *Planner) Preview(ctx context.Context, r tenant.Reader, u Upload) (Preview, error) {
	sec, err := site.FindSector(ctx, r, u.Site, u.Sector)
	if err != nil {
		return Preview{}, err
	}
	meant, err := u.Columns.parse()
	if err != nil {
		return Preview{}, err
	}
	there, err := keysOf(ctx, r, u.Site, sec)
	if err != nil {
		return Preview{}, err
	}
	var out Preview
	report, err := keywordfile.ReadFile(u.Body, keywordfile.Options{Columns: meant}, func(row keywordfile.Row) error {
		k := rowOf(row)
		if there[k.key] {
			out.Duplicates++
		} else {
			there[k.key] = true
			out.New++
		}
		if len(out.Sample) < sampleRows {
			out.Sample = append(out.Sample, PreviewRow{
				Line: row.Line, Phrase: k.phrase, Volume: k.volume, Difficulty: k.difficulty, CPCMicros: k.cpcMicros, Currency: k.cpcCurrency,
				Intent: k.intent, Country: k.country,
			})
		}
		return ctx.Err()
	})
	if err != nil {
		return Preview{}, fmt.Errorf("read %q: %w", u.Name, err)
	}
	out.Format, out.Encoding, out.Delimiter, out.Sheet = string(report.Format), string(report.Encoding), report.Delimiter, report.Sheet
	for _, c := range report.Columns {
		out.Columns = append(out.Columns, PreviewColumn{Index: c.Index, Header: c.Header, Meaning: string(c.Meaning)})
	}
	out.Rows, out.Rejected = int64(report.Rows+report.RejectedCount), int64(report.RejectedCount)
	out.Rejections, out.Warnings, out.WarningsOf = issuesOf(report.Rejected), issuesOf(report.Warnings), int64(report.WarningCount)
	return out, nil
}

// keysOf is the keywords that a sector has, by their keys.
func keysOf(ctx context.Context, r tenant.Reader, sid site.ID, sec site.SectorID) (map[string]bool, error) {
	all := map[string]bool{}
	err := r.Each(ctx, `SELECT phrase_key FROM keywords WHERE account_id = $1 AND site_id = $2 AND sector_id = $3`, []any{sid, sec}, func(scan tenant.Scan) error {
		var key string
		err := scan(&key)
		all[key] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keywords of %s: %w", sid, err)
	}
	return all, nil
}
