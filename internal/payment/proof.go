package payment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/jpeg" // the two kinds of picture that a proof may be
	_ "image/png"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// MaxProof is how many bytes a proof may have.
const MaxProof = 5 << 20

// maxPixels is how large a picture may say that it is. Nothing here draws it;
// who looks at it will.
const maxPixels = 50_000_000

// What a caller can be told.
var (
	ErrInvalidProof = fault.New(fault.Invalid, "proof.invalid", "A proof is a PDF, PNG or JPEG file of at most 5 MB.")
	ErrProofUsed    = fault.New(fault.Conflict, "proof.used", "This file is the proof of another payment already.")
	ErrNoProof      = fault.New(fault.NotFound, "proof.not_found", "No proof was uploaded for this payment.")
)

// Proof is a file that shows a transfer: evidence, and never money. What it is
// was found out from its content; what it was called is not kept.
type Proof struct {
	MediaType string // application/pdf, image/png or image/jpeg
	Content   []byte
}

// ParseProof looks at what a file is, whatever it is called. ErrInvalidProof
// for what is too large, of another kind, or begins like one kind and ends
// like none.
func ParseProof(b []byte) (Proof, error) {
	if len(b) > MaxProof {
		return Proof{}, ErrInvalidProof.At("body.proof", words.With("has %d bytes, more than 5 MB", len(b)), nil)
	}
	if bytes.HasPrefix(b, []byte("%PDF-")) {
		if !bytes.Contains(b[max(0, len(b)-1024):], []byte("%%EOF")) {
			return Proof{}, ErrInvalidProof.At("body.proof", "is a PDF that is cut off", nil)
		}
		for _, active := range [][]byte{[]byte("/JavaScript"), []byte("/JS"), []byte("/Launch"), []byte("/EmbeddedFile"), []byte("/OpenAction")} {
			if bytes.Contains(b, active) {
				return Proof{}, ErrInvalidProof.At("body.proof", "is a PDF that does more than show pages. Print it into a new one, or take a picture", nil)
			}
		}
		return Proof{MediaType: "application/pdf", Content: b}, nil
	}
	c, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return Proof{}, ErrInvalidProof.At("body.proof", "is neither a PDF nor a PNG nor a JPEG", nil)
	}
	if int64(c.Width)*int64(c.Height) > maxPixels {
		return Proof{}, ErrInvalidProof.At("body.proof", words.With("is a picture of %d x %d, which is too large", c.Width, c.Height), nil)
	}
	whole := bytes.HasSuffix(b, []byte("IEND\xaeB`\x82"))
	if kind == "jpeg" {
		whole = bytes.HasSuffix(b, []byte{0xff, 0xd9})
	}
	if !whole {
		return Proof{}, ErrInvalidProof.At("body.proof", "is a picture that does not end like one", nil)
	}
	return Proof{MediaType: "image/" + kind, Content: b}, nil
}

// Attach adds the proof to a reported payment that has none yet. The same file
// again changes nothing; ErrProofUsed when it is another payment's.
func Attach(ctx context.Context, tx *tenant.Tx, pid ID, f Proof) (Payment, error) {
	if _, err := lock(ctx, tx); err != nil {
		return Payment{}, err
	}
	p, err := Load(ctx, tx, pid)
	if err != nil {
		return Payment{}, err
	}
	if p.HasProof {
		had, err := ProofOf(ctx, tx, pid)
		if err == nil && !bytes.Equal(had.Content, f.Content) {
			err = ErrState.Sayf("The payment has a proof already, and it stays as it is.")
		}
		return p, err
	}
	if p.Status != PendingReview && p.Status != AwaitingApproval {
		return Payment{}, wrongState(p, "given a proof")
	}
	if err := attach(ctx, tx, pid, f); err != nil {
		return Payment{}, err
	}
	p.HasProof = true
	return p, audit.Record(ctx, tx, "payment.proof_added", p.ID.String(), map[string]string{"sha256": f.hash()})
}

func (f Proof) hash() string {
	sum := sha256.Sum256(f.Content)
	return hex.EncodeToString(sum[:])
}

func attach(ctx context.Context, tx *tenant.Tx, pid ID, f Proof) error {
	n, err := tx.Exec(ctx, `
		INSERT INTO payment_proofs (account_id, payment_id, sha256, media_type, content, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, sha256) DO NOTHING`,
		pid, f.hash(), f.MediaType, f.Content, tx.Scope().Actor().String(), clock.Micros(tx.Now()))
	if err == nil && n == 0 {
		err = ErrProofUsed
	}
	if err != nil {
		return fmt.Errorf("proof of payment %s: %w", pid, err)
	}
	return nil
}

// ProofOf reads the proof of a payment, or is ErrNoProof.
func ProofOf(ctx context.Context, r tenant.Reader, pid ID) (Proof, error) {
	var f Proof
	err := r.Get(ctx, `SELECT media_type, content FROM payment_proofs WHERE account_id = $1 AND payment_id = $2`, []any{pid}, &f.MediaType, &f.Content)
	if tenant.IsNotFound(err) {
		err = ErrNoProof
	}
	if err != nil {
		return Proof{}, fmt.Errorf("proof of payment %s: %w", pid, err)
	}
	return f, nil
}
