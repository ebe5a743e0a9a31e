package planner

import (
	"bytes"
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// Upload is a file of keywords and where they belong.
type Upload struct {
	Site   site.ID
	Sector site.SectorID // zero: the site's first
	Name   string
	Body   []byte
}

// ImportArgs is what an import job is told.
type ImportArgs struct {
	Upload UploadID      `json:"upload"`
	Site   site.ID       `json:"site"`
	Sector site.SectorID `json:"sector"`
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
	Rejections []FileIssue `json:"rejections"` // the first of them
	Warnings   []FileIssue `json:"warnings"`   // cells left out of rows that were kept, the first of them
	WarningsOf int64       `json:"warning_count"`
}

// FileIssue is one thing in the file that could not be read.
type FileIssue struct {
	Line   int    `json:"line"`
	Column string `json:"column,omitempty"`
	Value  string `json:"value,omitempty"`
	Reason string `json:"reason"` // stable, such as "no_keyword"
	Detail string `json:"detail"`
}

// Import takes a file in and orders its import. A file that cannot be read is
// refused at once, with its line, and nothing is kept of it.
func (p *Planner) Import(ctx context.Context, tx *tenant.Tx, u Upload) (job.ID, error) {
	if _, err := site.Load(ctx, tx, u.Site); err != nil {
		return job.ID{}, err
	}
	sec, err := site.FindSector(ctx, tx, u.Site, u.Sector)
	if err != nil {
		return job.ID{}, err
	}
	report, err := keywordfile.Read(bytes.NewReader(u.Body), keywordfile.Options{}, func(keywordfile.Row) error { return ctx.Err() })
	if err != nil {
		return job.ID{}, fmt.Errorf("read %q: %w", u.Name, err)
	}
	a := ImportArgs{Upload: id.New[uploadKind](), Site: u.Site, Sector: sec}
	_, err = tx.Exec(ctx, `INSERT INTO uploads (account_id, id, name, body, created_at) VALUES ($1, $2, $3, $4, $5)`,
		a.Upload, u.Name, u.Body, clock.Micros(tx.Now()))
	if err != nil {
		return job.ID{}, fmt.Errorf("keep upload %q: %w", u.Name, err)
	}
	return p.queue.Enqueue(ctx, tx, a, job.Order{Total: int64(report.Rows + report.RejectedCount), Message: "Waiting to import"})
}

// importer does imports.
type importer struct{ p *Planner }

// Do imports the whole file in one transaction: whoever looks sees none of it
// or all of it, and a crash in the middle is as if it had not begun.
func (h importer) Do(ctx context.Context, s tenant.Scope, r *job.Run, a ImportArgs) (any, error) {
	var result Imported
	err := h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		var body []byte
		err := tx.Get(ctx, `SELECT body FROM uploads WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{a.Upload}, &body)
		if err != nil {
			return fmt.Errorf("find upload %s: %w", a.Upload, err)
		}
		if result, err = h.p.importRows(ctx, tx, a, body); err != nil {
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

func (p *Planner) importRows(ctx context.Context, tx *tenant.Tx, a ImportArgs, body []byte) (Imported, error) {
	b := batch{site: a.Site, sector: a.Sector, rows: make([]newRow, 0, batchSize)}
	if err := account.Lock(ctx, tx); err != nil { // two imports at once would count each other's
		return Imported{}, err
	}
	var before, after int64
	count := func(n *int64) error {
		return tx.Get(ctx, `SELECT count(*) FROM keywords WHERE account_id = $1`, nil, n)
	}
	if err := count(&before); err != nil {
		return Imported{}, fmt.Errorf("count keywords: %w", err)
	}
	seen := make(map[string]struct{}, batchSize)
	report, err := keywordfile.Read(bytes.NewReader(body), keywordfile.Options{}, func(r keywordfile.Row) error {
		k := rowOf(r)
		if _, twice := seen[k.key]; twice {
			return nil
		}
		seen[k.key] = struct{}{}
		if b.rows = append(b.rows, k); len(b.rows) < batchSize {
			return nil
		}
		return b.write(ctx, tx)
	})
	if err == nil {
		err = b.write(ctx, tx)
	}
	if err == nil {
		err = count(&after)
	}
	if err != nil {
		return Imported{}, err
	}
	added := after - before
	if err := p.allowed(ctx, tx, added); err != nil {
		return Imported{}, err
	}
	return importedOf(report, added), nil
}

// rowOf is a row of the file as the table keeps it.
func rowOf(r keywordfile.Row) newRow {
	k := newRow{
		id: id.New[keywordKind](), phrase: r.Phrase, key: keywordfile.Key(r.Phrase), volume: r.Volume,
		cpcMicros: r.CPC, cpcCurrency: r.CPCCurrency, intent: string(r.Intent), country: r.Country,
	}
	if k.key == "" { // nothing but quotation marks: its own identity
		k.key = r.Phrase
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

func issuesOf(all []keywordfile.Issue) []FileIssue {
	out := make([]FileIssue, 0, len(all))
	for _, i := range all {
		out = append(out, FileIssue{Line: i.Line, Column: i.Column, Value: i.Value, Reason: string(i.Reason), Detail: i.Msg})
	}
	return out
}
