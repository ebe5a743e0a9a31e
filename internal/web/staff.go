package web

import (
	"net/http"

	"igny8/internal/tenant"
	"igny8/internal/web/ui"
)

// staffPage is what one of the operator's people sees first.
type staffPage struct {
	ui.Page
	Privileges []tenant.Privilege
}

func (w *Web) staffHome(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := staffPage{Privileges: v.Operator.Privileges()}
	var err error
	if p.Page, err = w.operator(r.Context(), v, "Overview"); err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, staffView(p))
}

// does is what a privilege lets somebody do, in words.
func does(p tenant.Privilege) string {
	switch p {
	case tenant.AccountsRead:
		return "Look at accounts"
	case tenant.AccountsSuspend:
		return "Suspend accounts and lift it again"
	case tenant.PaymentsConfirm:
		return "Confirm payments that arrived"
	case tenant.PaymentsApprove:
		return "Approve what somebody else confirmed"
	case tenant.CreditsAdjust:
		return "Give and take credits"
	case tenant.PlansManage:
		return "Change what is for sale, and where money is sent"
	case tenant.FlagsManage:
		return "Switch features on and off"
	case tenant.PrivilegesManage:
		return "Say who may do what"
	case tenant.ThrottleExempt:
		return "Ask as often as needed"
	case tenant.AuditRead:
		return "Read the log of what was done"
	case tenant.JobsManage:
		return "Stop and repeat work"
	case tenant.PromptsManage:
		return "Change what models are told to do"
	}
	return string(p)
}
