package planner

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Upload is a file of keywords and where they belong.
type Upload struct {
	Site   site.ID
	Sector site.SectorID // zero: the site's first
	Name   string
	Body   []byte

	Columns Columns // nil: as the headers say
}

// ImportArgs is what an import job is told.
type ImportArgs struct {
	Upload UploadID      `json:"upload"`
	Site   site.ID       `json:"site"`
	Sector site.SectorID `json:"sector"`
	Rows   int64         `json:"rows"` // of the file, to show

	Columns map[int]keywordfile.Meaning `json:"columns,omitempty"` // what a person said that they hold
}

// Kind implements job.Args.
func (ImportArgs) Kind() string { return "planner.import" }

// Imported is what came of an import: every row of the file is in one of the
// three counts.
type Imported struct {
	Rows       int64       `json:"rows"`
	Imported   int64       `json:"imported"`
	Duplicates int64       `json:"duplicates"` // of each other, or of keywords that were there
	Rejected   int64       `json:"rejected"`
	Format     string      `json:"format"`
	Encoding   string      `json:"encoding"`
	Rejections []FileIssue `json:"rejections"` // the first of them; Rejections has all
	Warnings   []FileIssue `json:"warnings"`   // cells left out of rows that were kept, the first of them
	WarningsOf int64       `json:"warning_count"`
}

// FileIssue is one thing in the file that could not be read.
type FileIssue struct {
	Line   int        `json:"line"`
	Column string     `json:"column"` // its name; "" where the whole row is meant
	Value  string     `json:"value"`  // what stood there, shortened
	Reason string     `json:"reason"` // stable, such as "no_keyword"
	Detail words.Text `json:"detail"`
}

// Import takes a file in and orders its import. A file that cannot be read is
// refused at once, with its line, and nothing is kept of it.
func (p *Planner) Import(ctx context.Context, tx *tenant.Tx, u Upload) (job.ID, error) {
	a, err := u.args(ctx, tx, id.New[uploadKind]())
	if err != nil {
		return job.ID{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO uploads (account_id, id, name, body, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.Upload, fileName(u.Name), u.Body, clock.Micros(tx.Now()))
	if err != nil {
		return job.ID{}, fmt.Errorf("keep upload %q: %w", u.Name, err)
	}
	return p.queue.Enqueue(ctx, tx, a, job.Order{Total: a.Rows, Message: "Waiting to import"})
}

// fileName is a name that a browser sent, as far as it can be shown.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200])
	}
	return s
}

// importer does imports.
type importer struct{ p *Planner }

// Do imports the whole file in one transaction: whoever looks sees none of it
// or all of it, and a crash in the middle is as if it had not begun.
func (h importer) Do(ctx context.Context, s tenant.Scope, r *job.Run, a ImportArgs) (any, error) {
	if err := r.Progress(ctx, 0, a.Rows, "Importing"); err != nil {
		return nil, err
	}
	// The memory of a password's hash may be garbage by now, several times what
	// the import needs, and the collector would let as much again pile up.
	runtime.GC()
	var result Imported
	err := h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		var body []byte
		err := tx.Get(ctx, `SELECT body FROM uploads WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{a.Upload}, &body)
		if err != nil {
			return fmt.Errorf("find upload %s: %w", a.Upload, err)
		}
		var report keywordfile.Report
		if result, report, err = h.p.importRows(ctx, tx, a, body); err != nil {
			return err
		}
		if err := keepRejected(ctx, tx, r.Job(), report.Rejected); err != nil {
			return err
		}
		if err := h.Abandon(ctx, tx, a); err != nil {
			return err
		}
		return r.Finish(ctx, tx, result)
	})
	return result, err
}

// Abandon drops the file.
func (importer) Abandon(ctx context.Context, tx *tenant.Tx, a ImportArgs) error {
	_, err := tx.Exec(ctx, `DELETE FROM uploads WHERE account_id = $1 AND id = $2`, a.Upload)
	if err != nil {
		return fmt.Errorf("drop upload %s: %w", a.Upload, err)
	}
	return nil
}

// importRows adds the keywords of a file. A row whose keyword is there already,
// from this file or from before, is a duplicate, and the keyword has the better
// of both: see renew. Over the plan's limit the transaction ends without any of
// it.
func (p *Planner) importRows(ctx context.Context, tx *tenant.Tx, a ImportArgs, body []byte) (Imported, keywordfile.Report, error) {
	if err := account.Lock(ctx, tx); err != nil { // two imports at once would count each other's
		return Imported{}, keywordfile.Report{}, err
	}
	before, err := countKeywords(ctx, tx)
	if err != nil {
		return Imported{}, keywordfile.Report{}, err
	}
	b, at := newBatch(a.Site, a.Sector, renew), clock.Micros(tx.Now())
	report, err := keywordfile.ReadFile(body, keywordfile.Options{MaxIssues: mostRejections, Columns: a.Columns}, func(r keywordfile.Row) error {
		k := rowOf(r)
		k.numbersAt = &at
		return b.add(ctx, tx, k)
	})
	if err != nil {
		return Imported{}, keywordfile.Report{}, err
	}
	if err := b.write(ctx, tx); err != nil {
		return Imported{}, keywordfile.Report{}, err
	}
	after, err := countKeywords(ctx, tx)
	if err != nil {
		return Imported{}, keywordfile.Report{}, err
	}
	added := after - before
	if b.wrote > added { // keywords gained volumes, and so have their clusters
		if err := recount(ctx, tx, a.Site); err != nil {
			return Imported{}, keywordfile.Report{}, err
		}
	}
	if added > 0 {
		if err := p.allow(ctx, tx, before, added); err != nil {
			return Imported{}, keywordfile.Report{}, err
		}
	}
	return importedOf(report, added), report, nil
}

// rowOf is a row of the file as the table keeps it.
func rowOf(r keywordfile.Row) newRow {
	k := newRow{
		id: id.New[keywordKind](), phrase: r.Phrase, key: keywordfile.Key(r.Phrase), volume: r.Volume,
		exact: r.VolumeExact, results: resultsOf(r), cpcMicros: r.CPC, cpcCurrency: r.CPCCurrency, intent: string(r.Intent), country: r.Country,
	}
	if r.Difficulty != nil {
		d := int64(*r.Difficulty)
		k.difficulty = &d
	}
	return k
}

func importedOf(r keywordfile.Report, added int64) Imported {
	return Imported{
		Rows: int64(r.Rows + r.RejectedCount), Imported: added, Duplicates: int64(r.Rows) - added, Rejected: int64(r.RejectedCount),
		Format: string(r.Format), Encoding: string(r.Encoding), Rejections: issuesOf(r.Rejected),
		Warnings: issuesOf(r.Warnings), WarningsOf: int64(r.WarningCount),
	}
}

// mostShown is how many issues a result shows.
const mostShown = 100

func issuesOf(all []keywordfile.Issue) []FileIssue {
	all = all[:min(len(all), mostShown)]
	out := make([]FileIssue, 0, len(all))
	for _, i := range all {
		out = append(out, FileIssue{Line: i.Line, Column: i.Column, Value: i.Value, Reason: string(i.Reason), Detail: i.Msg})
	}
	return out
}
