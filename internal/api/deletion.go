package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/erasure"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func (a *API) deletionRoutes() {
	read(a, route{method: http.MethodGet, path: "/account/deletion", id: "get-account-deletion", tag: "account",
		summary: "When the account will be deleted, and what is lost"}, identity.TenantEvenIfUnpaid(tenant.ReadContent), getDeletion)
	mount(a, route{method: http.MethodPost, path: "/account/deletion", id: "delete-account", tag: "account", status: http.StatusAccepted,
		summary: "Have the account deleted, for good, when thirty days have passed"}, identity.TenantEvenIfUnpaid(tenant.DeleteAccount), a.deleteAccount)
	write(a, route{method: http.MethodDelete, path: "/account/deletion", id: "keep-account", tag: "account", status: http.StatusNoContent,
		summary: "Keep the account after all"}, identity.TenantEvenIfUnpaid(tenant.DeleteAccount), a.keepAccount)
}

type deletionView struct {
	By      string    `json:"ordered_by"`
	Ordered time.Time `json:"ordered_at"`
	Due     time.Time `json:"due_at" doc:"When the account is shut and all in it deleted. Until then it can be kept."`
}

func showDeletion(d account.Deletion) deletionView {
	return deletionView{By: d.By, Ordered: d.Ordered, Due: d.Due}
}

type outlookView struct {
	deletionView
	Credits   int64      `json:"credits_lost" doc:"What is left, and what work has reserved."`
	Undecided int64      `json:"payments_undecided" doc:"Payments that are neither confirmed nor rejected: the deletion waits for them."`
	Balance   []moneySum `json:"balance" nullable:"false" doc:"What was paid and not used. It stays the account's: write to the operator to have it back."`
}

type moneySum struct {
	Amount   int64  `json:"amount" doc:"In minor units."`
	Currency string `json:"currency"`
}

func getDeletion(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[outlookView], error) {
	o, err := erasure.OutlookOf(ctx, v)
	if err == nil && o.Ordered == nil {
		err = account.ErrNoDeletion
	}
	if err != nil {
		return nil, err
	}
	out := outlookView{deletionView: showDeletion(*o.Ordered), Credits: int64(o.Credits), Undecided: o.Undecided, Balance: []moneySum{}}
	for _, m := range o.Balance {
		out.Balance = append(out.Balance, moneySum{m.Amount, m.Currency})
	}
	return &reply[outlookView]{Body: out}, nil
}

type deleteAccountInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"480" doc:"The name of the account, so that it is not another one."`
		Password string `json:"password" maxLength:"1024" doc:"Of who asks for it."`
	}
}

func (a *API) deleteAccount(ctx context.Context, v visit, in *deleteAccountInput) (*reply[deletionView], error) {
	var d account.Deletion
	err := a.identity.WithPassword(ctx, v.Caller, in.Body.Password, "body.password", func(ctx context.Context, tx *tenant.Tx) (err error) {
		d, err = a.eraser.Order(ctx, tx, in.Body.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &reply[deletionView]{Body: showDeletion(d)}, nil
}

func (a *API) keepAccount(ctx context.Context, tx *tenant.Tx, _ *struct{}) (*none, error) {
	return &none{}, a.eraser.Keep(ctx, tx)
}
