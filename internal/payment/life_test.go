package payment_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"reflect"
	"testing"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/credit"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// Two of the operator's people.
var (
	olga = account.NewUserID()
	otto = account.NewUserID()
)

// as runs fn for one of the staff, in the account of s.
func (k *desk) as(u account.UserID, s tenant.Scope, fn func(context.Context, *tenant.Tx) error) error {
	use := identity.Use{
		Operator:  tenanttest.OperatorNamed(u.String(), tenant.PaymentsConfirm, tenant.PaymentsApprove),
		Privilege: tenant.PaymentsConfirm, Operation: "test",
	}
	return k.ids.Act(k.t.Context(), use, s.Account(), fn)
}

func (k *desk) rules(r payment.Rules) {
	k.t.Helper()
	err := k.st.UpdateFor(k.t.Context(), tenanttest.Operator(tenant.PlansManage), tenant.PlansManage, func(ctx context.Context, tx *tenant.SharedTx) error {
		return payment.SetRules(ctx, tx, r)
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

// confirm is one of the staff who types a transfer in.
func (k *desk) confirm(u account.UserID, s tenant.Scope, r payment.Received) (c payment.Confirmation, err error) {
	r.Method = account.BankTransfer
	err = k.as(u, s, func(ctx context.Context, tx *tenant.Tx) error {
		c, err = k.desk.Receive(ctx, tx, r)
		return err
	})
	return c, err
}

func (k *desk) approve(u account.UserID, s tenant.Scope, p payment.ID) (c payment.Confirmation, err error) {
	err = k.as(u, s, func(ctx context.Context, tx *tenant.Tx) error {
		c, err = k.desk.Approve(ctx, tx, p)
		return err
	})
	return c, err
}

func (k *desk) reject(u account.UserID, s tenant.Scope, p payment.ID) error {
	return k.as(u, s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := k.desk.Reject(ctx, tx, p, "not there")
		return err
	})
}

func (k *desk) undo(u account.UserID, s tenant.Scope, p payment.ID) (n payment.Undone, err error) {
	err = k.as(u, s, func(ctx context.Context, tx *tenant.Tx) error {
		n, err = k.desk.Undo(ctx, tx, p, "a mistake")
		return err
	})
	return n, err
}

func (k *desk) report(s tenant.Scope, r payment.Report) (p payment.Payment, err error) {
	err = k.in(s, func(ctx context.Context, tx *tenant.Tx) error {
		p, err = k.desk.Report(ctx, tx, r)
		return err
	})
	return p, err
}

// spend uses credits as an AI operation does: held, opened, settled.
func (k *desk) spend(s tenant.Scope, n credit.Credits) {
	k.t.Helper()
	err := k.in(s, func(ctx context.Context, tx *tenant.Tx) error {
		id, err := credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: credit.GenerateIdeas, Reference: "test"})
		if err != nil {
			return err
		}
		h, err := credit.Open(ctx, tx, id)
		if err != nil {
			return err
		}
		return credit.Settle(ctx, tx, h, n)
	})
	if err != nil {
		k.t.Fatal(err)
	}
}

