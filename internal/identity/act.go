package identity

import (
	"context"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/tenant"
)

// Use is an operator's use of one of his privileges, and what for.
type Use struct {
	Operator  tenant.Operator
	Privilege tenant.Privilege
	Operation string // its name, such as "admin-get-account"
}

// usedDetail is the detail of the event "privilege.used", which a use leaves
// that changed nothing: a read, or a change that had been made before.
type usedDetail struct {
	Operation string `json:"operation"`
}

const used = "privilege.used"

// Act runs fn in one transaction of an account, for an operator who has the
// privilege. The use is in the account's log, in the same transaction: as what
// the rooms wrote down, or else as "privilege.used". account.ErrNotFound when
// there is no such account.
//
// The scope names the operator and carries none of the account's own
// permissions. A system account has no members: who manages privileges has
// its permissions instead.
func (s *Service) Act(ctx context.Context, u Use, acc tenant.AccountID, fn func(context.Context, *tenant.Tx) error) error {
	scope, err := s.scopeOf(ctx, u, acc)
	if err != nil {
		return err
	}
	return s.st.Update(ctx, scope, func(ctx context.Context, tx *tenant.Tx) error {
		if err := fn(ctx, tx); err != nil || tx.Noted() {
			return err
		}
		return audit.Record(ctx, tx, used, acc.String(), usedDetail{u.Operation})
	})
}

func (s *Service) scopeOf(ctx context.Context, u Use, acc tenant.AccountID) (tenant.Scope, error) {
	if err := u.Operator.Require(u.Privilege); err != nil {
		return tenant.Scope{}, err
	}
	if acc.IsZero() {
		return tenant.Scope{}, account.ErrNotFound
	}
	var a account.Account
	err := s.st.View(ctx, tenant.Mint(acc, u.Operator.Actor(), 0), func(ctx context.Context, v *tenant.View) (err error) {
		a, err = account.Load(ctx, v)
		return err
	})
	if err != nil {
		return tenant.Scope{}, fmt.Errorf("act for: %w", err)
	}
	var may tenant.Permissions
	if a.Kind == account.System && u.Privilege == tenant.PrivilegesManage {
		may = tenant.AllPermissions
	}
	return tenant.MintStaff(acc, u.Operator, u.Privilege, may), nil
}

// ActShared is Act on what belongs to no account; the log is the operator's.
func (s *Service) ActShared(ctx context.Context, u Use, fn func(context.Context, *tenant.SharedTx) error) error {
	return s.st.UpdateFor(ctx, u.Operator, u.Privilege, func(ctx context.Context, tx *tenant.SharedTx) error {
		if err := fn(ctx, tx); err != nil || tx.Noted() {
			return err
		}
		return audit.RecordShared(ctx, tx, u.Operator.Actor(), used, u.Operation, usedDetail{u.Operation})
	})
}

// Survey runs fn on one read-only snapshot of all accounts, for an operator
// who has the privilege. The use is in the operator's log before anything is
// read.
func (s *Service) Survey(ctx context.Context, u Use, fn func(context.Context, *tenant.Survey) error) error {
	var look tenant.Look
	err := s.st.UpdateFor(ctx, u.Operator, u.Privilege, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		if err := audit.RecordShared(ctx, tx, u.Operator.Actor(), used, u.Operation, usedDetail{u.Operation}); err != nil {
			return err
		}
		look, err = tx.Look()
		return err
	})
	if err != nil {
		return err
	}
	return s.st.Survey(ctx, look, fn)
}

// OpenSystemAccount makes an account of the operator's own: it has no plan, no
// members and no limits, and may be granted privileges. It needs
// privileges.manage.
func OpenSystemAccount(ctx context.Context, tx *tenant.SharedTx, name string) (account.Account, error) {
	op := tx.Operator()
	if err := op.Require(tenant.PrivilegesManage); err != nil {
		return account.Account{}, err
	}
	bound, err := tenant.BindShared(ctx, tx, tenant.NewAccountID(), tenant.AllPermissions)
	if err != nil {
		return account.Account{}, err
	}
	a, err := account.Create(ctx, bound, account.New{Name: name, Kind: account.System, Status: account.Active})
	if err != nil {
		return account.Account{}, err
	}
	return a, audit.RecordShared(ctx, tx, op.Actor(), "system_account.created", a.ID.String(), nil)
}

// Console is the operator of who sits at the machine and runs a command on the
// data folder: nobody else stands above the one who has the secret. Only
// package app may ask for it.
func (s *Service) Console() tenant.Operator {
	return tenant.MintOperator("console", tenant.AllPrivileges())
}
