package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type invitationKind struct{}

func (invitationKind) Prefix() string { return "invt" }

// InvitationID names an invitation.
type InvitationID = id.ID[invitationKind]

// ParseInvitationID reads an invitation's id.
func ParseInvitationID(s string) (InvitationID, error) { return id.Parse[invitationKind](s) }

const (
	// InvitationLife is how long an invitation is good.
	InvitationLife = 7 * 24 * time.Hour
	// invitationEvery keeps one address from being written to more often,
	// whoever of the account invites it.
	invitationEvery = time.Minute
)

// Invitation is a place in an account that waits for somebody. It is open
// until it is accepted, revoked or replaced by a newer one to the same address;
// once it has expired nobody can accept it, and it takes no seat.
type Invitation struct {
	ID        InvitationID
	Email     string
	Role      Role
	InvitedBy string // see tenant.Actor
	Created   time.Time
	Sent      time.Time // the newest letter
	Expires   time.Time
}

// NewInvitation says who is invited. Package identity has read the address,
// made the secret of the letter, and gives its hash.
type NewInvitation struct {
	Email, EmailKey string
	Role            Role
	Hash            string
}

// Limit is what the plan says about having so many more than there are.
type Limit func(ctx context.Context, r tenant.Reader, have, more int64) error

const invitationColumns = `id, email, role, invited_by, created_at, sent_at, expires_at`

func readInvitation(scan tenant.Scan) (Invitation, error) {
	var i Invitation
	var created, sent, expires int64
	err := scan(&i.ID, &i.Email, &i.Role, &i.InvitedBy, &created, &sent, &expires)
	i.Created, i.Sent, i.Expires = clock.FromMicros(created), clock.FromMicros(sent), clock.FromMicros(expires)
	return i, err
}

// oneInvitation reads the row of a query or of a RETURNING, or is
// ErrNotInvited.
func oneInvitation(ctx context.Context, r tenant.Reader, query string, args ...any) (Invitation, error) {
	i, err := readInvitation(func(dest ...any) error { return r.Get(ctx, query, args, dest...) })
	if tenant.IsNotFound(err) {
		err = ErrNotInvited
	}
	return i, err
}

