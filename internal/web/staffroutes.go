package web

import (
	"igny8/internal/identity"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// maxStatement and maxProofForm are how large the forms with a file may be: the
// largest file, and what is around it.
const (
	maxStatement = 21 << 20
	maxProofForm = payment.MaxProof + 64<<10
	// maxPromptForm is the longest prompt, as a browser sends it.
	maxPromptForm = 256 << 10
)

// mountStaff is what the operator's people see of money, accounts and settings.
// Where two privileges let somebody in, the page asks for the one that he has.
func (w *Web) mountStaff() {
	w.mountQueue()
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

	people := identity.Staff(tenant.PrivilegesManage)
	w.mount("GET /staff/people", people, w.people)
	w.mount("POST /staff/people", people, w.grantPrivilege)
	w.mount("GET /staff/people/take", people, w.askTake)
	w.mount("POST /staff/people/take", people, w.takePrivilege)
	w.mount("GET /staff/accounts", identity.Staff(tenant.AccountsRead), w.accounts)
	w.mount("GET /staff/accounts/new-system", people, w.newSystemAccount)
	w.mount("POST /staff/accounts/new-system", people, w.openSystemAccount)
	w.mount("GET /staff/accounts/{id}/system", people, w.systemAccount)
	w.mount("POST /staff/accounts/{id}/system/entrust", people, w.entrust)
	w.mount("POST /staff/accounts/{id}/system/withdraw", people, w.distrust)
	w.mount("POST /staff/accounts/{id}/system/keys", people, w.systemKey)
	w.mount("GET /staff/accounts/{id}", identity.Staff(tenant.AccountsRead), w.account)
	visits := identity.Staff(tenant.SupportVisit)
	w.mount("GET /staff/accounts/{id}/visit", visits, w.askAccount(visiting))
	w.mount("POST /staff/accounts/{id}/visit", visits, w.beginVisit)
	for _, a := range []accountAct{suspending, reactivating, adjusting, writingOff} {
		w.mount("GET /staff/accounts/{id}"+a.path, identity.Staff(a.privilege), w.askAccount(a))
		w.mount("POST /staff/accounts/{id}"+a.path, identity.Staff(a.privilege), w.doAccount(a))
	}

	plans := identity.Staff(tenant.PlansManage)
	w.mount("GET /staff/sell", plans, w.sell)
	w.mount("GET /staff/plans/new", plans, w.newPlan)
	w.mount("POST /staff/plans/new", plans, w.createPlan)
	w.mount("GET /staff/plans/{code}", plans, w.editPlan)
	w.mount("POST /staff/plans/{code}", plans, w.changePlan)
	w.mount("GET /staff/packages/new", plans, w.newPack)
	w.mount("POST /staff/packages/new", plans, w.createPack)
	w.mount("GET /staff/packages/{code}", plans, w.editPack)
	w.mount("POST /staff/packages/{code}", plans, w.changePack)
	w.mount("GET /staff/failures/{failure}", plans, w.editRule)
	w.mount("POST /staff/failures/{failure}", plans, w.changeRule)

	prompts := identity.Staff(tenant.PromptsManage)
	w.mount("GET /staff/prompts", prompts, w.prompts)
	w.mount("GET /staff/prompts/{kind}", prompts, w.prompt)
	w.mountAs(Route{Pattern: "POST /staff/prompts/{kind}", Policy: prompts, limit: maxPromptForm}, w.setPrompt)

	jobs := identity.Staff(tenant.JobsManage)
	w.mount("GET /staff/jobs", jobs, w.staffJobs)
	w.mount("GET /staff/jobs/{id}/cancel", jobs, w.askEndJob)
	w.mount("POST /staff/jobs/{id}/cancel", jobs, w.endJob)
	w.mount("GET /staff/messages", confirm, w.messages)
	w.mount("GET /staff/messages/{id}", confirm, w.message)
	w.mount("POST /staff/messages/{id}", confirm, w.replayMessage)

	w.mount("GET /staff/settings", identity.AnyStaff(), w.settings)
	w.mount("GET /staff/settings/bank-accounts", plans, w.bankAccounts)
	w.mount("POST /staff/settings/bank-accounts", plans, w.setBankAccount)
	w.mount("POST /staff/settings/bank-accounts/drop", plans, w.dropBankAccount)
	w.mount("GET /staff/settings/company", plans, w.company)
	w.mount("POST /staff/settings/company", plans, w.setCompany)
	w.mount("GET /staff/settings/approval", plans, w.approval)
	w.mount("POST /staff/settings/approval", plans, w.setApproval)
	w.mount("GET /staff/settings/imports", identity.AnyStaff(), w.imports)
	w.mount("POST /staff/settings/imports", identity.Staff(tenant.PaymentsApprove), w.setImports)
	w.mount("GET /staff/settings/flags", identity.Staff(tenant.FlagsManage), w.flags)
	w.mount("POST /staff/settings/flags", identity.Staff(tenant.FlagsManage), w.setFlag)

	w.mount("GET /staff/letters", identity.Staff(tenant.AuditRead), w.letters)
	w.mount("GET /staff/audit", identity.Staff(tenant.AuditRead), w.audit)
}

// moneyPlaces is where somebody of the operator's people may go.
func moneyPlaces(o tenant.Operator) []ui.Place {
	var all []ui.Place
	add := func(name words.Text, path string, icon ui.Icon, may ...tenant.Privilege) {
		for _, p := range may {
			if o.Has(p) {
				all = append(all, ui.Place{Name: name, Path: path, Icon: icon})
				return
			}
		}
	}
	add("Payments", "/staff/payments", ui.IconBanknote, tenant.PaymentsConfirm, tenant.PaymentsApprove)
	add("Bank statements", "/staff/statements", ui.IconFileText, tenant.PaymentsConfirm)
	add("Accounts", "/staff/accounts", ui.IconUsers, tenant.AccountsRead)
	add("For sale", "/staff/sell", ui.IconCoins, tenant.PlansManage)
	add("Jobs", "/staff/jobs", ui.IconActivity, tenant.JobsManage)
	add("Messages", "/staff/messages", ui.IconInbox, tenant.PaymentsConfirm)
	add("Prompts", "/staff/prompts", ui.IconBot, tenant.PromptsManage)
	add("People", "/staff/people", ui.IconShieldCheck, tenant.PrivilegesManage)
	add("Letters", "/staff/letters", ui.IconMail, tenant.AuditRead)
	add("Log", "/staff/audit", ui.IconListChecks, tenant.AuditRead)
	if len(settingsParts(o)) > 0 {
		all = append(all, ui.Place{Name: "Settings", Path: "/staff/settings", Icon: ui.IconSettings})
	}
	return all
}
