package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

func (a *API) adminRoutes() {
	survey(a, route{method: http.MethodGet, path: "/admin/accounts", id: "admin-list-accounts", tag: "admin", summary: "All accounts"}, tenant.AccountsRead, adminAccounts)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}", id: "admin-get-account", tag: "admin", summary: "One account, its subscription and credits"},
		tenant.AccountsRead, adminAccount)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/suspend", id: "admin-suspend-account", tag: "admin",
		summary: "Withdraw all access of an account from its next request on"}, tenant.AccountsSuspend, suspend)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/reactivate", id: "admin-reactivate-account", tag: "admin", summary: "Lift a suspension"},
		tenant.AccountsSuspend, reactivate)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/credits", id: "admin-adjust-credits", tag: "admin", needsKey: true,
		summary: "Give an account credits, or take available ones"}, tenant.CreditsAdjust, adjustCredits)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/audit", id: "admin-account-audit", tag: "admin", summary: "Who did what in an account, newest first"},
		tenant.AuditRead, accountAudit)
	survey(a, route{method: http.MethodGet, path: "/admin/audit", id: "admin-search-audit", tag: "admin", summary: "Who did what, in all accounts and in none, newest first"},
		tenant.AuditRead, searchAudit)
	survey(a, route{method: http.MethodGet, path: "/admin/letters", id: "admin-list-letters", tag: "admin", summary: "Which letters went to whom, newest first; not what they say"},
		tenant.AuditRead, adminLetters)
	a.companyRoutes()
	a.flagRoutes()
	a.adminPlanRoutes()
	a.failureRoutes()
	a.promptRoutes()
	a.privilegeRoutes()
	a.bankRoutes()
}

func adminAccounts(ctx context.Context, s *tenant.Survey, in *Window) (*reply[page[accountView]], error) {
	after, err := cursorOf(tenant.ParseAccountID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := account.Page(ctx, s, after.String(), in.Limit+1)
	return part(all, in.Limit, showAccount, func(acc account.Account) string { return acc.ID.String() }), err
}

type accountDetailView struct {
	accountView
	Subscription *subscriptionView `json:"subscription"`
	Credits      creditsView       `json:"credits"`
	Deletion     *adminDeletion    `json:"deletion" doc:"Null: none is ordered."`
}

type adminDeletion struct {
	deletionView
	Begun  *time.Time `json:"begun_at" doc:"Since when the account is shut. Null: it can still be kept."`
	Erased *time.Time `json:"erased_at" doc:"Since when nothing is left but what has to be kept."`
}

func adminAccount(ctx context.Context, tx *tenant.Tx, _ *IDInput) (*reply[accountDetailView], error) {
	acc, err := account.Load(ctx, tx)
	if err != nil {
		return nil, err
	}
	out := accountDetailView{accountView: showAccount(acc)}
	if acc.Kind == account.Tenant {
		sub, err := subscription.Current(ctx, tx)
		if err != nil {
			return nil, err
		}
		out.Subscription = ptr(showSubscription(sub))
	}
	d, found, err := account.DeletionOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if found {
		out.Deletion = &adminDeletion{deletionView: showDeletion(d), Begun: moment(d.Begun), Erased: moment(d.Erased)}
	}
	out.Credits, err = creditsOf(ctx, tx)
	return &reply[accountDetailView]{Body: out}, err
}

type reasonInput struct {
	IDInput
	Body struct {
		Reason string `json:"reason" maxLength:"2000" doc:"For the audit log."`
	}
}

func suspend(ctx context.Context, tx *tenant.Tx, in *reasonInput) (*reply[accountView], error) {
	acc, err := account.Suspend(ctx, tx, in.Body.Reason)
	return &reply[accountView]{Body: showAccount(acc)}, err
}

func reactivate(ctx context.Context, tx *tenant.Tx, in *reasonInput) (*reply[accountView], error) {
	acc, err := account.Reactivate(ctx, tx, in.Body.Reason)
	return &reply[accountView]{Body: showAccount(acc)}, err
}

type adjustInput struct {
	IDInput
	Body struct {
		Amount int64  `json:"amount" doc:"Above zero: credits that are given. Below: available credits that are taken."`
		Reason string `json:"reason" maxLength:"2000" doc:"For the audit log."`
	}
}

type adjustedView struct {
	ID      string      `json:"id" doc:"The reference of its entries in the ledger."`
	Amount  int64       `json:"amount"`
	Reason  string      `json:"reason"`
	Credits creditsView `json:"credits" doc:"What the account has after it."`
}

func adjustCredits(ctx context.Context, tx *tenant.Tx, in *adjustInput) (*reply[adjustedView], error) {
	c, err := credit.Adjust(ctx, tx, credit.Credits(in.Body.Amount), in.Body.Reason)
	if err != nil {
		return nil, err
	}
	v := adjustedView{ID: c.ID.String(), Amount: int64(c.Amount), Reason: c.Reason}
	v.Credits, err = creditsOf(ctx, tx)
	return &reply[adjustedView]{Body: v}, err
}
