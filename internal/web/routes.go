package web

import (
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/web/assets"
	"igny8/internal/web/ui"
)

// mountAll is every page, and who it lets in.
func (w *Web) mountAll() {
	w.mux.Handle("GET "+assets.Base, assets.Handler())

	// For everybody.
	w.mount("GET /{$}", identity.Public(), w.landing)
	w.mount("GET /sign-up", identity.Public(), w.signUp)
	w.mountSeldom("POST /sign-up", identity.Public(), w.register)
	w.mount("GET /sign-in", identity.Public(), w.signIn)
	w.mountSeldom("POST /sign-in", identity.Public(), w.enter)
	w.mount("GET /sign-in/code", identity.Public(), w.askCode)
	w.mountSeldom("POST /sign-in/code", identity.Public(), w.enterCode)
	w.mount("GET /forgot-password", identity.Public(), w.forgotPassword)
	w.mountSeldom("POST /forgot-password", identity.Public(), w.askReset)
	w.mount("GET /forgot-password/sent", identity.Public(), w.resetAsked)
	w.mount("GET /reset-password", identity.Public(), w.choosePassword)
	w.mountSeldom("POST /reset-password", identity.Public(), w.resetPassword)
	w.mount("GET /verify-email", identity.Public(), w.verifyEmail)
	w.mountSeldom("POST /verify-email", identity.Public(), w.confirmEmail)
	w.mount("GET /accept-invitation", identity.Public(), w.invitation)
	w.mountSeldom("POST /accept-invitation", identity.Public(), w.acceptInvitation)
	w.mount("GET /setup", identity.Public(), w.setup)
	w.mountSeldom("POST /setup", identity.Public(), w.claim)
	w.mount("POST /language", identity.Public(), w.chooseLanguage)
	w.mountDocs()

	// For a person, in whatever account.
	w.mount("POST /sign-out", identity.AnyUser(), w.signOut)
	w.mount("GET /visit", identity.AnyUser(), w.lastVisit)
	w.mount("POST /visit/leave", identity.AnyUser(), w.leaveVisit)
	w.mount("GET /sessions", identity.AnyUser(), w.sessions)
	w.mount("POST /sessions/end", identity.AnyUser(), w.endSession)
	w.mount("GET /sessions/end-others", identity.AnyUser(), w.askEndOthers)
	w.mount("POST /sessions/end-others", identity.AnyUser(), w.endOthers)
	w.mountOwn()

	// In an account.
	w.mount("GET /home", identity.Tenant(tenant.ReadContent), w.home)
	w.mount("GET /home/credits", identity.Tenant(tenant.ReadBilling), w.homeCredits)
	w.mount("GET /home/work", identity.Tenant(tenant.ReadContent), w.homeJobs)
	w.mountKeywords()
	w.mountClusters()
	w.mountIdeas()
	w.mountTasks()
	w.mountArticles()
	w.mountCalendar()
	w.mountJobs()
	w.mountSites()
	w.mountPipelines()
	w.mountOwnModels()
	w.mountBilling()

	// For the operator's people.
	w.mount("GET /staff", identity.AnyStaff(), w.staffHome)
	w.mountStaff()

	w.mount("/", identity.Public(), func(http.ResponseWriter, *http.Request, *visit) error { return errNoPage })
}

// mountBilling is what an account has to pay, and has paid: open to who has not.
func (w *Web) mountBilling() {
	reading, paying := identity.TenantEvenIfUnpaid(tenant.ReadBilling), identity.TenantEvenIfUnpaid(tenant.ManageBilling)
	w.mount("GET /billing", reading, w.billing)
	w.mount("GET /billing/usage", reading, w.billingUsage)
	w.mount("GET /billing/ledger", reading, w.billingLedger)
	w.mount("GET /billing/credits", paying, w.billingPacks)
	w.mount("POST /billing/credits", paying, w.orderPack)
	w.mount("POST /billing/credits/threshold", paying, w.setThreshold)
	w.mount("GET /billing/plans", paying, w.billingPlans)
	w.mount("POST /billing/plans", paying, w.orderPlan)
	w.mount("GET /billing/cancel", paying, w.askCancel)
	w.mount("POST /billing/cancel", paying, w.cancelPlan)
	w.mount("POST /billing/resume", paying, w.resumePlan)
	w.mount("GET /billing/invoices", reading, w.billingInvoices)
	w.mount("GET /billing/invoices/{id}", reading, w.billingInvoice)
	w.mountUpload("POST /billing/invoices/{id}", paying, w.reportPayment)
	w.mount("GET /billing/invoices/{id}/progress", reading, w.invoiceProgress)
	w.mount("GET /billing/invoices/{id}/pdf", reading, w.invoicePaper)
	w.mount("GET /billing/invoices/{id}/qr.png", reading, w.invoiceCode)
	w.mount("POST /billing/invoices/{id}/pay", paying, w.payOnline)
	w.mount("POST /billing/portal", paying, w.billingPortal)
	w.mount("GET /billing/payments", reading, w.billingPayments)
	w.mount("GET /billing/payments/{id}/proof", reading, w.paymentProof)
	w.mount("GET /billing/credit-notes", reading, w.creditNotes)
	w.mount("GET /billing/credit-notes/{id}/pdf", reading, w.creditNotePaper)
	w.mount("GET /billing/details", reading, w.billingDetails)
	w.mount("POST /billing/details", paying, w.setBillingDetails)
}

// ownPlaces is what a person finds in either shell.
func ownPlaces() []ui.Place {
	return []ui.Place{{Name: "You", Path: "/you", Icon: ui.IconUser}}
}

// tenantPlaces is the navigation in an account: what exists, and the member may
// see.
func tenantPlaces(may tenant.Permissions) []ui.Place {
	if may == 0 {
		return nil // of an account that is none
	}
	all := []ui.Place{{Name: "Home", Path: "/home", Icon: ui.IconHouse}}
	if may.Has(tenant.ReadContent) {
		all = append(all,
			ui.Place{Name: "Keywords", Path: "/keywords", Icon: ui.IconSearch}, ui.Place{Name: "Clusters", Path: "/clusters", Icon: ui.IconLayers},
			ui.Place{Name: "Ideas", Path: "/ideas", Icon: ui.IconLightbulb}, ui.Place{Name: "Tasks", Path: "/tasks", Icon: ui.IconListChecks}, ui.Place{Name: "Articles", Path: "/articles", Icon: ui.IconFileText},
			ui.Place{Name: "Calendar", Path: "/calendar", Icon: ui.IconCalendar}, ui.Place{Name: "Jobs", Path: "/jobs", Icon: ui.IconActivity},
			ui.Place{Name: "Sites", Path: "/sites", Icon: ui.IconGlobe},
		)
	}
	if may.Has(tenant.ReadBilling) {
		all = append(all, ui.Place{Name: "Billing", Path: "/billing", Icon: ui.IconReceipt})
	}
	if may.Has(tenant.ReadTeam) {
		all = append(all, ui.Place{Name: "Team", Path: "/team", Icon: ui.IconUsers})
	}
	if may.Has(tenant.ManageKeys) {
		all = append(all, ui.Place{Name: "API keys", Path: "/keys", Icon: ui.IconKeyRound}, ui.Place{Name: "AI provider", Path: "/ai-provider", Icon: ui.IconBot})
	}
	return all
}

// staffPlaces is the navigation of the operator's people: what exists, and the
// person has the privilege for.
func staffPlaces(o tenant.Operator) []ui.Place {
	all := []ui.Place{{Name: "Overview", Path: "/staff", Icon: ui.IconHouse}}
	return append(all, moneyPlaces(o)...)
}