// Invite keeps a place for an address, in place of an earlier invitation of
// it. Members and open invitations together are counted against the plan, so
// that nobody is invited for whom there is no seat. tenant.ErrForbidden where
// the role is above who acts; ErrInvitedJustNow when the address was written to
// less than a minute ago.
func Invite(ctx context.Context, tx *tenant.Tx, n NewInvitation, allow Limit) (Invitation, error) {
	if _, err := ParseRole(string(n.Role)); err != nil {
		return Invitation{}, err
	}
	if err := above(tx, n.Role); err != nil {
		return Invitation{}, err
	}
	if err := Lock(ctx, tx); err != nil { // two at once would both count the same
		return Invitation{}, err
	}
	var last *int64
	err := tx.Get(ctx, `SELECT max(sent_at) FROM invitations WHERE account_id = $1 AND email_key = $2`, []any{n.EmailKey}, &last)
	if err != nil {
		return Invitation{}, fmt.Errorf("earlier invitations: %w", err)
	}
	if tx.Now().Sub(clock.FromNull(last)) < invitationEvery {
		return Invitation{}, ErrInvitedJustNow
	}
	if err := endEarlier(ctx, tx, n.EmailKey); err != nil {
		return Invitation{}, err
	}
	if err := seat(ctx, tx, InvitationID{}, allow); err != nil {
		return Invitation{}, err
	}
	i := Invitation{
		ID: id.New[invitationKind](), Email: n.Email, Role: n.Role, InvitedBy: tx.Scope().Actor().String(),
		Created: tx.Now(), Sent: tx.Now(), Expires: tx.Now().Add(InvitationLife),
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO invitations (account_id, id, email, email_key, role, hash, invited_by, created_at, sent_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`,
		i.ID, i.Email, n.EmailKey, string(i.Role), n.Hash, i.InvitedBy, clock.Micros(i.Created), clock.Micros(i.Expires))
	if err != nil {
		return Invitation{}, fmt.Errorf("invite %s: %w", i.ID, err)
	}
	return i, recordInvitation(ctx, tx, "invitation.created", i)
}

type invitationDetail struct {
	Email string `json:"email"`
	Role  Role   `json:"role"`
}

func recordInvitation(ctx context.Context, tx *tenant.Tx, action string, i Invitation) error {
	return audit.Record(ctx, tx, action, i.ID.String(), invitationDetail{i.Email, i.Role})
}

// endEarlier ends an invitation of the address, which a newer one replaces.
// What is above who acts stays.
func endEarlier(ctx context.Context, tx *tenant.Tx, key string) error {
	i, err := oneInvitation(ctx, tx, `
		UPDATE invitations SET ended_at = $3, end_reason = 'replaced' WHERE account_id = $1 AND email_key = $2 AND ended_at IS NULL
		RETURNING `+invitationColumns, key, clock.Micros(tx.Now()))
	if errors.Is(err, ErrNotInvited) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end an earlier invitation: %w", err)
	}
	if err := above(tx, i.Role); err != nil {
		return err
	}
	return recordInvitation(ctx, tx, "invitation.replaced", i)
}

// seat asks the plan for one more than there are members and open invitations,
// but the one given. The caller holds the account.
func seat(ctx context.Context, tx *tenant.Tx, but InvitationID, allow Limit) error {
	var members, open int64
	err := tx.Get(ctx, `
		SELECT (SELECT count(*) FROM members WHERE account_id = $1),
			(SELECT count(*) FROM invitations WHERE account_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id <> $3)`,
		[]any{clock.Micros(tx.Now()), but.String()}, &members, &open) // the text of the zero id is empty, its value is NULL
	if err != nil {
		return fmt.Errorf("count seats: %w", err)
	}
	return allow(ctx, tx, members+open, 1)
}

// Renew gives an invitation another secret and its whole time again: the link
// of the earlier letter opens nothing any more. It is refused as Invite is, and
// ErrNotInvited.
func Renew(ctx context.Context, tx *tenant.Tx, iid InvitationID, hash string, allow Limit) (Invitation, error) {
	i, err := lockInvitation(ctx, tx, iid)
	if err != nil {
		return Invitation{}, err
	}
	if tx.Now().Sub(i.Sent) < invitationEvery {
		return Invitation{}, ErrInvitedJustNow
	}
	if err := seat(ctx, tx, iid, allow); err != nil {
		return Invitation{}, err
	}
	i.Sent, i.Expires = tx.Now(), tx.Now().Add(InvitationLife)
	_, err = tx.Exec(ctx, `UPDATE invitations SET hash = $3, sent_at = $4, expires_at = $5 WHERE account_id = $1 AND id = $2`,
		iid, hash, clock.Micros(i.Sent), clock.Micros(i.Expires))
	if err != nil {
		return Invitation{}, fmt.Errorf("renew %s: %w", iid, err)
	}
	return i, recordInvitation(ctx, tx, "invitation.sent_again", i)
}

// RevokeInvitation ends an invitation, whose link opens nothing from then on.
// ErrNotInvited; tenant.ErrForbidden where its role is above who acts.
func RevokeInvitation(ctx context.Context, tx *tenant.Tx, iid InvitationID) error {
	i, err := lockInvitation(ctx, tx, iid)
	if err != nil {
		return err
	}
	if err := endInvitation(ctx, tx, iid, "revoked"); err != nil {
		return err
	}
	return recordInvitation(ctx, tx, "invitation.revoked", i)
}

// lockInvitation reads an open invitation, expired or not, that who acts may
// change, and holds the account.
func lockInvitation(ctx context.Context, tx *tenant.Tx, iid InvitationID) (Invitation, error) {
	if err := Lock(ctx, tx); err != nil {
		return Invitation{}, err
	}
	i, err := oneInvitation(ctx, tx, `SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND id = $2 AND ended_at IS NULL`, iid)
	if err == nil {
		err = above(tx, i.Role)
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("invitation %s: %w", iid, err)
	}
	return i, nil
}

func endInvitation(ctx context.Context, tx *tenant.Tx, iid InvitationID, reason string) error {
	_, err := tx.Exec(ctx, `UPDATE invitations SET ended_at = $3, end_reason = $4 WHERE account_id = $1 AND id = $2 AND ended_at IS NULL`,
		iid, clock.Micros(tx.Now()), reason)
	if err != nil {
		return fmt.Errorf("end invitation %s: %w", iid, err)
	}
	return nil
}

// Invitations lists the open invitations, those that have expired as well, in
// the order in which they were made, from the one after on, at most limit.
func Invitations(ctx context.Context, r tenant.Reader, after InvitationID, limit int) ([]Invitation, error) {
	var all []Invitation
	err := r.Each(ctx, `
		SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND ended_at IS NULL AND id > $2 ORDER BY id LIMIT $3`,
		[]any{after.String(), limit}, func(scan tenant.Scan) error {
			i, err := readInvitation(scan)
			all = append(all, i)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	return all, nil
}

// Address is an e-mail address as it was typed, and the key by which it is
// known whose it is.
type Address struct{ Email, Key string }

// Invited is the addresses that were ever invited.
func Invited(ctx context.Context, r tenant.Reader) ([]Address, error) {
	var all []Address
	err := r.Each(ctx, `SELECT DISTINCT email, email_key FROM invitations WHERE account_id = $1 ORDER BY email_key, email`, nil, func(scan tenant.Scan) error {
		var a Address
		err := scan(&a.Email, &a.Key)
		all = append(all, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("who was invited: %w", err)
	}
	return all, nil
}

// InvitationOf is the invitation that a secret with this hash opens now, or
// ErrNotInvited.
func InvitationOf(ctx context.Context, r tenant.Reader, hash string) (Invitation, error) {
	return oneInvitation(ctx, r, `
		SELECT `+invitationColumns+` FROM invitations WHERE account_id = $1 AND hash = $2 AND ended_at IS NULL AND expires_at > $3`,
		hash, clock.Micros(r.Now()))
}

// Accept uses an invitation up: who acts is a member from then on, if the plan
// has a seat for him now. Of several who accept at once each is counted, one
// after the other. ErrNotInvited; ErrMember.
func Accept(ctx context.Context, tx *tenant.Tx, u UserID, hash string, allow Limit) (Invitation, error) {
	if err := Lock(ctx, tx); err != nil {
		return Invitation{}, err
	}
	i, err := InvitationOf(ctx, tx, hash)
	if err != nil {
		return Invitation{}, fmt.Errorf("accept: %w", err)
	}
	var members int64
	if err := tx.Get(ctx, `SELECT count(*) FROM members WHERE account_id = $1`, nil, &members); err != nil {
		return Invitation{}, fmt.Errorf("count members: %w", err)
	}
	if err := allow(ctx, tx, members, 1); err != nil {
		return Invitation{}, err
	}
	if err := endInvitation(ctx, tx, i.ID, "accepted"); err != nil {
		return Invitation{}, err
	}
	if err := recordInvitation(ctx, tx, "invitation.accepted", i); err != nil {
		return Invitation{}, err
	}
	return i, AddMember(ctx, tx, u, i.Role)
}
