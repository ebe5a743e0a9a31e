package web

import (
	"context"
	"net/http"
	"strconv"

	"igny8/internal/credit"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// ledgerRow is an entry, with what it was for and who did it in words.
type ledgerRow struct {
	credit.Entry
	Subject string
	Who     words.Text
}

func (w *Web) billingLedger(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p, err := part(r.Context(), w, r, v, "Ledger", parseSeq, ledgerRows, func(e ledgerRow) string { return strconv.FormatInt(e.Seq, 10) })
	if err != nil {
		return err
	}
	p.Lead = "Everything that ever moved your credits, newest first."
	return show(r.Context(), rw, http.StatusOK, ledgerView(p))
}

// parseSeq reads where a part of the ledger ends.
func parseSeq(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && n <= 0 {
		err = errNoPart
	}
	return n, err
}

func ledgerRows(ctx context.Context, view *tenant.View, before int64, limit int) ([]ledgerRow, error) {
	entries, err := credit.Entries(ctx, view, credit.Page{Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	n, err := readNames(ctx, view)
	if err != nil {
		return nil, err
	}
	rows := make([]ledgerRow, 0, len(entries))
	for _, e := range entries {
		row := ledgerRow{Entry: e, Who: n.actor(e.Actor)}
		if row.Subject, err = n.subject(ctx, view, e); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// happened is what an entry records, in words.
func (e ledgerRow) happened() words.Text {
	switch e.Kind {
	case credit.Granted:
		return "Credits added"
	case credit.Reserved:
		return words.With("%s: held for work", operationName(e.Operation))
	case credit.Settled:
		return words.With("%s: done", operationName(e.Operation))
	case credit.Released:
		return words.With("%s: given back", operationName(e.Operation))
	case credit.Expired:
		return "Expired"
	case credit.Adjusted:
		return "Taken back"
	}
	return words.Verbatim(string(e.Kind))
}

// signed is a change, with its sign.
func signed(l ui.Locale, n credit.Credits) string {
	switch {
	case n > 0:
		return "+" + l.Number(int64(n))
	case n < 0:
		return "−" + l.Number(int64(-n))
	}
	return "–"
}
