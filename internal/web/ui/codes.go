package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"igny8/internal/words"
)

// Code is a status, a role, a reason, what was done or another name that
// programs use, as a person reads it. One that is not known here is shown as it
// is written.
func Code(code string) words.Text {
	if said, ok := codes[code]; ok {
		return said
	}
	s := strings.NewReplacer("_", " ", ".", " ").Replace(code)
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return words.Verbatim(string(unicode.ToUpper(first)) + s[n:])
}

// codes is how a person reads what programs write.
var codes = map[string]words.Text{
	// accounts and subscriptions
	"trial": "Trial", "trialing": "Trialing", "pending_payment": "Pending payment", "active": "Active", "past_due": "Past due",
	"suspended": "Suspended", "cancelled": "Cancelled", "expired": "Expired",
	"owner": "Owner", "admin": "Admin", "editor": "Editor", "viewer": "Viewer",

	// money
	"open": "Open", "paid": "Paid", "void": "Void", "uncollectible": "Uncollectible",
	"pending": "Pending", "pending_review": "Pending review", "awaiting_approval": "Awaiting approval", "succeeded": "Succeeded",
	"rejected": "Rejected", "refunded": "Refunded", "reversed": "Reversed",
	"matched": "Matched", "ignored": "Ignored", "inert": "Inert", "received": "Received",
	"reference": "Reference", "payers": "Payers", "payments": "Payments", "amount": "Amount", "payer": "Payer",

	// credits
	"plan": "Plan", "bonus": "Bonus", "purchase": "Purchase", "refund": "Refund", "adjustment": "Adjustment",
	"busy": "Busy", "silent": "Silent", "unsent": "Unsent", "unusable": "Unusable",

	// work
	"queued": "Queued", "running": "Running", "failed": "Failed", "done": "Done",
	"draft": "Draft", "review": "Review", "approved": "Approved", "published": "Published", "scheduled": "Scheduled", "withdrawn": "Withdrawn", "sent": "Sent",
	"proposed": "Proposed", "accepted": "Accepted", "dismissed": "Dismissed", "todo": "To do", "written": "Written",
	"pass": "pass", "warn": "warn", "fail": "fail",

	// letters
	"access_stopped": "Access stopped", "approval_needed": "Approval needed", "charge_failed": "Charge failed", "credits_low": "Credits low",
	"invited": "Invited", "invoice_issued": "Invoice issued", "member_removed": "Member removed", "password_changed": "Password changed",
	"payment_confirmed": "Payment confirmed", "payment_rejected": "Payment rejected", "payment_reminder": "Payment reminder",
	"payment_reported": "Payment reported", "payment_undone": "Payment undone", "reset_password": "Reset password", "role_changed": "Role changed",
	"second_factor_changed": "Second factor changed", "subscription_ended": "Subscription ended", "trial_ended": "Trial ended",
	"trial_ending": "Trial ending", "verify_email": "Verify email", "support_visit": "Support visit",
	"account_deleted": "Account deleted", "account_kept": "Account kept", "deletion_near": "Deletion near", "deletion_ordered": "Deletion ordered",

	// details of what was done
	"due": "Due", "number": "Number", "external_payment_id": "External payment id", "invoice": "Invoice", "method": "Method", "payer_name": "Payer's name",
	"proof_url": "Proof", "buyer": "Buyer", "tax": "Tax", "total": "Total", "company": "Company", "country": "Country", "language": "Language",
	"domain": "Domain", "email": "E-mail", "role": "Role", "until": "Until", "name": "Name", "scopes": "Rights", "reason": "Reason", "status": "Status",
	"version": "Version", "way": "Way", "was": "Before", "credits": "Credits", "operation": "Operation", "why": "Because", "keywords": "Keywords",
	"account": "Account", "privilege": "Privilege", "price": "Price", "percent": "Percent", "site": "Site",

	// what was done, in the log
	"account.created": "Account created", "account.exported": "Account exported", "account.read": "Account looked at", "account.renamed": "Account renamed",
	"account.deletion_ordered": "Deletion of the account ordered", "account.deletion_reminded": "Reminder of the deletion sent",
	"account.kept": "Account kept", "account.shut": "Account closed for its deletion", "account.erased": "Account deleted",
	"account.suspended": "Account suspended", "account.reactivated": "Account reactivated",
	"agreement.begun": "Agreement with the payment provider begun", "agreement.ended": "Agreement with the payment provider ended",
	"agreement.stopping": "Agreement with the payment provider ends with its period",
	"ai.own_provider":    "Own AI provider set", "ai.own_provider_dropped": "Own AI provider removed",
	"api_key.created": "API key created", "api_key.revoked": "API key revoked",
	"approval_rules.set": "Rules for a second person set", "bank_account.set": "Bank account set", "bank_account.dropped": "Bank account removed",
	"bank_line.matched": "Bank line matched", "bank_line.reopened": "Bank line reopened", "bank_line.ignored": "Bank line ignored",
	"bank_mapping.set": "Layout of bank files set", "bank_settings.set": "Bank settings changed", "bank_statement.imported": "Bank statement imported",
	"billing.details_set": "Billing details changed",
	"cluster.changed":     "Cluster changed", "cluster.deleted": "Cluster deleted", "company.set": "Company details changed",
	"cluster.keywords_moved": "Keywords moved", "cluster.merged": "Clusters merged",
	"content.approved": "Article approved", "content.publish": "Article sent to be published", "content.draft": "Article sent as a draft",
	"content.withdraw":   "Article taken back",
	"credit_note.issued": "Credit note issued", "credit_note.taken": "Credit note used", "credit_note.given_back": "Credit note given back",
	"invitation.created": "Invitation sent", "invitation.sent_again": "Invitation sent again", "invitation.replaced": "Invitation replaced",
	"invitation.accepted": "Invitation accepted", "invitation.revoked": "Invitation withdrawn",
	"second_factor.added": "Second factor set up", "second_factor.removed": "Second factor taken away", "second_factor.blocked": "Second factor blocked after wrong codes",
	"second_factor.recovery_code_used": "Recovery code used",
	"session.ended_by_reuse":           "Session ended because its token was used twice", "session.others_revoked": "Other sessions ended", "session.revoked": "Session ended",
	"subscription.cancelled_at_end": "Plan cancelled at its end", "subscription.resumed": "Plan resumed",
	"user.email_verified": "E-mail address confirmed", "user.password_changed": "Password changed", "user.password_reset": "Password chosen anew",
	"member.left":      "Member left",
	"credits.adjusted": "Credits adjusted", "credits.debt_repaid": "Owed credits repaid",
	"credits.forfeited":        "Credits ended with the account",
	"credits.debt_written_off": "Owed credits written off", "credits.failure_rule": "Rule for failures changed",
	"credits.overrun": "Work cost more than was held for it", "credits.revoked": "Credits taken back", "credits.threshold": "Warning about credits set",
	"flag.changed": "Flag changed", "flag.overridden": "Flag set for the account", "idea.changed": "Idea changed",
	"invoice.issued": "Invoice issued", "invoice.paid": "Invoice paid", "invoice.part_paid": "Invoice paid in part",
	"invoice.reopened": "Invoice reopened", "invoice.voided": "Invoice voided",
	"job.stopped": "Job stopped", "keywords.deleted": "Keywords deleted", "member.added": "Member added", "member.role_changed": "Role of a member changed",
	"member.removed": "Member removed",
	"package.bought": "Package bought", "package.changed": "Package changed", "package.created": "Package created",
	"payment.awaits_approval": "Payment waits for a second person", "payment.confirmed": "Payment confirmed", "payment.failed": "Payment failed",
	"payment.proof_added": "Proof of a payment added", "payment.rejected": "Payment rejected", "payment.reported": "Payment reported",
	"payment.refunded": "Payment refunded", "payment.reversed": "Payment taken back", "payment.sent_back": "Money sent back",
	"pipeline.set": "Pipeline set", "plan.changed": "Plan changed", "plan.created": "Plan created",
	"privilege.granted": "Privilege granted", "privilege.revoked": "Privilege revoked", "privilege.used": "Privilege used",
	"prompt.changed": "Prompt changed", "site.changed": "Site changed", "site.connected": "Site connected", "site.created": "Site added",
	"site.disconnected": "Site disconnected", "staff.created": "First operator created",
	"subscription.created": "Subscription created", "subscription.ended": "Subscription ended", "subscription.paid": "Subscription paid",
	"subscription.past_due": "Subscription past due", "subscription.unpaid": "Subscription unpaid",
	"support_visit.began": "Support visit began", "support_visit.ended": "Support visit ended",
	"system_account.created": "System account created", "task.changed": "Task changed", "webhook_event.replayed": "Provider's message looked into again",
}
