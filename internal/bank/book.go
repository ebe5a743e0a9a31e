package bank

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

// Book is what bank lines are compared with, as it was at one moment: what is
// open, who has paid before, and what the accounts in question have paid.
type Book struct {
	mine     own
	open     []invoice.Candidate
	byRef    map[string]invoice.Candidate // in any state
	byNumber map[string]invoice.Candidate
	due      map[money.Money][]invoice.Candidate
	of       map[tenant.AccountID][]invoice.Candidate
	payers   map[string][]tenant.AccountID // accounts for which a bank account has paid
	payments map[tenant.AccountID][]payment.Payment
	matched  map[payment.ID]LineID
}

// Compare opens the book for lines.
func Compare(ctx context.Context, s *tenant.Survey, lines []Line) (*Book, error) {
	shared := s.Shared()
	mine, err := ownAccounts(ctx, shared)
	if err != nil {
		return nil, err
	}
	b := &Book{
		mine: mine, byRef: map[string]invoice.Candidate{}, byNumber: map[string]invoice.Candidate{},
		due: map[money.Money][]invoice.Candidate{}, of: map[tenant.AccountID][]invoice.Candidate{},
		payments: map[tenant.AccountID][]payment.Payment{}, matched: map[payment.ID]LineID{},
	}
	if b.open, err = invoice.AllOpen(ctx, s); err != nil {
		return nil, err
	}
	var refs, nums []string
	for _, l := range lines {
		if l.Hindrance != "" {
			continue
		}
		for _, f := range references(l.told) {
			refs = append(refs, f.what)
		}
		for _, f := range numbers(l.told) {
			nums = append(nums, f.what)
		}
	}
	named, err := invoice.Referenced(ctx, s, distinct(refs), distinct(nums))
	if err != nil {
		return nil, err
	}
	for _, c := range append(named, b.open...) {
		b.byRef[c.Reference], b.byNumber[c.Number] = c, c
	}
	for _, c := range b.open {
		b.due[c.AmountDue()] = append(b.due[c.AmountDue()], c)
		b.of[c.Account] = append(b.of[c.Account], c)
	}
	b.payers, err = payers(ctx, shared, lines)
	return b, err
}

func distinct(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// payers finds for which accounts the payers of lines have paid before.
func payers(ctx context.Context, r tenant.Shared, lines []Line) (map[string][]tenant.AccountID, error) {
	var all []string
	for _, l := range lines {
		if a := letters(l.Payer.Account); a != "" && l.Hindrance == "" {
			all = append(all, a)
		}
	}
	known := map[string][]tenant.AccountID{}
	for part := range slices.Chunk(distinct(all), 500) {
		marks, args := make([]string, len(part)), make([]any, len(part))
		for i, a := range part {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), a
		}
		err := r.Each(ctx, `
			SELECT DISTINCT l.payer_account, h.account_id FROM bank_lines l JOIN bank_line_states h ON h.line_id = l.id
			WHERE h.state = 'matched' AND l.payer_account IN (`+strings.Join(marks, ", ")+`) ORDER BY h.account_id`, args,
			func(scan tenant.Scan) error {
				var payer string
				var a tenant.AccountID
				err := scan(&payer, &a)
				known[payer] = append(known[payer], a)
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("who paid before: %w", err)
		}
	}
	return known, nil
}

// recentPayments is how many payments of an account are looked at.
const recentPayments = 200

// Recall reads what the accounts have paid that the lines could be for, so that
// Match tells of transfers that somebody has confirmed by hand.
func (b *Book) Recall(ctx context.Context, s *tenant.Survey, lines []Line) error {
	for _, l := range lines {
		m := b.Match(l)
		accounts := slices.Clone(b.payers[letters(l.Payer.Account)])
		for _, p := range m.Proposals {
			accounts = append(accounts, p.Account)
		}
		for _, f := range m.Findings {
			if !f.Account.IsZero() {
				accounts = append(accounts, f.Account)
			}
		}
		for _, a := range accounts {
			if _, there := b.payments[a]; there {
				continue
			}
			all, err := payment.List(ctx, s.Of(a), payment.ID{}, recentPayments)
			if err != nil {
				return err
			}
			b.payments[a] = all
			if err := matchedOf(ctx, s.Shared(), a, b.matched); err != nil {
				return err
			}
		}
	}
	return nil
}

// matchedOf adds which payments of an account are which lines.
func matchedOf(ctx context.Context, r tenant.Shared, a tenant.AccountID, into map[payment.ID]LineID) error {
	err := r.Each(ctx, `SELECT payment_id, line_id FROM bank_line_states WHERE account_id = $1 AND state = 'matched'`, []any{a}, func(scan tenant.Scan) error {
		var p payment.ID
		var l LineID
		err := scan(&p, &l)
		into[p] = l
		return err
	})
	if err != nil {
		return fmt.Errorf("matched lines of %s: %w", a, err)
	}
	return nil
}
