package api

import (
	"context"
	"errors"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// Moments that may be missing are null.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type userView struct {
	ID        string     `json:"id"`
	Email     string     `json:"email"`
	FirstName string     `json:"first_name"`
	LastName  string     `json:"last_name"`
	Verified  *time.Time `json:"email_verified_at" doc:"Null until the address has been verified."`
	Factor    *time.Time `json:"second_factor_since" doc:"Null: there is none."`
	Created   time.Time  `json:"created_at"`
}

func showUser(u identity.User) userView {
	return userView{ID: u.ID.String(), Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Verified: moment(u.Verified), Factor: moment(u.SecondFactor), Created: u.Created}
}

type accountView struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Status        string    `json:"status" enum:"trial,pending_payment,active,past_due,suspended,cancelled"`
	Country       string    `json:"country" doc:"ISO 3166-1 alpha-2."`
	Kind          string    `json:"kind" enum:"tenant,system"`
	PaymentMethod string    `json:"payment_method" enum:"stripe,paypal,bank_transfer"`
	Created       time.Time `json:"created_at"`
}

func showAccount(a account.Account) accountView {
	return accountView{
		ID: a.ID.String(), Name: a.Name, Status: string(a.Status), Country: a.Country, Kind: string(a.Kind),
		PaymentMethod: string(a.PaymentMethod), Created: a.Created,
	}
}

type limitsView struct {
	Sites    int64 `json:"sites"`
	Users    int64 `json:"users"`
	Keywords int64 `json:"keywords"`
}

type ratesView struct {
	Read   int64 `json:"read"`
	Write  int64 `json:"write"`
	AI     int64 `json:"ai" doc:"Orders of clusters, ideas and articles."`
	Bridge int64 `json:"bridge" doc:"What connected sites ask."`
}

type planView struct {
	ID        string        `json:"id"`
	Code      string        `json:"code"`
	Name      string        `json:"name"`
	Price     money.Money   `json:"price" doc:"For one interval, where no other currency is asked for."`
	Prices    []money.Money `json:"prices" doc:"For one interval, in each currency that the plan is sold in; price is the first."`
	Interval  string        `json:"interval" enum:"month,year"`
	TrialDays int           `json:"trial_days"`
	Credits   int64         `json:"included_credits" doc:"In each interval; in a trial, once."`
	Limits    limitsView    `json:"limits"`
	Rates     ratesView     `json:"rates" doc:"Requests in a minute, of all users and API keys of the account together."`
}

func showPlan(p plan.Offer) planView {
	return planView{
		ID: p.ID.String(), Code: p.Code, Name: p.Name, Price: p.Price, Prices: p.Prices, Interval: string(p.Interval), TrialDays: p.TrialDays,
		Credits: int64(p.Credits), Limits: limitsView{p.Limits.Sites, p.Limits.Users, p.Limits.Keywords},
		Rates: ratesView{p.Rates.Read, p.Rates.Write, p.Rates.AI, p.Rates.Bridge},
	}
}

type subscriptionView struct {
	ID                string     `json:"id"`
	Plan              string     `json:"plan" doc:"The plan's code."`
	Status            string     `json:"status" enum:"trialing,pending_payment,active,past_due,cancelled,expired"`
	PaymentMethod     string     `json:"payment_method" enum:"stripe,paypal,bank_transfer"`
	ExternalPaymentID *string    `json:"external_payment_id" doc:"What the bank or PayPal calls the last payment."`
	StripeID          *string    `json:"stripe_subscription_id"`
	PeriodStart       *time.Time `json:"current_period_start"`
	PeriodEnd         *time.Time `json:"current_period_end"`
	CancelAtEnd       bool       `json:"cancel_at_period_end" doc:"It ends with its period and is not renewed."`
}

func showSubscription(s subscription.Subscription) subscriptionView {
	return subscriptionView{
		ID: s.ID.String(), Plan: s.Plan.Code, Status: string(s.Status), PaymentMethod: string(s.PaymentMethod),
		ExternalPaymentID: text(s.ExternalPaymentID), StripeID: text(s.StripeID),
		PeriodStart: moment(s.PeriodStart), PeriodEnd: moment(s.PeriodEnd),
		CancelAtEnd: s.CancelAtEnd,
	}
}

// text is s, or null when it is empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type lotView struct {
	ID        string     `json:"id"`
	Source    string     `json:"source" enum:"plan,bonus,purchase,adjustment,refund"`
	Reference string     `json:"reference"`
	Amount    int64      `json:"amount"`
	Remaining int64      `json:"remaining" doc:"Neither spent nor held."`
	Effective time.Time  `json:"effective_at"`
	Expires   *time.Time `json:"expires_at" doc:"Null: never."`
}

