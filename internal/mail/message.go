package mail

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what a letter is about. It is the name of its template.
type Kind string

// The kinds.
const (
	KindVerifyEmail         Kind = "verify_email"
	KindResetPassword       Kind = "reset_password"
	KindPasswordChanged     Kind = "password_changed"
	KindSecondFactorChanged Kind = "second_factor_changed"
	KindInvited             Kind = "invited"
	KindRoleChanged         Kind = "role_changed"
	KindMemberRemoved       Kind = "member_removed"
	KindSupportVisit        Kind = "support_visit"
	KindInvoiceIssued       Kind = "invoice_issued"
	KindPaymentReported     Kind = "payment_reported"
	KindApprovalNeeded      Kind = "approval_needed"
	KindPaymentConfirmed    Kind = "payment_confirmed"
	KindPaymentRejected     Kind = "payment_rejected"
	KindPaymentUndone       Kind = "payment_undone"
	KindChargeFailed        Kind = "charge_failed"
	KindTrialEnding         Kind = "trial_ending"
	KindTrialEnded          Kind = "trial_ended"
	KindPaymentReminder     Kind = "payment_reminder"
	KindAccessStopped       Kind = "access_stopped"
	KindSubscriptionEnded   Kind = "subscription_ended"
	KindCreditsLow          Kind = "credits_low"
	KindDeletionOrdered     Kind = "deletion_ordered"
	KindDeletionNear        Kind = "deletion_near"
	KindAccountKept         Kind = "account_kept"
	KindAccountDeleted      Kind = "account_deleted"
)

// Message is what a letter says: one of the types below, each with a template
// of its name. Its JSON is stored until the letter has gone, so fields are
// only added. What a stranger may choose, such as a name, is in none of them:
// whoever registers with somebody else's address would write to him in our
// name.
type Message interface {
	Kind() Kind
	// until is when the letter is of no use any more.
	until(now time.Time) time.Time
}

// keepTrying is how long a letter is tried that has no end of its own.
const keepTrying = 24 * time.Hour

// VerifyEmail asks whether the address is the person's.
type VerifyEmail struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// Kind implements Message.
func (VerifyEmail) Kind() Kind { return KindVerifyEmail }

func (m VerifyEmail) until(time.Time) time.Time { return m.Until }

// ResetPassword lets the person choose a new password.
type ResetPassword struct {
	Token string    `json:"token"`
	Until time.Time `json:"until"`
}

// Kind implements Message.
func (ResetPassword) Kind() Kind { return KindResetPassword }

func (m ResetPassword) until(time.Time) time.Time { return m.Until }

// PasswordChanged tells that the password is another one now.
type PasswordChanged struct {
	At time.Time `json:"at"`
}

// Kind implements Message.
func (PasswordChanged) Kind() Kind { return KindPasswordChanged }

func (PasswordChanged) until(now time.Time) time.Time { return now.Add(keepTrying) }

// SecondFactorChanged tells that a second factor was set up or taken away.
type SecondFactorChanged struct {
	On bool      `json:"on"`
	At time.Time `json:"at"`
}

// Kind implements Message.
func (SecondFactorChanged) Kind() Kind { return KindSecondFactorChanged }

func (SecondFactorChanged) until(now time.Time) time.Time { return now.Add(keepTrying) }

// Invited brings the link with which somebody becomes a member of an account. By
// whom and of which account he is told where the link leads: see Message.
type Invited struct {
	Token string    `json:"token"`
	Role  string    `json:"role"`
	Until time.Time `json:"until"`
}

// Kind implements Message.
func (Invited) Kind() Kind { return KindInvited }

func (m Invited) until(time.Time) time.Time { return m.Until }

// RoleChanged tells a member that he has another role now.
type RoleChanged struct {
	Account string    `json:"account"` // its id
	Role    string    `json:"role"`
	At      time.Time `json:"at"`
}

// Kind implements Message.
func (RoleChanged) Kind() Kind { return KindRoleChanged }

func (RoleChanged) until(now time.Time) time.Time { return now.Add(keepTrying) }

// MemberRemoved tells somebody that he is a member no more.
type MemberRemoved struct {
	Account string    `json:"account"` // its id
	At      time.Time `json:"at"`
}

// Kind implements Message.
func (MemberRemoved) Kind() Kind { return KindMemberRemoved }

func (MemberRemoved) until(now time.Time) time.Time { return now.Add(keepTrying) }

// SupportVisit tells that one of the operator's people entered the account. The
// reason is what he wrote.
type SupportVisit struct {
	Account string    `json:"account"` // its id
	Reason  string    `json:"reason"`
	Works   bool      `json:"works"` // he may change content, not look alone
	At      time.Time `json:"at"`
	Until   time.Time `json:"until"`
}

// Kind implements Message.
func (SupportVisit) Kind() Kind { return KindSupportVisit }

func (SupportVisit) until(now time.Time) time.Time { return now.Add(keepTrying) }

// decode reads a message that was stored.
func decode(k Kind, raw []byte) (Message, error) {
	switch k {
	case KindVerifyEmail:
		return decodeAs[VerifyEmail](raw)
	case KindResetPassword:
		return decodeAs[ResetPassword](raw)
	case KindPasswordChanged:
		return decodeAs[PasswordChanged](raw)
	case KindSecondFactorChanged:
		return decodeAs[SecondFactorChanged](raw)
	case KindInvited:
		return decodeAs[Invited](raw)
	case KindRoleChanged:
		return decodeAs[RoleChanged](raw)
	case KindMemberRemoved:
		return decodeAs[MemberRemoved](raw)
	case KindSupportVisit:
		return decodeAs[SupportVisit](raw)
	case KindInvoiceIssued:
		return decodeAs[InvoiceIssued](raw)
	case KindPaymentReported:
		return decodeAs[PaymentReported](raw)
	case KindApprovalNeeded:
		return decodeAs[ApprovalNeeded](raw)
	case KindPaymentConfirmed:
		return decodeAs[PaymentConfirmed](raw)
	case KindPaymentRejected:
		return decodeAs[PaymentRejected](raw)
	case KindPaymentUndone:
		return decodeAs[PaymentUndone](raw)
	case KindChargeFailed:
		return decodeAs[ChargeFailed](raw)
	case KindTrialEnding:
		return decodeAs[TrialEnding](raw)
	case KindTrialEnded:
		return decodeAs[TrialEnded](raw)
	case KindPaymentReminder:
		return decodeAs[PaymentReminder](raw)
	case KindAccessStopped:
		return decodeAs[AccessStopped](raw)
	case KindSubscriptionEnded:
		return decodeAs[SubscriptionEnded](raw)
	case KindCreditsLow:
		return decodeAs[CreditsLow](raw)
	case KindDeletionOrdered:
		return decodeAs[DeletionOrdered](raw)
	case KindDeletionNear:
		return decodeAs[DeletionNear](raw)
	case KindAccountKept:
		return decodeAs[AccountKept](raw)
	case KindAccountDeleted:
		return decodeAs[AccountDeleted](raw)
	}
	return nil, fmt.Errorf("this release knows no letter %q", k)
}

func decodeAs[M Message](raw []byte) (Message, error) {
	var m M
	err := json.Unmarshal(raw, &m)
	return m, err
}
