package planner

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/tenant"
)

// What is kept of the rows that an import left out.
const (
	mostRejections = 20_000              // of one file
	keepRejections = 30 * 24 * time.Hour // after the import
)

// ErrNoRejections is an import that left nothing out, or was too long ago.
var ErrNoRejections = fault.New(fault.NotFound, "import.no_rejections", "This import left no rows out, or it was more than 30 days ago.")

// rejectedFile is the rows of a file that were left out, as CSV: with the line,
// the reason and what stood there. Nothing in it is a formula to who opens it.
func rejectedFile(all []keywordfile.Issue) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write([]string{"Line", "Reason", "Column", "Value", "What is wrong"}); err != nil {
		return nil, err
	}
	for _, i := range all {
		if err := w.Write([]string{strconv.Itoa(i.Line), string(i.Reason), harmless(i.Column), harmless(i.Value), i.Msg.String()}); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// harmless is a cell that no table program takes for a formula (OWASP, CSV
// injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// keepRejected keeps the rows that an import left out.
func keepRejected(ctx context.Context, tx *tenant.Tx, jid job.ID, all []keywordfile.Issue) error {
	if len(all) == 0 {
		return nil
	}
	body, err := rejectedFile(all)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO import_rejections (account_id, job_id, body, created_at) VALUES ($1, $2, $3, $4)`, jid, body, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("keep what %s left out: %w", jid, err)
	}
	return nil
}

// Rejections is the file of the rows that an import left out. ErrNoRejections
// when there is none, job.ErrNotFound when there is no such job.
func Rejections(ctx context.Context, r tenant.Reader, jid job.ID) ([]byte, error) {
	if _, err := job.Load(ctx, r, jid); err != nil {
		return nil, err
	}
	var body []byte
	err := r.Get(ctx, `SELECT body FROM import_rejections WHERE account_id = $1 AND job_id = $2 AND created_at > $3`,
		[]any{jid, clock.Micros(r.Now().Add(-keepRejections))}, &body)
	if tenant.IsNotFound(err) {
		err = ErrNoRejections
	}
	if err != nil {
		return nil, fmt.Errorf("what %s left out: %w", jid, err)
	}
	return body, nil
}

// Round puts away what imports left out a long time ago.
func Round() job.Round {
	find := func(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
		var all []tenant.AccountID
		err := r.Each(ctx, `
			SELECT account_id FROM import_rejections WHERE created_at <= $1 UNION SELECT account_id FROM uploads WHERE waiting AND created_at <= $2 LIMIT $3`,
			[]any{clock.Micros(at.Add(-keepRejections)), clock.Micros(at.Add(-keepUploads)), limit}, func(scan tenant.Scan) error {
				var a tenant.AccountID
				err := scan(&a)
				all = append(all, a)
				return err
			})
		return all, err
	}
	return job.Round{Name: "imports", Every: time.Hour, Find: find, Do: func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM import_rejections WHERE account_id = $1 AND created_at <= $2`, clock.Micros(tx.Now().Add(-keepRejections)))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM uploads WHERE account_id = $1 AND waiting AND created_at <= $2`, clock.Micros(tx.Now().Add(-keepUploads)))
		return err
	}}
}