type creditsView struct {
	Available int64     `json:"available"`
	Held      int64     `json:"held" doc:"Reserved by work that has not ended."`
	Threshold int64     `json:"threshold" doc:"The account is warned when fewer are left, held ones included. 0: never."`
	Low       bool      `json:"low" doc:"Fewer are left than that."`
	Lots      []lotView `json:"lots" doc:"What can be spent, in the order in which it will be."`
}

func showCredits(b credit.Balance, a credit.Alert, lots []credit.Lot) creditsView {
	v := creditsView{Available: int64(b.Available), Held: int64(b.Held), Threshold: int64(a.Threshold), Low: a.Low, Lots: make([]lotView, 0, len(lots))}
	for _, l := range lots {
		v.Lots = append(v.Lots, showLot(l))
	}
	return v
}

func showLot(l credit.Lot) lotView {
	return lotView{
		ID: l.ID.String(), Source: string(l.Source), Reference: l.Reference, Amount: int64(l.Amount), Remaining: int64(l.Remaining),
		Effective: l.Effective, Expires: moment(l.Expires),
	}
}

func creditsOf(ctx context.Context, r tenant.Reader) (creditsView, error) {
	b, err := credit.BalanceOf(ctx, r)
	if err != nil {
		return creditsView{}, err
	}
	alert, err := credit.AlertOf(ctx, r)
	if err != nil {
		return creditsView{}, err
	}
	lots, err := credit.Lots(ctx, r)
	return showCredits(b, alert, lots), err
}

type bankView struct {
	Currency     string `json:"currency"`
	Country      string `json:"country" doc:"For payers of this country. Empty: for everybody else."`
	Holder       string `json:"holder"`
	IBAN         string `json:"iban"`
	BIC          string `json:"bic"`
	BankName     string `json:"bank_name"`
	Instructions string `json:"instructions"`
}

func showBank(b invoice.BankAccount) bankView {
	return bankView{Currency: b.Currency, Country: b.Country, Holder: b.Holder, IBAN: b.IBAN, BIC: b.BIC, BankName: b.BankName, Instructions: b.Instructions}
}

type sellerView struct {
	Name               string `json:"name"`
	Line1              string `json:"line1"`
	Line2              string `json:"line2"`
	Postcode           string `json:"postcode"`
	City               string `json:"city"`
	Country            string `json:"country"`
	TaxID              string `json:"tax_id"`
	RegistrationNumber string `json:"registration_number"`
	Email              string `json:"email"`
	Phone              string `json:"phone"`
}

func showSeller(s invoice.Seller) sellerView {
	return sellerView{
		Name: s.Name, Line1: s.Line1, Line2: s.Line2, Postcode: s.Postcode, City: s.City, Country: s.Country, TaxID: s.TaxID,
		RegistrationNumber: s.RegistrationNumber, Email: s.Email, Phone: s.Phone,
	}
}

type lineView struct {
	Description string      `json:"description"`
	Quantity    int64       `json:"quantity"`
	Unit        money.Money `json:"unit_price"`
}

type invoiceView struct {
	ID            string      `json:"id"`
	Subscription  string      `json:"subscription_id"`
	Number        string      `json:"number"`
	Status        string      `json:"status" enum:"draft,open,paid,void,uncollectible"`
	Net           money.Money `json:"net"`
	Tax           money.Money `json:"tax"`
	TaxRate       int64       `json:"tax_rate" doc:"In hundredths of a per cent: 1900 is 19 %."`
	TaxCategory   string      `json:"tax_category" enum:"S,Z,AE,O" doc:"The code of EN 16931: standard rate, zero rate, reverse charge, not subject to tax."`
	TaxNote       *string     `json:"tax_note" doc:"What the law wants said, in the buyer's language."`
	TaxIncluded   bool        `json:"prices_include_tax" doc:"The prices of the lines have the tax in them."`
	Total         money.Money `json:"total" doc:"Net and tax."`
	Paid          money.Money `json:"paid"`
	Credited      money.Money `json:"credited" doc:"What credit notes have taken back of the total."`
	Seller        *sellerView `json:"seller" doc:"As it was when the invoice was issued."`
	Buyer         *buyerView  `json:"buyer" doc:"As it was when the invoice was issued."`
	AmountDue     money.Money `json:"amount_due"`
	Issued        time.Time   `json:"issued_at"`
	Due           time.Time   `json:"due_at"`
	PaidAt        *time.Time  `json:"paid_at"`
	Reference     string      `json:"reference" doc:"To be given with a bank transfer (ISO 11649)."`
	PaymentMethod string      `json:"payment_method" enum:"stripe,paypal,bank_transfer"`
	Bank          *bankView   `json:"bank_details" doc:"Where to send a bank transfer. Null when the invoice is not paid that way, or while the operator has not said where."`
	Lines         []lineView  `json:"lines,omitempty"`

	Package *soldView `json:"package" doc:"The credits that it sells. Null: it is for a plan."`
}

