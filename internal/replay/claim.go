package replay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
)

// Lease is how long a claimed request may run. After it, who claimed it is
// taken to be gone, and a repeat begins it again.
const Lease = time.Minute

// Claim is the right to answer a request whose effect is not in one
// transaction with its answer: signing in, where what a crash between the two
// leaves behind is a session that nobody knows of. The zero Claim keeps
// nothing.
type Claim struct {
	token string
	r     Request
}

// Claim gives the first answer to a request, or else the right to make it.
// ErrInProgress while somebody else has that. Without a key there is nothing to
// claim.
func (l *Log) Claim(ctx context.Context, r Request) (answer []byte, answered bool, c Claim, err error) {
	if r.Key.IsZero() {
		return nil, false, Claim{}, nil
	}
	err = l.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		c = Claim{token: rand.Text(), r: r}
		answer, answered, err = l.claim(ctx, tx, c)
		return err
	})
	if err != nil || answered {
		return answer, answered, Claim{}, err
	}
	return nil, false, c, nil
}

func (l *Log) claim(ctx context.Context, tx *db.Tx, c Claim) ([]byte, bool, error) {
	owner, key, route, body := l.row(c.r)
	until := clock.Micros(tx.Now().Add(Lease))
	n, err := tx.Exec(ctx, `
		INSERT INTO replay_answers (owner, key_hash, route, body_hash, created_at, claim, claimed_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`, owner, key, route, body, clock.Micros(tx.Now()), c.token, until)
	if err != nil {
		return nil, false, fmt.Errorf("claim an idempotency key: %w", err)
	}
	if n == 1 {
		return nil, false, nil
	}
	had, err := l.find(ctx, tx, c.r)
	if errors.Is(err, db.ErrNotFound) { // dropped since the insert, which is over: ask again
		return nil, false, ErrInProgress
	}
	if err != nil {
		return nil, false, err
	}
	if had.sealed != nil {
		answer, err := l.unseal(c.r, had)
		return answer, err == nil, err
	}
	if had.until > clock.Micros(tx.Now()) {
		return nil, false, ErrInProgress
	}
	n, err = tx.Exec(ctx, `
		UPDATE replay_answers SET claim = $4, claimed_until = $5
		WHERE owner = $1 AND key_hash = $2 AND claim = $3 AND answer IS NULL`, owner, key, had.claim, c.token, until)
	if err != nil {
		return nil, false, fmt.Errorf("claim an idempotency key: %w", err)
	}
	if n == 0 {
		return nil, false, ErrInProgress
	}
	return nil, false, nil
}

// Keep writes down the answer to a claimed request. Whoever has lost the claim
// keeps nothing.
func (l *Log) Keep(ctx context.Context, c Claim, answer []byte) error {
	if c.token == "" {
		return nil
	}
	owner, key, _, _ := l.row(c.r)
	return l.end(ctx, `UPDATE replay_answers SET answer = $4 WHERE owner = $1 AND key_hash = $2 AND claim = $3 AND answer IS NULL`,
		owner, key, c.token, l.seal.Close(answer, owner+key))
}

// Drop ends a claim without an answer: the request failed, and can be sent
// again.
func (l *Log) Drop(ctx context.Context, c Claim) error {
	if c.token == "" {
		return nil
	}
	owner, key, _, _ := l.row(c.r)
	return l.end(ctx, `DELETE FROM replay_answers WHERE owner = $1 AND key_hash = $2 AND claim = $3 AND answer IS NULL`, owner, key, c.token)
}

func (l *Log) end(ctx context.Context, statement string, args ...any) error {
	return l.db.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, statement, args...); err != nil {
			return fmt.Errorf("end a claim: %w", err)
		}
		return nil
	})
}
