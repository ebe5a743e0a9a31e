package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

// Client is what a request says of who sent it: for the person, to tell his
// sessions apart, and never a reason to let anybody in.
type Client struct {
	Agent   string // the User-Agent header
	Address string // of the network peer
}

// kept is the client as it is stored: no more than a list shows.
func (c Client) kept() Client {
	cut := func(s string, n int) string {
		s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "?")
		if len(s) > n {
			s = strings.ToValidUTF8(s[:n], "")
		}
		return s
	}
	return Client{Agent: cut(c.Agent, 300), Address: cut(c.Address, 100)}
}

// Session is a sign-in that goes on.
type Session struct {
	ID       SessionID
	Account  tenant.AccountID // zero: without one
	Client   Client           // who began it
	Created  time.Time
	LastUsed time.Time // when tokens were last given for it
	Expires  time.Time
}

// ParseSessionID reads a session's id.
func ParseSessionID(s string) (SessionID, error) { return id.Parse[sessionKind](s) }

// Sessions lists the sessions of a person that go on, newest first.
func (s *Service) Sessions(ctx context.Context, u UserID) ([]Session, error) {
	var all []Session
	err := s.d.View(ctx, func(ctx context.Context, v *db.View) error {
		now := clock.Micros(v.Now())
		return v.Each(ctx, `
			SELECT id, account_id, user_agent, address, created_at, coalesce(last_used_at, created_at), expires_at FROM token_families
			WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND coalesce(last_used_at, created_at) > $3 ORDER BY id DESC`,
			[]any{u, now, now - refreshLife.Microseconds()}, func(scan db.Scan) error {
				var f Session
				var created, used, expires int64
				err := scan(&f.ID, &f.Account, &f.Client.Agent, &f.Client.Address, &created, &used, &expires)
				f.Created, f.LastUsed, f.Expires = clock.FromMicros(created), clock.FromMicros(used), clock.FromMicros(expires)
				all = append(all, f)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("sessions of %s: %w", u, err)
	}
	return all, nil
}

// RevokeSession ends one of a person's sessions, from its next request on.
// ErrSessionNotFound when it is not his, or has ended.
func (s *Service) RevokeSession(ctx context.Context, u UserID, sid SessionID) error {
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE token_families SET ended_at = $3, end_reason = 'revoked' WHERE id = $1 AND user_id = $2 AND ended_at IS NULL`,
			sid, u, clock.Micros(tx.Now()))
		if err == nil && n == 0 {
			err = ErrSessionNotFound
		}
		if err != nil {
			return fmt.Errorf("revoke %s: %w", sid, err)
		}
		f, err := readSession(ctx, tx, sid)
		if err != nil {
			return err
		}
		return recordFor(ctx, tx, f, "session.revoked")
	})
}

// RevokeOtherSessions ends every session of a person but the one that asks.
func (s *Service) RevokeOtherSessions(ctx context.Context, c Caller) error {
	return s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Who is signing in at this moment has committed or waits.
		if _, _, err := lockUser(ctx, tx, c.User); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE token_families SET ended_at = $3, end_reason = 'revoked' WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL`,
			c.User, c.Session, clock.Micros(tx.Now()))
		if err != nil {
			return fmt.Errorf("revoke the other sessions of %s: %w", c.User, err)
		}
		if n == 0 {
			return nil
		}
		detail := struct {
			Sessions int64 `json:"sessions"`
		}{n}
		return recordPerson(ctx, tx, c.User, "session.others_revoked", detail)
	})
}