// soldView is credits that an invoice sells.
type soldView struct {
	Code    string `json:"code"`
	Credits int64  `json:"credits"`
	Days    int64  `json:"valid_days" doc:"From the payment on. 0: for ever."`
}

// invoiceOf is an invoice with where to send the money.
func invoiceOf(ctx context.Context, r tenant.Reader, i invoice.Invoice) (invoiceView, error) {
	v := invoiceView{
		ID: i.ID.String(), Subscription: i.Subscription.String(), Number: i.Number, Status: string(i.Status),
		Net: i.Net, Tax: i.Tax, TaxRate: int64(i.Taxed.Rate), TaxCategory: string(i.Taxed.Category), TaxNote: text(i.Taxed.Note),
		TaxIncluded: i.TaxIncluded, Total: i.Total, Paid: i.Paid, Credited: i.Credited,
		AmountDue: i.AmountDue(), Issued: i.Issued, Due: i.Due, PaidAt: moment(i.PaidAt), Reference: i.Reference,
		PaymentMethod: string(i.PaymentMethod),
	}
	if p := i.Pack; !p.IsZero() {
		v.Package = &soldView{Code: p.Code, Credits: int64(p.Credits), Days: p.Days}
	}
	if i.Seller.Name != "" {
		v.Seller = ptr(showSeller(i.Seller))
	}
	if i.Buyer.Company != "" {
		v.Buyer = ptr(showBuyer(i.Buyer))
	}
	for _, l := range i.Lines {
		v.Lines = append(v.Lines, lineView{Description: l.Description, Quantity: l.Quantity, Unit: l.Unit})
	}
	if i.PaymentMethod != account.BankTransfer {
		return v, nil
	}
	b, err := invoice.PayTo(ctx, r.Shared(), i)
	if errors.Is(err, invoice.ErrNoBankAccount) {
		return v, nil
	}
	v.Bank = ptr(showBank(b))
	return v, err
}

type paymentView struct {
	ID         string       `json:"id"`
	Invoice    *string      `json:"invoice_id"`
	Status     string       `json:"status" enum:"pending,pending_review,awaiting_approval,succeeded,rejected,refunded,reversed"`
	Method     string       `json:"method" enum:"stripe,paypal,bank_transfer"`
	Amount     money.Money  `json:"amount"`
	ExternalID string       `json:"external_payment_id"`
	PayerName  string       `json:"payer_name"`
	ProofURL   *string      `json:"proof_url"`
	HasProof   bool         `json:"has_proof" doc:"A file shows it: see its proof."`
	Allocated  money.Money  `json:"allocated" doc:"What went to invoices."`
	Unapplied  money.Money  `json:"unapplied" doc:"What has gone to none yet."`
	Refunded   money.Money  `json:"refunded" doc:"What was sent back."`
	Reported   *money.Money `json:"reported_amount" doc:"What the tenant said. Null: he said nothing."`
	Reason     *string      `json:"reason" doc:"Why it was rejected or undone."`
	Created    time.Time    `json:"created_at"`
	Confirmed  *time.Time   `json:"confirmed_at"`
	Ended      *time.Time   `json:"ended_at" doc:"When it was rejected or undone."`
}

func showPayment(p payment.Payment) paymentView {
	var reported *money.Money
	if p.Reported.Amount > 0 {
		reported = &p.Reported
	}
	return paymentView{
		HasProof: p.HasProof, Allocated: p.Allocated, Unapplied: p.Unapplied(), Refunded: p.Refunded, Reported: reported, Reason: text(p.Reason), Ended: moment(p.Ended),
		ID: p.ID.String(), Invoice: text(p.Invoice.String()), Status: string(p.Status), Method: string(p.Method), Amount: p.Amount,
		ExternalID: p.ExternalID, PayerName: p.PayerName, ProofURL: text(p.ProofURL), Created: p.Created, Confirmed: moment(p.Confirmed),
	}
}
