package mail

import "time"

// What letters about money say. Amounts are written out, such as "200.00 EUR";
// references and reasons are what the operator's people or a bank wrote, never
// what the tenant typed.

// keepBilling is how long a letter about money is tried.
const keepBilling = 3 * 24 * time.Hour

// InvoiceIssued asks for money.
type InvoiceIssued struct {
	Number     string    `json:"number"`
	Total      string    `json:"total"`
	StillDue   string    `json:"still_due"` // empty: the balance has paid it
	Due        time.Time `json:"due"`
	Reference  string    `json:"reference"`
	ByTransfer bool      `json:"by_transfer"`
}

// Kind implements Message.
func (InvoiceIssued) Kind() Kind { return KindInvoiceIssued }

func (InvoiceIssued) until(now time.Time) time.Time { return now.Add(keepBilling) }

// PaymentReported tells the operator's people that a tenant says he has paid.
type PaymentReported struct {
	Amount  string `json:"amount"`
	Invoice string `json:"invoice"`
}

// Kind implements Message.
func (PaymentReported) Kind() Kind { return KindPaymentReported }

func (PaymentReported) until(now time.Time) time.Time { return now.Add(keepBilling) }

// ApprovalNeeded asks for a second person.
type ApprovalNeeded struct {
	Amount    string `json:"amount"`
	Reference string `json:"reference"`
	Why       string `json:"why"`
}

// Kind implements Message.
func (ApprovalNeeded) Kind() Kind { return KindApprovalNeeded }

func (ApprovalNeeded) until(now time.Time) time.Time { return now.Add(keepBilling) }

// PaymentConfirmed tells that money has arrived, and what it opened.
type PaymentConfirmed struct {
	Amount    string    `json:"amount"`
	Reference string    `json:"reference"` // the bank's or vendor's
	Invoice   string    `json:"invoice"`   // empty: none was open
	StillDue  string    `json:"still_due"` // empty: nothing
	Unapplied string    `json:"unapplied"` // empty: nothing
	Plan      string    `json:"plan"`
	Until     time.Time `json:"until"`   // of the plan; zero: it has not begun
	Credits   int64     `json:"credits"` // of a package that was paid for; zero: it was for the plan
}

// Kind implements Message.
func (PaymentConfirmed) Kind() Kind { return KindPaymentConfirmed }

func (PaymentConfirmed) until(now time.Time) time.Time { return now.Add(keepBilling) }

// PaymentRejected tells that what was reported has not arrived.
type PaymentRejected struct {
	Amount  string `json:"amount"`
	Invoice string `json:"invoice"`
	Reason  string `json:"reason"`
}

// Kind implements Message.
func (PaymentRejected) Kind() Kind { return KindPaymentRejected }

func (PaymentRejected) until(now time.Time) time.Time { return now.Add(keepBilling) }

// PaymentUndone tells that a payment does not count any more.
type PaymentUndone struct {
	Amount    string `json:"amount"`
	Reference string `json:"reference"`
	Reason    string `json:"reason"`
	Refunded  bool   `json:"refunded"` // the money went back; false: it was never there
	Owed      int64  `json:"owed"`     // credits that had been spent
}

// Kind implements Message.
func (PaymentUndone) Kind() Kind { return KindPaymentUndone }

func (PaymentUndone) until(now time.Time) time.Time { return now.Add(keepBilling) }

// TrialEnding tells that a trial will soon be over.
type TrialEnding struct {
	Until time.Time `json:"until"`
}

// Kind implements Message.
func (TrialEnding) Kind() Kind { return KindTrialEnding }

func (m TrialEnding) until(time.Time) time.Time { return m.Until }

// TrialEnded tells that a trial is over.
type TrialEnded struct {
	At time.Time `json:"at"`
}

// Kind implements Message.
func (TrialEnded) Kind() Kind { return KindTrialEnded }

func (TrialEnded) until(now time.Time) time.Time { return now.Add(keepBilling) }

// PaymentReminder asks once more for money.
type PaymentReminder struct {
	Number    string    `json:"number"`
	StillDue  string    `json:"still_due"`
	Due       time.Time `json:"due"`
	Reference string    `json:"reference"`
	Overdue   bool      `json:"overdue"`
	Stops     time.Time `json:"stops"` // when the account cannot work any more; zero: it cannot yet
}

// Kind implements Message.
func (PaymentReminder) Kind() Kind { return KindPaymentReminder }

func (PaymentReminder) until(now time.Time) time.Time { return now.Add(keepBilling) }

// AccessStopped tells that the account cannot work until it has paid.
type AccessStopped struct {
	Number    string `json:"number"`
	StillDue  string `json:"still_due"`
	Reference string `json:"reference"`
}

// Kind implements Message.
func (AccessStopped) Kind() Kind { return KindAccessStopped }

func (AccessStopped) until(now time.Time) time.Time { return now.Add(keepBilling) }

// SubscriptionEnded tells that a cancelled subscription has ended.
type SubscriptionEnded struct {
	Plan string    `json:"plan"`
	At   time.Time `json:"at"`
}

// Kind implements Message.
func (SubscriptionEnded) Kind() Kind { return KindSubscriptionEnded }

func (SubscriptionEnded) until(now time.Time) time.Time { return now.Add(keepBilling) }

// CreditsLow warns that the credits run out.
type CreditsLow struct {
	Left      int64 `json:"left"`
	Threshold int64 `json:"threshold"` // that the account is warned below
}

// Kind implements Message.
func (CreditsLow) Kind() Kind { return KindCreditsLow }

func (CreditsLow) until(now time.Time) time.Time { return now.Add(keepBilling) }
