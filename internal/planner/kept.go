package planner

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// ErrUploadNotFound is a file that is not kept, or not any more.
var ErrUploadNotFound = fault.New(fault.NotFound, "import.upload_not_found", "This file is not kept any more. Choose it again.")

// keepUploads is how long a file waits to be ordered.
const keepUploads = 24 * time.Hour

// ParseUploadID reads an upload's id.
func ParseUploadID(s string) (UploadID, error) { return id.Parse[uploadKind](s) }

// Keep keeps a file until somebody has looked at what would be read from it, and
// orders its import, a day at most. A file of which nothing can be read is
// refused, and nothing is kept of it.
func (p *Planner) Keep(ctx context.Context, tx *tenant.Tx, name string, body []byte) (UploadID, error) {
	_, err := keywordfile.ReadFile(body, keywordfile.Options{}, func(keywordfile.Row) error { return ctx.Err() })
	if err != nil {
		return UploadID{}, fmt.Errorf("read %q: %w", name, err)
	}
	uid := id.New[uploadKind]()
	_, err = tx.Exec(ctx, `INSERT INTO uploads (account_id, id, name, body, waiting, created_at) VALUES ($1, $2, $3, $4, TRUE, $5)`,
		uid, fileName(name), body, clock.Micros(tx.Now()))
	if err != nil {
		return UploadID{}, fmt.Errorf("keep upload %q: %w", name, err)
	}
	return uid, nil
}

// Kept is a file that was kept, to be previewed or imported.
func Kept(ctx context.Context, r tenant.Reader, uid UploadID) (Upload, error) {
	var u Upload
	err := r.Get(ctx, `SELECT name, body FROM uploads WHERE account_id = $1 AND id = $2 AND waiting`, []any{uid}, &u.Name, &u.Body)
	if tenant.IsNotFound(err) {
		err = ErrUploadNotFound
	}
	if err != nil {
		return Upload{}, fmt.Errorf("upload %s: %w", uid, err)
	}
	return u, nil
}

// ImportKept orders the import of a file that was kept, into a site and sector
// and with the columns that somebody has said. It is ErrUploadNotFound when it
// was ordered before.
func (p *Planner) ImportKept(ctx context.Context, tx *tenant.Tx, uid UploadID, sid site.ID, sec site.SectorID, columns Columns) (job.ID, error) {
	u, err := Kept(ctx, tx, uid)
	if err != nil {
		return job.ID{}, err
	}
	u.Site, u.Sector, u.Columns = sid, sec, columns
	a, err := u.args(ctx, tx, uid)
	if err != nil {
		return job.ID{}, err
	}
	n, err := tx.Exec(ctx, `UPDATE uploads SET waiting = FALSE WHERE account_id = $1 AND id = $2 AND waiting`, uid)
	if err == nil && n == 0 {
		err = ErrUploadNotFound
	}
	if err != nil {
		return job.ID{}, fmt.Errorf("order the import of %s: %w", uid, err)
	}
	return p.queue.Enqueue(ctx, tx, a, job.Order{Total: a.Rows, Message: "Waiting to import"})
}

// args is what the job that imports a file is told. A file that cannot be read
// is refused, with its line.
func (u Upload) args(ctx context.Context, r tenant.Reader, uid UploadID) (ImportArgs, error) {
	sec, err := site.FindSector(ctx, r, u.Site, u.Sector)
	if err != nil {
		return ImportArgs{}, err
	}
	meant, err := u.Columns.parse()
	if err != nil {
		return ImportArgs{}, err
	}
	report, err := keywordfile.ReadFile(u.Body, keywordfile.Options{Columns: meant}, func(keywordfile.Row) error { return ctx.Err() })
	if err != nil {
		return ImportArgs{}, fmt.Errorf("read %q: %w", u.Name, err)
	}
	return ImportArgs{Upload: uid, Site: u.Site, Sector: sec, Columns: meant, Rows: int64(report.Rows + report.RejectedCount)}, nil
}
