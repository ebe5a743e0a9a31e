package api

import (
	"context"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/bank"
	"igny8/internal/credit"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

func (a *API) adminPaymentRoutes() {
	survey(a, route{method: http.MethodGet, path: "/admin/payments", id: "admin-list-payments", tag: "admin", summary: "Payments of all accounts, newest first"},
		tenant.PaymentsConfirm, adminPayments)
	onPayment(a, route{method: http.MethodGet, path: "/admin/payments/{id}", id: "admin-get-payment", tag: "admin", summary: "One payment, and whose it is"},
		tenant.PaymentsConfirm, adminPayment)
	onPayment(a, route{method: http.MethodGet, path: "/admin/payments/{id}/proof", id: "admin-get-payment-proof", tag: "admin", summary: "The file that shows a transfer"},
		tenant.PaymentsConfirm, func(ctx context.Context, tx *tenant.Tx, _ payment.ID, in *IDInput) (*file, error) {
			return proofOf(ctx, tx, in.ID)
		})
	onPayment(a, route{method: http.MethodPost, path: "/admin/payments/{id}/confirm", id: "admin-confirm-payment", tag: "admin",
		summary: "Confirm that a reported transfer has arrived"}, tenant.PaymentsConfirm, a.confirmPayment)
	onPayment(a, route{method: http.MethodPost, path: "/admin/payments/{id}/approve", id: "admin-approve-payment", tag: "admin",
		summary: "Approve, as a second person, what somebody has confirmed"}, tenant.PaymentsApprove, a.approvePayment)
	onPayment(a, route{method: http.MethodPost, path: "/admin/payments/{id}/reject", id: "admin-reject-payment", tag: "admin",
		summary: "Say that a reported transfer has not arrived, or that a confirmation is not approved"}, tenant.PaymentsConfirm, a.rejectPayment)
	onPayment(a, route{method: http.MethodPost, path: "/admin/payments/{id}/undo", id: "admin-undo-payment", tag: "admin",
		summary: "Take a confirmation back that was wrong, with all that followed from it"}, tenant.PaymentsConfirm, a.undoPayment)
	onPayment(a, route{method: http.MethodPost, path: "/admin/payments/{id}/send-back", id: "admin-send-payment-back", tag: "admin",
		summary: "Record that what went to no invoice was sent back"}, tenant.PaymentsConfirm, a.sendBack)
	onShared(a, route{method: http.MethodGet, path: "/admin/settings/approval", id: "admin-get-approval-rules", tag: "admin", summary: "When a second person must approve"},
		tenant.PlansManage, getRules)
	onShared(a, route{method: http.MethodPut, path: "/admin/settings/approval", id: "admin-set-approval-rules", tag: "admin", summary: "Say when a second person must approve"},
		tenant.PlansManage, setRules)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/debts", id: "admin-list-debts", tag: "admin", summary: "Credits that were spent and turned out not to be paid for"},
		tenant.CreditsAdjust, listDebts)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/write-off", id: "admin-write-off-debt", tag: "admin", summary: "Forgive credits that are owed"},
		tenant.CreditsAdjust, writeOff)
}

// onPayment mounts an operation on the payment that the path names, in a
// transaction of the account whose it is.
func onPayment[I, O any](a *API, r route, p tenant.Privilege, do func(context.Context, *tenant.Tx, payment.ID, *I) (*O, error)) {
	onOwned(a, r, p, payment.ParseID, payment.ErrNotFound, payment.Locate, do)
}

type queueInput struct {
	Window
	Status string `query:"status" enum:"pending,pending_review,awaiting_approval,succeeded,rejected,refunded,reversed" doc:"None: any."`
}

type queuedView struct {
	paymentView
	Account string `json:"account_id"`
}

