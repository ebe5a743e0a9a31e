package identity

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/job"
)

// How long what does not count any more is kept, for who looks into what
// happened. Whoever shows it is refused before and after, in the same words.
const (
	endedKept = 30 * 24 * time.Hour // a session that has ended, with its tokens
	linkKept  = 24 * time.Hour      // a link or a challenge whose time is over
)

// part is how many of each are put away in one transaction.
const part = 500

// Chore puts away sessions that have been over for long, with their refresh
// tokens and cookies, and links and challenges whose time is over. The used
// refresh tokens of a session that goes on stay, since by them a theft is
// found out.
func (s *Service) Chore() job.Chore {
	return job.Chore{Name: "old credentials", Every: time.Hour, Do: s.putAway}
}

// over is the sessions to put away, up to an id: no other becomes one of them
// while a transaction lasts, and what another process puts away meanwhile
// brings none in.
const over = `FROM token_families WHERE (expires_at < $1 OR ended_at < $1) AND id <= $2`

func (s *Service) putAway(ctx context.Context) (more bool, err error) {
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		sessions, err := putSessionsAway(ctx, tx)
		if err != nil {
			return err
		}
		links, err := putLinksAway(ctx, tx)
		more = sessions || links
		return err
	})
	if err != nil {
		return false, fmt.Errorf("put old credentials away: %w", err)
	}
	return more, nil
}

// putSessionsAway deletes what refers to a session before it.
func putSessionsAway(ctx context.Context, tx *db.Tx) (more bool, err error) {
	before := clock.Micros(tx.Now().Add(-endedKept))
	var last string
	err = tx.Get(ctx, `
		SELECT coalesce(max(id), '') FROM (SELECT id FROM token_families WHERE expires_at < $1 OR ended_at < $1 ORDER BY id LIMIT $2) o`,
		[]any{before, part}, &last)
	if err != nil || last == "" {
		return false, err
	}
	var n int64
	for _, text := range []string{
		`DELETE FROM browser_sessions WHERE family_id IN (SELECT id ` + over + `)`,
		`DELETE FROM refresh_tokens WHERE family_id IN (SELECT id ` + over + `)`,
		`DELETE ` + over,
	} {
		if n, err = tx.Exec(ctx, text, before, last); err != nil {
			return false, err
		}
	}
	return n >= part, nil
}

func putLinksAway(ctx context.Context, tx *db.Tx) (more bool, err error) {
	before := clock.Micros(tx.Now().Add(-linkKept))
	for _, text := range []string{
		`DELETE FROM one_time_tokens WHERE hash IN (SELECT hash FROM one_time_tokens WHERE expires_at < $1 ORDER BY hash LIMIT $2)`,
		`DELETE FROM sign_in_challenges WHERE hash IN (SELECT hash FROM sign_in_challenges WHERE expires_at < $1 ORDER BY hash LIMIT $2)`,
	} {
		n, err := tx.Exec(ctx, text, before, part)
		if err != nil {
			return false, err
		}
		more = more || n >= part
	}
	return more, nil
}
