package payment

import (
	"context"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/seal"
	"igny8/internal/tenant"
)

// People is who is told of what happens to money, on both sides, in the
// transaction in which it happens.
type People interface {
	// TellOwners writes to those who answer for the account of tx.
	TellOwners(ctx context.Context, tx *tenant.Tx, m mail.Message) error
	// TellStaff writes to the operator's people who have a privilege.
	TellStaff(ctx context.Context, tx *tenant.Tx, p tenant.Privilege, m mail.Message) error
}

// Desk is where orders are taken and money is received.
type Desk struct {
	people People

	// Of Connect; without it money comes by bank transfer only.
	st      *tenant.Store
	jobs    *job.Queue
	box     seal.Box
	home    string
	clock   clock.Clock
	vendors map[account.PaymentMethod]company
}

// NewDesk makes a Desk.
func NewDesk(p People) *Desk { return &Desk{people: p} }
