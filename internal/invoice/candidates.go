package invoice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/tenant"
)

// Candidate is an invoice of some account's, for an operator who looks for what
// a bank line pays.
type Candidate struct {
	Account tenant.AccountID
	Invoice
}

// AllOpen lists the open invoices of all accounts, oldest first.
func AllOpen(ctx context.Context, s *tenant.Survey) ([]Candidate, error) {
	return candidates(ctx, s, `status = 'open' ORDER BY id`)
}

// Referenced lists the invoices of all accounts, in whatever state, that have
// one of the references or numbers.
func Referenced(ctx context.Context, s *tenant.Survey, references, numbers []string) ([]Candidate, error) {
	var all []Candidate
	for column, values := range map[string][]string{"reference": references, "number": numbers} {
		for part := range slices.Chunk(values, 500) {
			marks, args := make([]string, len(part)), make([]any, len(part))
			for i, v := range part {
				marks[i], args[i] = "$"+strconv.Itoa(i+1), v
			}
			found, err := candidates(ctx, s, column+` IN (`+strings.Join(marks, ", ")+`) ORDER BY id`, args...)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
	slices.SortFunc(all, func(a, b Candidate) int { return strings.Compare(a.ID.String(), b.ID.String()) })
	return slices.CompactFunc(all, func(a, b Candidate) bool { return a.ID == b.ID }), nil
}

func candidates(ctx context.Context, s *tenant.Survey, where string, args ...any) ([]Candidate, error) {
	var all []Candidate
	err := s.Each(ctx, `SELECT `+columns+`, account_id FROM invoices WHERE `+where, args, func(scan tenant.Scan) error {
		var c Candidate
		var err error
		c.Invoice, err = read(func(dest ...any) error { return scan(append(dest, &c.Account)...) })
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("invoices of all accounts: %w", err)
	}
	return all, nil
}