func (k *desk) unapplied(s tenant.Scope) money.Money {
	k.t.Helper()
	got := eur(0)
	err := k.st.View(k.t.Context(), s, func(ctx context.Context, v *tenant.View) error {
		all, err := payment.Balances(ctx, v)
		for _, m := range all {
			got = m
		}
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return got
}

func (k *desk) invoice(s tenant.Scope, id invoice.ID) (i invoice.Invoice) {
	k.t.Helper()
	err := k.st.View(k.t.Context(), s, func(ctx context.Context, v *tenant.View) (err error) {
		i, err = invoice.Load(ctx, v, id)
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return i
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func TestPartsMakeAWhole(t *testing.T) {
	k := newDesk(t)
	_, inv := k.checkout(k.s, "growth")
	part, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(15_000), PayerName: "P"})
	if err != nil || part.Invoice.AmountDue() != eur(5_000) || part.Invoice.Status != invoice.Open {
		t.Fatalf("a part: %+v, %v", part, err)
	}
	if v := k.look(k.s); v.Standing != "account.payment_required" || v.Available != 0 {
		t.Errorf("after a part: %+v", v)
	}
	whole, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(6_000), PayerName: "P"})
	if err != nil || whole.Invoice.Status != invoice.Paid || whole.Payment.Unapplied() != eur(1_000) {
		t.Fatalf("the rest and more: %+v, %v", whole, err)
	}
	if v := k.look(k.s); v.Standing != "" || v.Available != 2000 || k.unapplied(k.s) != eur(1_000) {
		t.Errorf("after all of it: %+v, %s left", v, k.unapplied(k.s))
	}
	// Undoing the first part takes back what both had opened, and leaves the second.
	n, err := k.undo(olga, k.s, part.Payment.ID)
	if err != nil || n.Taken != 2000 || n.Owed != 0 || n.Payment.Status != payment.Reversed {
		t.Fatalf("undone: %+v, %v", n, err)
	}
	if i := k.invoice(k.s, inv.ID); i.Status != invoice.Open || i.AmountDue() != eur(15_000) {
		t.Errorf("the invoice after it: %+v", i)
	}
	if v := k.look(k.s); v.Standing != "account.payment_required" || v.Available != 0 || v.Subscription != subscription.PendingPayment || v.Status != account.PendingPayment {
		t.Errorf("after undoing: %+v", v)
	}
	before := dbtest.Dump(t, k.d)["payments"]
	if n, err := k.undo(olga, k.s, part.Payment.ID); err != nil || n.Payment.Status != payment.Reversed {
		t.Errorf("undone again: %+v, %v", n, err)
	}
	if after := dbtest.Dump(t, k.d)["payments"]; !reflect.DeepEqual(before, after) {
		t.Errorf("undoing again changed something")
	}
	// The same transfer may be told of again: this time it was right.
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(15_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.s); v.Standing != "" || v.Available != 2000 || k.unapplied(k.s) != eur(1_000) {
		t.Errorf("told of again: %+v, %s left", v, k.unapplied(k.s))
	}
}

func TestTheBalancePaysTheNextInvoice(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(30_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	sub, inv := k.checkout(k.s, "growth") // 200.00, and as much is left
	// All of the starter plan is unused: its 100.00 are the account's again.
	if inv.Status != invoice.Paid || sub.Status != subscription.Active || k.unapplied(k.s) != eur(10_000) {
		t.Errorf("ordered with a balance: %+v, %+v, %s left", inv, sub, k.unapplied(k.s))
	}
	if v := k.look(k.s); v.Plan != "growth" || v.Available != 2000 || v.Standing != "" {
		t.Errorf("%+v", v)
	}
}

func TestCreditsThatWereSpentAreOwed(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	k.spend(k.s, 300)
	n, err := k.undo(olga, k.s, c.Payment.ID)
	if err != nil || n.Taken != 700 || n.Owed != 300 {
		t.Fatalf("undone: %+v, %v", n, err)
	}
	if v := k.look(k.s); v.Available != 0 {
		t.Errorf("after undoing: %+v", v)
	}
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(10_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.s); v.Available != 700 {
		t.Errorf("when it is really paid: %+v, want 700 of 1000, since 300 had been used", v)
	}
}

// TestWorkGoesOnWhileItsCreditsAreTakenBack: what a hold gives back later is
// owed no more.
func TestWorkGoesOnWhileItsCreditsAreTakenBack(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	var hold credit.HoldID
	err = k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
		hold, err = credit.Reserve(ctx, tx, credit.Want{Amount: 400, Operation: credit.GenerateIdeas, Reference: "test"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := k.undo(olga, k.s, c.Payment.ID); err != nil || n.Taken != 600 || n.Owed != 400 {
		t.Fatalf("undone: %+v, %v", n, err)
	}
	var left []credit.Debt
	err = k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
		h, err := credit.Open(ctx, tx, hold)
		if err != nil {
			return err
		}
		if err := credit.Settle(ctx, tx, h, 150); err != nil {
			return err
		}
		left, err = credit.Debts(ctx, tx)
		return err
	})
	if err != nil || len(left) != 1 || left[0].Remaining != 150 {
		t.Errorf("owed after 150 of 400 were used: %+v, %v", left, err)
	}
	if v := k.look(k.s); v.Available != 0 {
		t.Errorf("%+v", v)
	}
}

func TestUndoingPutsBackWhatRanBefore(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	first := k.look(k.s)
	k.checkout(k.s, "growth")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(20_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.s); v.Plan != "growth" || k.unapplied(k.s) != eur(10_000) {
		t.Fatalf("%+v, %s left", v, k.unapplied(k.s))
	}
	if _, err := k.undo(otto, k.s, c.Payment.ID); err != nil {
		t.Fatal(err)
	}
	v := k.look(k.s)
	if v.Plan != "starter" || v.Subscription != subscription.Active || v.Standing != "" || v.Available != first.Available || v.Period != first.Period {
		t.Errorf("after undoing\n got %+v\nwant %+v", v, first)
	}
}

// TestUnusedDaysAreTheAccountsAgain: of a month of 28 days 21 are left, and 400
// of 1000 credits, so 40 % are given back; and taken again when the payment for
// the next plan is undone.
func TestUnusedDaysAreTheAccountsAgain(t *testing.T) {
	k := newDesk(t)
	k.hand.Advance(22 * 24 * time.Hour) // 1 February: 28 days
	k.checkout(k.s, "starter")
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	k.hand.Advance(7 * 24 * time.Hour)
	k.spend(k.s, 600)
	k.checkout(k.s, "growth")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(20_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.s); v.Plan != "growth" || v.Available != 2000 || k.unapplied(k.s) != eur(4_000) {
		t.Errorf("after the change: %+v, %s left", v, k.unapplied(k.s))
	}
	n, err := k.undo(olga, k.s, c.Payment.ID)
	if err != nil || n.Taken != 2000 {
		t.Fatalf("undone: %+v, %v", n, err)
	}
	if v := k.look(k.s); v.Plan != "starter" || v.Available != 400 || v.Standing != "" || k.unapplied(k.s) != eur(0) {
		t.Errorf("after undoing: %+v, %s left", v, k.unapplied(k.s))
	}
	// With all credits left it is the time that counts: three quarters.
	k.checkout(k.b, "starter")
	if _, err := k.confirm(olga, k.b, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	k.hand.Advance(7 * 24 * time.Hour)
	k.checkout(k.b, "growth")
	if _, err := k.confirm(olga, k.b, payment.Received{ExternalID: "2", Amount: eur(20_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	if v := k.look(k.b); v.Available != 2250 || k.unapplied(k.b) != eur(7_500) {
		t.Errorf("with all credits left: %+v, %s left", v, k.unapplied(k.b))
	}
}

func TestALaterPeriodStandsInTheWay(t *testing.T) {
	k := newDesk(t)
	sub, _ := k.checkout(k.s, "starter")
	first, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	var next invoice.Invoice
	err = k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
		next, err = invoice.Issue(ctx, tx, invoice.New{Subscription: sub.ID, PaymentMethod: account.BankTransfer, Lines: []invoice.Line{{Description: "next", Quantity: 1, Unit: eur(10_000)}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(10_000), PayerName: "P", Invoices: []invoice.ID{next.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.undo(olga, k.s, first.Payment.ID); !errors.Is(err, subscription.ErrLaterPaid) {
		t.Errorf("the first, while the second stands: %v", err)
	}
	for _, p := range []payment.ID{second.Payment.ID, first.Payment.ID} {
		if _, err := k.undo(olga, k.s, p); err != nil {
			t.Errorf("the last first: %v", err)
		}
	}
	if v := k.look(k.s); v.Open != 2 || v.Paid != 0 || v.Subscription != subscription.PendingPayment || v.Available != 0 {
		t.Errorf("%+v", v)
	}
}

func TestASecondPerson(t *testing.T) {
	k := newDesk(t)
	k.rules(payment.Rules{Above: []money.Money{eur(15_000)}, Uncertain: true})
	k.checkout(k.s, "growth")
	tr := payment.Received{ExternalID: "1", Amount: eur(20_000), PayerName: "P", Exact: true}
	before := k.look(k.s)
	c, err := k.confirm(olga, k.s, tr)
	if err != nil || !c.Waits() || !c.New {
		t.Fatalf("above the limit: %+v, %v", c, err)
	}
	if v := k.look(k.s); v.Available != 0 || v.Standing != before.Standing || v.Open != 1 || k.unapplied(k.s) != eur(0) {
		t.Errorf("something moved: %+v", v)
	}
	for _, u := range []account.UserID{olga, otto} { // a second confirmation is no approval
		if again, err := k.confirm(u, k.s, tr); err != nil || !again.Waits() || again.New || again.Payment.ID != c.Payment.ID {
			t.Errorf("told again by %s: %+v, %v", u, again, err)
		}
	}
	if _, err := k.approve(olga, k.s, c.Payment.ID); !errors.Is(err, payment.ErrSamePerson) {
		t.Errorf("approved by who confirmed it: %v", err)
	}
	done, err := k.approve(otto, k.s, c.Payment.ID)
	if err != nil || done.Payment.Status != payment.Succeeded || done.Payment.ConfirmedBy != "staff:"+olga.String() || done.Payment.ApprovedBy != "staff:"+otto.String() {
		t.Fatalf("approved: %+v, %v", done, err)
	}
	for range 2 {
		if _, err := k.approve(otto, k.s, c.Payment.ID); err != nil {
			t.Errorf("approved again: %v", err)
		}
	}
	if v := k.look(k.s); v.Available != 2000 || v.Standing != "" || v.Events != 1 {
		t.Errorf("after it: %+v", v)
	}
}

func TestWhatChangedMeanwhileCannotBeApproved(t *testing.T) {
	k := newDesk(t)
	k.rules(payment.Rules{Uncertain: true})
	k.checkout(k.s, "growth")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(19_000), PayerName: "P"})
	if err != nil || !c.Waits() {
		t.Fatalf("%+v, %v", c, err)
	}
	k.checkout(k.s, "starter") // he thought again
	if _, err := k.approve(otto, k.s, c.Payment.ID); !errors.Is(err, payment.ErrChanged) {
		t.Errorf("approved: %v", err)
	}
	if err := k.reject(otto, k.s, c.Payment.ID); err != nil {
		t.Errorf("rejected: %v", err)
	}
	if _, err := k.approve(otto, k.s, c.Payment.ID); code(err) != "payment.state" {
		t.Errorf("approved after it was rejected: %v", err)
	}
	if _, err := k.confirm(otto, k.s, payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"}); err != nil {
		t.Errorf("confirmed anew, exactly what is due: %v", err)
	}
}

// TestAPartThatCameMeanwhile: what was due when the first confirmed is not due
// any more when the second looks.
func TestAPartThatCameMeanwhile(t *testing.T) {
	k := newDesk(t)
	k.rules(payment.Rules{Above: []money.Money{eur(15_000)}})
	k.checkout(k.s, "growth")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(20_000), PayerName: "P", Exact: true})
	if err != nil || !c.Waits() {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(5_000), PayerName: "P"}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.approve(otto, k.s, c.Payment.ID); !errors.Is(err, payment.ErrChanged) {
		t.Errorf("approved although 50.00 of it have come: %v", err)
	}
}

// TestWhatWasNotSpentIsNotOwed: credits that an operator took, or that ended
// with their time, were not used by anybody.
func TestWhatWasNotSpentIsNotOwed(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	k.checkout(k.b, "starter")
	tr := payment.Received{ExternalID: "1", Amount: eur(10_000), PayerName: "P"}
	ours, err := k.confirm(olga, k.s, tr)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := k.confirm(olga, k.b, tr)
	if err != nil {
		t.Fatal(err)
	}
	k.spend(k.s, 300)
	err = k.as(olga, k.s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Adjust(ctx, tx, -100, "a correction")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := k.undo(olga, k.s, ours.Payment.ID); err != nil || n.Taken != 600 || n.Owed != 300 {
		t.Errorf("after 300 were spent and 100 taken: %+v, %v", n, err)
	}
	k.spend(k.b, 250)
	k.hand.Advance(35 * 24 * time.Hour)
	if n, err := k.undo(olga, k.b, theirs.Payment.ID); err != nil || n.Taken != 0 || n.Owed != 250 {
		t.Errorf("after 250 were spent and the rest ended: %+v, %v", n, err)
	}
	k.look(k.s)
	k.look(k.b)
}

func TestNobodyConfirmsForHimself(t *testing.T) {
	k := newDesk(t)
	p, err := k.ids.Prepare(t.Context(), identity.Registration{Email: "olga@example.com", Password: "correct horse battery", FirstName: "O", LastName: "O", AccountName: "x"})
	if err != nil {
		t.Fatal(err)
	}
	var me account.UserID
	err = k.in(k.s, func(ctx context.Context, tx *tenant.Tx) error {
		u, err := k.ids.CreateOwner(ctx, tx, p)
		me = u.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	k.checkout(k.s, "growth")
	tr := payment.Received{ExternalID: "1", Amount: eur(20_000), PayerName: "P"}
	if _, err := k.confirm(me, k.s, tr); !errors.Is(err, payment.ErrOwnAccount) {
		t.Errorf("confirmed for his own account: %v", err)
	}
	k.rules(payment.Rules{Own: true})
	c, err := k.confirm(me, k.s, tr)
	if err != nil || !c.Waits() {
		t.Fatalf("where a second person decides: %+v, %v", c, err)
	}
	if _, err := k.approve(otto, k.s, c.Payment.ID); err != nil {
		t.Errorf("approved by another: %v", err)
	}
	if _, err := k.undo(me, k.s, c.Payment.ID); !errors.Is(err, payment.ErrOwnAccount) {
		t.Errorf("undone for his own account: %v", err)
	}
}

func picture(t *testing.T, shade byte) payment.Proof {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 4, 4))
	m.Pix[0] = shade
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	p, err := payment.ParseProof(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAReportIsAClaim(t *testing.T) {
	k := newDesk(t)
	_, inv := k.checkout(k.s, "growth")
	shot := picture(t, 1)
	r := payment.Report{Invoice: inv.ID, ExternalID: "E2E 7", Amount: eur(20_000), PayerName: "Paula", Proof: &shot}
	p, err := k.report(k.s, r)
	if err != nil || p.Status != payment.PendingReview || !p.HasProof {
		t.Fatalf("reported: %+v, %v", p, err)
	}
	if v := k.look(k.s); v.Standing != "account.payment_required" || v.Events != 0 {
		t.Errorf("a claim moved something: %+v", v)
	}
	if again, err := k.report(k.s, r); err != nil || again.ID != p.ID {
		t.Errorf("reported again: %+v, %v", again, err)
	}
	other := r
	other.ExternalID = "E2E 8"
	if _, err := k.report(k.s, other); !errors.Is(err, payment.ErrProofUsed) {
		t.Errorf("one file for two payments: %v", err)
	}
	other = r
	other.Amount = eur(19_000)
	if _, err := k.report(k.s, other); !errors.Is(err, payment.ErrConflict) {
		t.Errorf("another amount under the same reference: %v", err)
	}
	// The bank says something else than he did: what the bank says counts.
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "E2E 7", Amount: eur(12_000), PayerName: "Paula P."})
	if err != nil || c.Payment.ID != p.ID || c.Payment.Amount != eur(12_000) || c.Payment.Reported != eur(20_000) || c.Invoice.AmountDue() != eur(8_000) {
		t.Errorf("confirmed with another amount: %+v, %v", c, err)
	}
	late := payment.Report{Invoice: inv.ID, ExternalID: "rest", Amount: eur(8_000), PayerName: "Paula"}
	claim, err := k.report(k.s, late)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.reject(olga, k.s, claim.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := k.report(k.s, late); err != nil || again.ID == claim.ID {
		t.Errorf("reported again after it was rejected: %+v, %v", again, err)
	}
	if c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "rest", Amount: eur(8_000), PayerName: "Paula", Exact: true}); err != nil || c.Invoice.Status != invoice.Paid {
		t.Errorf("the rest: %+v, %v", c, err)
	}
	if _, err := k.report(k.s, payment.Report{Invoice: inv.ID, ExternalID: "more", Amount: eur(1), PayerName: "P"}); !errors.Is(err, invoice.ErrNotOpen) {
		t.Errorf("reported for what is paid: %v", err)
	}
}

func TestWhatIsNoProof(t *testing.T) {
	t.Parallel()
	shot := picture(t, 1).Content
	for name, b := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "svg": []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "html": []byte("<html>"),
		"a picture that goes on": append(bytes.Clone(shot), "<script>"...), "a picture cut off": shot[:len(shot)-4],
		"pdf cut off": []byte("%PDF-1.7\n1 0 obj"), "pdf with a script": []byte("%PDF-1.7\n/OpenAction << /S /JavaScript >>\n%%EOF"),
		"too large": make([]byte, payment.MaxProof+1),
	} {
		if p, err := payment.ParseProof(b); !errors.Is(err, payment.ErrInvalidProof) {
			t.Errorf("%s is %s, %v", name, p.MediaType, err)
		}
	}
	if p, err := payment.ParseProof([]byte("%PDF-1.4\n...\n%%EOF\n")); err != nil || p.MediaType != "application/pdf" {
		t.Errorf("a PDF is %s, %v", p.MediaType, err)
	}
}

func TestTooMuchIsSentBack(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "starter")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(15_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	back := func(n int64) error {
		return k.as(olga, k.s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := k.desk.SentBack(ctx, tx, c.Payment.ID, eur(n), "too much")
			return err
		})
	}
	if err := back(5_001); !errors.Is(err, payment.ErrInvalid) {
		t.Errorf("more than is left: %v", err)
	}
	if err := back(5_000); err != nil || k.unapplied(k.s) != eur(0) {
		t.Errorf("what is left: %v, %s", err, k.unapplied(k.s))
	}
	if _, err := k.undo(olga, k.s, c.Payment.ID); !errors.Is(err, payment.ErrPartRefund) {
		t.Errorf("undone after a part went back: %v", err)
	}
	k.look(k.s)
}

// TestAConfirmationFaultsWhole breaks every statement of it in turn.
func TestEveryStepLeavesNothingBehindWhenItFails(t *testing.T) {
	k := newDesk(t)
	k.checkout(k.s, "growth")
	c, err := k.confirm(olga, k.s, payment.Received{ExternalID: "1", Amount: eur(25_000), PayerName: "P"})
	if err != nil {
		t.Fatal(err)
	}
	k.hand.Advance(time.Hour)
	n := dbtest.FailEverywhere(t, k.d, func() error {
		_, err := k.undo(olga, k.s, c.Payment.ID)
		return err
	})
	t.Logf("undoing was broken at %d statements", n)
	n = dbtest.FailEverywhere(t, k.d, func() error {
		_, err := k.confirm(olga, k.s, payment.Received{ExternalID: "2", Amount: eur(25_000), PayerName: "P"})
		return err
	})
	t.Logf("confirming was broken at %d statements", n)
	if v := k.look(k.s); v.Standing != "" || v.Available != 2000 {
		t.Errorf("%+v", v)
	}
	var actions []string
	err = k.st.View(t.Context(), k.s, func(ctx context.Context, v *tenant.View) error {
		events, err := audit.Of(ctx, v, audit.EventID{}, 1000)
		for _, e := range events {
			actions = append(actions, e.Action)
		}
		return err
	})
	if err != nil || len(actions) == 0 {
		t.Errorf("%v, %v", actions, err)
	}
}
