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
	"trial_ending": "Trial ending", "verify_email": "Verify email",

	// what was done, in the log
	"account.created": "Account created", "account.exported": "Account exported", "account.read": "Account looked at", "account.renamed": "Account renamed",
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
	"content.approved": "Article approved", "content.published": "Article sent to be published", "content.scheduled": "Article scheduled",
	"content.draft": "Article sent as a draft", "content.withdrawn": "Article withdrawn",
	"credit_note.issued": "Credit note issued", "credits.adjusted": "Credits adjusted", "credits.debt_repaid": "Owed credits repaid",
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
	"system_account.created": "System account created", "task.changed": "Task changed", "webhook_event.replayed": "Provider's message looked into again",
}
