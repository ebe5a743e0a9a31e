package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/invoice"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func (a *API) adminRoutes() {
	staff(a, route{method: http.MethodGet, path: "/admin/accounts", id: "admin-list-accounts", tag: "admin", summary: "All accounts"}, tenant.AccountsRead, a.adminAccounts)
	staff(a, route{method: http.MethodGet, path: "/admin/accounts/{id}", id: "admin-get-account", tag: "admin", summary: "One account, its subscription and credits"},
		tenant.AccountsRead, a.adminAccount)
	staff(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/suspend", id: "admin-suspend-account", tag: "admin",
		summary: "Withdraw all access of an account from its next request on"}, tenant.AccountsSuspend, a.suspend)
	staff(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/reactivate", id: "admin-reactivate-account", tag: "admin", summary: "Lift a suspension"},
		tenant.AccountsSuspend, a.reactivate)
	staff(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/audit", id: "admin-account-audit", tag: "admin", summary: "Who did what in an account, newest first"},
		tenant.AuditRead, a.accountAudit)
	staff(a, route{method: http.MethodGet, path: "/admin/letters", id: "admin-list-letters", tag: "admin", summary: "Which letters went to whom, newest first; not what they say"},
		tenant.AuditRead, a.adminLetters)
	staff(a, route{method: http.MethodGet, path: "/admin/bank-accounts", id: "admin-list-bank-accounts", tag: "admin", summary: "Where tenants send money"},
		tenant.PlansManage, a.listBanks)
	staff(a, route{method: http.MethodPut, path: "/admin/bank-accounts/{currency}", id: "admin-set-bank-account", tag: "admin",
		summary: "Say where tenants send money in a currency"}, tenant.PlansManage, a.setBank)
}

func (a *API) adminAccounts(ctx context.Context, op tenant.Operator, in *Window) (*reply[page[accountView]], error) {
	after, err := cursorOf(tenant.ParseAccountID, in.Cursor)
	if err != nil {
		return nil, err
	}
	var all []account.Account
	err = a.st.Survey(ctx, op, tenant.AccountsRead, func(ctx context.Context, s *tenant.Survey) (err error) {
		all, err = account.Page(ctx, s, after.String(), in.Limit+1)
		return err
	})
	return part(all, in.Limit, showAccount, func(acc account.Account) string { return acc.ID.String() }), err
}

type accountDetailView struct {
	accountView
	Subscription *subscriptionView `json:"subscription"`
	Credits      creditsView       `json:"credits"`
}

func (a *API) adminAccount(ctx context.Context, op tenant.Operator, in *IDInput) (*reply[accountDetailView], error) {
	s, err := a.scopeFor(ctx, op, tenant.AccountsRead, in.ID)
	if err != nil {
		return nil, err
	}
	var out accountDetailView
	err = a.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		acc, err := account.Load(ctx, v)
		if err != nil {
			return err
		}
		out.accountView = showAccount(acc)
		if acc.Kind == account.Tenant {
			sub, err := subscription.Current(ctx, v)
			if err != nil {
				return err
			}
			out.Subscription = ptr(showSubscription(sub))
		}
		out.Credits, err = creditsOf(ctx, v)
		return err
	})
	return &reply[accountDetailView]{Body: out}, err
}

// scopeFor lets an operator work on the account that a path names.
func (a *API) scopeFor(ctx context.Context, op tenant.Operator, p tenant.Privilege, id string) (tenant.Scope, error) {
	acc, err := named(tenant.ParseAccountID, id, account.ErrNotFound)
	if err != nil {
		return tenant.Scope{}, err
	}
	return a.identity.ActFor(ctx, op, p, acc)
}

type reasonInput struct {
	IDInput
	Body struct {
		Reason string `json:"reason" maxLength:"2000" doc:"For the audit log."`
	}
}

func (a *API) suspend(ctx context.Context, op tenant.Operator, in *reasonInput) (*reply[accountView], error) {
	return a.toggle(ctx, op, in, account.Suspend)
}

func (a *API) reactivate(ctx context.Context, op tenant.Operator, in *reasonInput) (*reply[accountView], error) {
	return a.toggle(ctx, op, in, account.Reactivate)
}

func (a *API) toggle(ctx context.Context, op tenant.Operator, in *reasonInput,
	do func(context.Context, *tenant.Tx, string) (account.Account, error),
) (*reply[accountView], error) {
	s, err := a.scopeFor(ctx, op, tenant.AccountsSuspend, in.ID)
	if err != nil {
		return nil, err
	}
	var acc account.Account
	err = a.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		acc, err = do(ctx, tx, in.Body.Reason)
		return err
	})
	return &reply[accountView]{Body: showAccount(acc)}, err
}

type eventView struct {
	ID      string          `json:"id"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Detail  json.RawMessage `json:"detail"`
	At      time.Time       `json:"created_at"`
}

type auditInput struct {
	IDInput
	Limit int `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

func (a *API) accountAudit(ctx context.Context, op tenant.Operator, in *auditInput) (*reply[page[eventView]], error) {
	s, err := a.scopeFor(ctx, op, tenant.AuditRead, in.ID)
	if err != nil {
		return nil, err
	}
	var events []audit.Event
	err = a.st.View(ctx, s, func(ctx context.Context, v *tenant.View) (err error) {
		events, err = audit.Of(ctx, v, in.Limit)
		return err
	})
	return list(events, func(e audit.Event) eventView {
		return eventView{ID: e.ID.String(), Actor: e.Actor, Action: e.Action, Subject: e.Subject, Detail: e.Detail, At: e.At}
	}), err
}

func (a *API) listBanks(ctx context.Context, _ tenant.Operator, _ *struct{}) (*reply[page[bankView]], error) {
	var all []invoice.BankAccount
	err := a.st.ViewShared(ctx, func(ctx context.Context, r tenant.Shared) (err error) {
		all, err = invoice.BankAccounts(ctx, r)
		return err
	})
	return list(all, showBank), err
}

type bankInput struct {
	Currency string `path:"currency" maxLength:"3"`
	Body     struct {
		Holder       string `json:"holder" maxLength:"400"`
		IBAN         string `json:"iban" maxLength:"60"`
		BIC          string `json:"bic,omitempty" maxLength:"20"`
		BankName     string `json:"bank_name" maxLength:"400"`
		Instructions string `json:"instructions,omitempty" maxLength:"2000" doc:"What else the payer should know."`
	}
}

func (a *API) setBank(ctx context.Context, op tenant.Operator, in *bankInput) (*reply[bankView], error) {
	var b invoice.BankAccount
	err := a.st.UpdateShared(ctx, func(ctx context.Context, tx *tenant.SharedTx) (err error) {
		b, err = invoice.SetBankAccount(ctx, tx, op, invoice.BankAccount{
			Currency: in.Currency, Holder: in.Body.Holder, IBAN: in.Body.IBAN, BIC: in.Body.BIC, BankName: in.Body.BankName, Instructions: in.Body.Instructions,
		})
		return err
	})
	return &reply[bankView]{Body: showBank(b)}, err
}
