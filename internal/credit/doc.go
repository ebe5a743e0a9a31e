package credit

// Hold is filled in by the credit room; see credit.go when it is there.
type Hold struct{ amount Credits }

// Credits counts credits.
type Credits int64

// Amount is what the hold may spend.
func (h *Hold) Amount() Credits {
	if h == nil {
		return 0
	}
	return h.amount
}
