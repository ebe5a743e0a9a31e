package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"igny8/internal/invoice"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

// sendFile answers with a file of an account, which nobody keeps. An empty name
// is a picture of ours within a page; with one it is saved, never shown:
// somebody else may have made it.
func sendFile(rw http.ResponseWriter, mediaType, name string, content []byte) error {
	h := rw.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(content)))
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	_, err := rw.Write(content)
	return err
}

// namedInvoice is the invoice of the address, or invoice.ErrNotFound.
func namedInvoice(ctx context.Context, r *http.Request, view tenant.Reader) (invoice.Invoice, error) {
	iid, err := invoice.ParseID(r.PathValue("id"))
	if err != nil {
		return invoice.Invoice{}, invoice.ErrNotFound
	}
	return invoice.Load(ctx, view, iid)
}

func (w *Web) invoicePaper(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.paper(rw, r, v, func(ctx context.Context, view *tenant.View) (invoice.Document, error) {
		i, err := namedInvoice(ctx, r, view)
		if err != nil {
			return invoice.Document{}, err
		}
		return invoice.DocumentOf(ctx, view, i)
	})
}

func (w *Web) creditNotePaper(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.paper(rw, r, v, func(ctx context.Context, view *tenant.View) (invoice.Document, error) {
		cid, err := invoice.ParseCreditID(r.PathValue("id"))
		if err != nil {
			return invoice.Document{}, invoice.ErrCreditNotFound
		}
		c, err := invoice.LoadCredit(ctx, view, cid)
		if err != nil {
			return invoice.Document{}, err
		}
		return invoice.CreditDocumentOf(ctx, view, c)
	})
}

// paper draws a document when the transaction that read it is over.
func (w *Web) paper(rw http.ResponseWriter, r *http.Request, v *visit, read func(context.Context, *tenant.View) (invoice.Document, error)) error {
	var d invoice.Document
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) (err error) {
		d, err = read(ctx, view)
		return err
	})
	if err != nil {
		return err
	}
	content, err := invoice.Paper(d)
	if err != nil {
		return err
	}
	return sendFile(rw, "application/pdf", strings.ToLower(d.Number)+".pdf", content)
}

func (w *Web) invoiceCode(rw http.ResponseWriter, r *http.Request, v *visit) error {
	var code string
	err := w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		i, err := namedInvoice(ctx, r, view)
		if err != nil {
			return err
		}
		code, err = invoice.CodeOf(ctx, view, i)
		return err
	})
	if err != nil {
		return err
	}
	content, err := invoice.QR(code)
	if err != nil {
		return err
	}
	return sendFile(rw, "image/png", "", content)
}

// proofEndings are those of the kinds of file that a proof may be.
var proofEndings = map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg"}

func (w *Web) paymentProof(rw http.ResponseWriter, r *http.Request, v *visit) error {
	pid, err := payment.ParseID(r.PathValue("id"))
	if err != nil {
		return payment.ErrNotFound
	}
	var f payment.Proof
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		if _, err := payment.Load(ctx, view, pid); err != nil {
			return err
		}
		f, err = payment.ProofOf(ctx, view, pid)
		return err
	})
	if err != nil {
		return err
	}
	return sendFile(rw, f.MediaType, pid.String()+proofEndings[f.MediaType], f.Content)
}