func adminPayments(ctx context.Context, s *tenant.Survey, in *queueInput) (*reply[page[queuedView]], error) {
	after, err := cursorOf(payment.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := payment.Queue(ctx, s, payment.Status(in.Status), after, in.Limit+1)
	return part(all, in.Limit, func(q payment.Queued) queuedView {
		return queuedView{showPayment(q.Payment), q.Account.String()}
	}, func(q payment.Queued) string { return q.ID.String() }), err
}

type paymentDetailView struct {
	paymentView
	Account accountView `json:"account"`
}

func adminPayment(ctx context.Context, tx *tenant.Tx, pid payment.ID, _ *IDInput) (*reply[paymentDetailView], error) {
	p, err := payment.Load(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	acc, err := account.Load(ctx, tx)
	return &reply[paymentDetailView]{Body: paymentDetailView{showPayment(p), showAccount(acc)}}, err
}

type confirmInput struct {
	IDInput
	Body struct {
		Amount      *amount `json:"amount,omitempty" doc:"What the bank says. None: what was reported."`
		PayerName   string  `json:"payer_name,omitempty" maxLength:"400" doc:"None: as reported."`
		OtherAmount bool    `json:"accept_other_amount,omitempty" doc:"Take it although it is not what is due: a part of it, or more."`
	}
}

func (a *API) confirmPayment(ctx context.Context, tx *tenant.Tx, pid payment.ID, in *confirmInput) (*replyAs[confirmedView], error) {
	as := bank.Arrived{PayerName: in.Body.PayerName, OtherAmount: in.Body.OtherAmount}
	if in.Body.Amount != nil {
		as.Amount = money.Money(*in.Body.Amount)
	}
	c, err := bank.ConfirmReported(ctx, tx, a.desk, pid, as)
	if err != nil {
		return nil, err
	}
	return confirmedAs(ctx, tx, c)
}

// confirmedAs is a confirmation, accepted and no more where it waits for a
// second person.
func confirmedAs(ctx context.Context, tx *tenant.Tx, c payment.Confirmation) (*replyAs[confirmedView], error) {
	v, err := showConfirmed(ctx, tx, c)
	out := replyAs[confirmedView]{Status: http.StatusOK, Body: v}
	if c.Waits() {
		out.Status = http.StatusAccepted
	}
	return &out, err
}

func (a *API) approvePayment(ctx context.Context, tx *tenant.Tx, pid payment.ID, _ *IDInput) (*reply[confirmedView], error) {
	c, err := a.desk.Approve(ctx, tx, pid)
	if err != nil {
		return nil, err
	}
	v, err := showConfirmed(ctx, tx, c)
	return &reply[confirmedView]{Body: v}, err
}

func (a *API) rejectPayment(ctx context.Context, tx *tenant.Tx, pid payment.ID, in *reasonInput) (*reply[paymentView], error) {
	p, err := a.desk.Reject(ctx, tx, pid, in.Body.Reason)
	return &reply[paymentView]{Body: showPayment(p)}, err
}

type undoneView struct {
	Payment  paymentView   `json:"payment"`
	Invoices []invoiceView `json:"invoices" doc:"That it had gone to, as they are now."`
	Taken    int64         `json:"credits_taken" doc:"Were not spent, and are gone."`
	Owed     int64         `json:"credits_owed" doc:"Had been spent. The next grant makes up for them."`
	Account  accountView   `json:"account"`
	Credits  creditsView   `json:"credits"`
}

func (a *API) undoPayment(ctx context.Context, tx *tenant.Tx, pid payment.ID, in *reasonInput) (*reply[undoneView], error) {
	u, err := a.desk.Undo(ctx, tx, pid, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	v := undoneView{Payment: showPayment(u.Payment), Taken: int64(u.Taken), Owed: int64(u.Owed), Invoices: []invoiceView{}}
	for _, i := range u.Invoices {
		shown, err := invoiceOf(ctx, tx, i)
		if err != nil {
			return nil, err
		}
		v.Invoices = append(v.Invoices, shown)
	}
	if v.Credits, err = creditsOf(ctx, tx); err != nil {
		return nil, err
	}
	acc, err := account.Load(ctx, tx)
	v.Account = showAccount(acc)
	return &reply[undoneView]{Body: v}, err
}

type sendBackInput struct {
	IDInput
	Body struct {
		Amount amount `json:"amount"`
		Reason string `json:"reason" maxLength:"2000"`
	}
}

func (a *API) sendBack(ctx context.Context, tx *tenant.Tx, pid payment.ID, in *sendBackInput) (*reply[paymentView], error) {
	p, err := a.desk.SentBack(ctx, tx, pid, money.Money(in.Body.Amount), in.Body.Reason)
	return &reply[paymentView]{Body: showPayment(p)}, err
}

type rulesView struct {
	Above     []money.Money `json:"above" maxItems:"200" doc:"More than this in its currency needs a second person."`
	Uncertain bool          `json:"uncertain" doc:"So does an amount that is not what is due, or a match that is not beyond doubt."`
	Own       bool          `json:"own_account" doc:"So does an account of which the operator is a member. False: he may not confirm for it at all."`
}

func getRules(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[rulesView], error) {
	r, err := payment.LoadRules(ctx, tx.Shared)
	return &reply[rulesView]{Body: showRules(r)}, err
}

func showRules(r payment.Rules) rulesView {
	v := rulesView{Above: r.Above, Uncertain: r.Uncertain, Own: r.Own}
	if v.Above == nil {
		v.Above = []money.Money{}
	}
	return v
}

func setRules(ctx context.Context, tx *tenant.SharedTx, in *struct{ Body rulesView }) (*reply[rulesView], error) {
	r := payment.Rules{Above: in.Body.Above, Uncertain: in.Body.Uncertain, Own: in.Body.Own}
	err := payment.SetRules(ctx, tx, r)
	return &reply[rulesView]{Body: showRules(r)}, err
}

type debtView struct {
	Lot       string `json:"lot_id"`
	Reference string `json:"reference"`
	Amount    int64  `json:"amount"`
	Remaining int64  `json:"remaining" doc:"Neither made up for nor forgiven."`
}

func listDebts(ctx context.Context, tx *tenant.Tx, _ *IDInput) (*reply[page[debtView]], error) {
	all, err := credit.Debts(ctx, tx)
	return list(all, func(d credit.Debt) debtView {
		return debtView{Lot: d.Lot.String(), Reference: d.Reference, Amount: int64(d.Amount), Remaining: int64(d.Remaining)}
	}), err
}

type writeOffInput struct {
	IDInput
	Body struct {
		Lot    string `json:"lot_id" maxLength:"64"`
		Reason string `json:"reason" maxLength:"2000"`
	}
}

type writtenOffView struct {
	Amount int64 `json:"amount" doc:"How many credits were forgiven."`
}

func writeOff(ctx context.Context, tx *tenant.Tx, in *writeOffInput) (*reply[writtenOffView], error) {
	lot, err := named(credit.ParseLotID, in.Body.Lot, credit.ErrNoDebt)
	if err != nil {
		return nil, err
	}
	n, err := credit.WriteOff(ctx, tx, lot, in.Body.Reason)
	return &reply[writtenOffView]{Body: writtenOffView{int64(n)}}, err
}

// previewed is what a confirmation would do: it is done, looked at, and not
// committed.
type previewed struct{ view confirmedView }

// Error implements error: it is what keeps the transaction from being
// committed.
func (*previewed) Error() string { return "this was a preview" }
