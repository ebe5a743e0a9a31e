package web

import (
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// maxStatement and maxProofForm are how large the forms with a file may be: the
// largest file, and what is around it.
const (
	maxStatement = 21 << 20
	maxProofForm = payment.MaxProof + 64<<10
)

// mountStaff is what the operator's people see of money, accounts and settings.
// Where two privileges let somebody in, the page asks for the one that he has.
func (w *Web) mountStaff() {
	confirm := identity.Staff(tenant.PaymentsConfirm)
	w.mount("GET /staff/payments", identity.AnyStaff(), w.staffPayments)
	w.mount("GET /staff/payments/{id}", identity.AnyStaff(), w.staffPayment)
	w.mount("GET /staff/payments/{id}/proof", identity.AnyStaff(), w.staffProof)
	w.mount("POST /staff/payments/{id}/confirm", confirm, w.confirmPayment)
	w.mount("POST /staff/payments/{id}/approve", identity.Staff(tenant.PaymentsApprove), w.approvePayment)
	w.mount("GET /staff/payments/{id}/reject", confirm, w.askReject)
	w.mount("POST /staff/payments/{id}/reject", confirm, w.rejectPayment)
	w.mount("GET /staff/payments/{id}/undo", confirm, w.askUndo)
	w.mount("POST /staff/payments/{id}/undo", confirm, w.undoPayment)
	w.mount("GET /staff/payments/{id}/send-back", confirm, w.askSendBack)
	w.mount("POST /staff/payments/{id}/send-back", confirm, w.sendPaymentBack)
	w.mount("GET /staff/transfer", confirm, w.transfer)
	w.mountAs(Route{Pattern: "POST /staff/transfer", Policy: confirm, limit: maxProofForm}, w.recordTransfer)
	w.mount("GET /staff/statements", confirm, w.statements)
	w.mountAs(Route{Pattern: "POST /staff/statements", Policy: confirm, limit: maxStatement}, w.importStatement)
	w.mount("GET /staff/statements/{id}", confirm, w.statement)
	w.mount("GET /staff/mappings", confirm, w.mappings)
	w.mount("POST /staff/mappings", confirm, w.setMapping)
	w.mountAs(Route{Pattern: "POST /staff/mappings/proposal", Policy: confirm, limit: maxStatement}, w.proposeMapping)
	w.mount("GET /staff/bank-lines/{id}", confirm, w.bankLine)
	w.mount("POST /staff/bank-lines/{id}/confirm", confirm, w.confirmLine)
	w.mount("GET /staff/bank-lines/{id}/ignore", confirm, w.askIgnore)
	w.mount("POST /staff/bank-lines/{id}/ignore", confirm, w.ignoreLine)
	w.mount("POST /staff/bank-lines/{id}/reopen", confirm, w.reopenLine)
}

// moneyPlaces is where somebody of the operator's people may go.
func moneyPlaces(o tenant.Operator) []ui.Place {
	var all []ui.Place
	add := func(name, path string, icon ui.Icon, may ...tenant.Privilege) {
		for _, p := range may {
			if o.Has(p) {
				all = append(all, ui.Place{Name: name, Path: path, Icon: icon})
				return
			}
		}
	}
	add("Payments", "/staff/payments", ui.IconBanknote, tenant.PaymentsConfirm, tenant.PaymentsApprove)
	add("Bank statements", "/staff/statements", ui.IconFileText, tenant.PaymentsConfirm)
	return all
}
