package bank

import (
	"slices"

	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Tier is what kind of evidence speaks for a proposal, the best first. It is
// no score: the evidence itself is told.
type Tier int

// The tiers.
const (
	ByReference     Tier = 1 // one reference of ours, and exactly what is due
	ByReferenceOnly Tier = 2 // references, and another amount or several invoices; or a reference without its first letters
	ByNumber        Tier = 3 // numbers of invoices, and exactly what is due
	ByPayer         Tier = 4 // a payer who has paid before, and exactly what some of the account's invoices ask for
	ByAmount        Tier = 5 // nothing but the amount, or a number with another amount: a suggestion
)

// Proposal is what a line may be for.
type Proposal struct {
	Tier     Tier
	Account  tenant.AccountID
	Invoices []invoice.Invoice // to be paid in this order
	Due      money.Money       // what they ask for together
	Evidence []Evidence
}

// Evidence is one thing that speaks for a proposal.
type Evidence struct {
	Kind  string     // reference, reference_digits, number, amount, amount_differs, payer, reported
	Found words.Text // as it stands in the line, or what it was compared with
	Where string     // in the line
}

// Finding is something about a line that somebody has to know before he
// decides. A line with a finding is never confirmed by itself.
type Finding struct {
	Kind    string
	Message words.Text
	Account tenant.AccountID // whom it is about; zero: nobody
	Invoice invoice.ID       // zero: none
	Payment payment.ID       // zero: none
}

// Matching is what a line may pay for.
type Matching struct {
	Proposals []Proposal // the best first
	Findings  []Finding
}

// Best is the proposals of the best tier.
func (m Matching) Best() []Proposal {
	n := 0
	for n < len(m.Proposals) && m.Proposals[n].Tier == m.Proposals[0].Tier {
		n++
	}
	return m.Proposals[:n]
}

// Tie tells that nothing says which of several is meant.
func (m Matching) Tie() bool { return len(m.Best()) > 1 }

// Certain is the one thing that a line pays for, beyond doubt: one reference of
// ours, of an open invoice, exactly what is due, and nothing that speaks against it.
func (m Matching) Certain() (Proposal, bool) {
	best := m.Best()
	if len(best) != 1 || best[0].Tier != ByReference || len(m.Findings) > 0 {
		return Proposal{}, false
	}
	return best[0], true
}

// Match finds what a line may pay for.
func (b *Book) Match(l Line) Matching {
	if l.Hindrance != "" {
		return Matching{}
	}
	m := &matcher{book: b, line: l, proposed: map[string]int{}}
	if !slices.Contains(b.mine[l.IBAN], l.Amount.Currency) {
		m.find(Finding{Kind: "currency", Message: words.With("%s is in a currency for which this bank account is not ours.", l.Amount)})
		return m.Matching
	}
	m.references()
	m.numbers()
	m.payer()
	m.amount()
	m.slips()
	m.contradictions()
	m.confirmed()
	slices.SortStableFunc(m.Proposals, func(a, b Proposal) int { return int(a.Tier - b.Tier) })
	return m.Matching
}

type matcher struct {
	Matching
	book     *Book
	line     Line
	proposed map[string]int // invoices -> which proposal
	named    []invoice.Candidate
}

func (m *matcher) find(f Finding) {
	if !slices.Contains(m.Findings, f) {
		m.Findings = append(m.Findings, f)
	}
}

// propose adds a proposal, or evidence to the same one of a better tier.
func (m *matcher) propose(t Tier, all []invoice.Candidate, e ...Evidence) {
	p := Proposal{Tier: t, Account: all[0].Account, Due: money.Of(0, m.line.Amount.Currency), Evidence: e}
	key := ""
	for _, c := range all {
		sum, err := p.Due.Add(c.AmountDue())
		if err != nil {
			return // more than there is money for
		}
		p.Due, p.Invoices = sum, append(p.Invoices, c.Invoice)
		key += c.ID.String()
	}
	at, there := m.proposed[key]
	if !there {
		m.proposed[key] = len(m.Proposals)
		m.Proposals = append(m.Proposals, p)
		return
	}
	for _, one := range e {
		if !slices.Contains(m.Proposals[at].Evidence, one) {
			m.Proposals[at].Evidence = append(m.Proposals[at].Evidence, one)
		}
	}
}

// exact is the evidence of the amount.
func (m *matcher) exact(due money.Money) (Evidence, bool) {
	if due == m.line.Amount {
		return Evidence{"amount", words.With("%s, exactly what is due", m.line.Amount), "amount"}, true
	}
	rest, err := due.Sub(m.line.Amount)
	switch {
	case err != nil:
		return Evidence{"amount_differs", words.With("%s is due", due), "amount"}, false
	case rest.Amount > 0:
		return Evidence{"amount_differs", words.With("%s less than the %s that is due", rest, due), "amount"}, false
	}
	return Evidence{"amount_differs", words.With("%s more than the %s that is due", money.Of(-rest.Amount, rest.Currency), due), "amount"}, false
}

// usable tells whether an invoice can be paid by this line, and else says why
// not, since somebody has named it.
func (m *matcher) usable(c invoice.Candidate) bool {
	f := Finding{Account: c.Account, Invoice: c.ID}
	switch {
	case c.Status == invoice.Paid:
		f.Kind, f.Message = "invoice_paid", words.With("Invoice %s is paid already.", c.Number)
	case c.Status != invoice.Open:
		f.Kind, f.Message = "invoice_"+string(c.Status), words.With("Invoice %s is %s.", c.Number, string(c.Status))
	case c.Total.Currency != m.line.Amount.Currency:
		f.Kind, f.Message = "invoice_currency", words.With("Invoice %s asks for %s, and this is %s.", c.Number, c.Total.Currency, m.line.Amount)
	default:
		return true
	}
	m.find(f)
	return false
}

// hits is the invoices of an account that a line names, and where.
type hits struct {
	account  tenant.AccountID
	invoices []invoice.Candidate
	evidence []Evidence
	bare     bool // some without RF
}

func (m *matcher) collect(all []hits, c invoice.Candidate, e Evidence, bare bool) []hits {
	i := slices.IndexFunc(all, func(h hits) bool { return h.account == c.Account })
	if i < 0 {
		all, i = append(all, hits{account: c.Account}), len(all)
	}
	h := &all[i]
	if !slices.ContainsFunc(h.invoices, func(o invoice.Candidate) bool { return o.ID == c.ID }) {
		h.invoices = append(h.invoices, c)
		h.bare = h.bare || bare
	}
	if !slices.Contains(h.evidence, e) {
		h.evidence = append(h.evidence, e)
	}
	if !slices.ContainsFunc(m.named, func(o invoice.Candidate) bool { return o.ID == c.ID }) {
		m.named = append(m.named, c)
	}
	return all
}

func (m *matcher) references() {
	var all []hits
	for _, f := range references(m.line.told) {
		if c, ours := m.book.byRef[f.what]; ours && m.usable(c) {
			all = m.collect(all, c, Evidence{"reference", words.Verbatim(f.what), f.where}, false)
		}
	}
	known := func(r string) bool { _, ours := m.book.byRef[r]; return ours }
	for _, f := range bare(m.line.told, known) {
		if c := m.book.byRef[f.what]; m.usable(c) {
			all = m.collect(all, c, Evidence{"reference_digits", words.Verbatim(f.what), f.where}, true)
		}
	}
	for _, h := range all {
		m.proposeHits(h, func(exact, single bool) Tier {
			if exact && single && !h.bare {
				return ByReference
			}
			return ByReferenceOnly
		})
	}
}

func (m *matcher) numbers() {
	var all []hits
	for _, f := range numbers(m.line.told) {
		if c, ours := m.book.byNumber[f.what]; ours && m.usable(c) {
			all = m.collect(all, c, Evidence{"number", words.Verbatim(f.what), f.where}, false)
		}
	}
	for _, h := range all {
		m.proposeHits(h, func(exact, _ bool) Tier {
			if exact {
				return ByNumber
			}
			return ByAmount
		})
	}
}

// proposeHits proposes all that is named, and beside it the one of them that
// asks for exactly this amount.
func (m *matcher) proposeHits(h hits, tier func(exact, single bool) Tier) {
	due := money.Of(0, m.line.Amount.Currency)
	for _, c := range h.invoices {
		sum, err := due.Add(c.AmountDue())
		if err != nil {
			return
		}
		due = sum
	}
	amount, exact := m.exact(due)
	m.propose(tier(exact, len(h.invoices) == 1), h.invoices, append(slices.Clone(h.evidence), amount)...)
	if len(h.invoices) == 1 || exact {
		return
	}
	for _, c := range h.invoices {
		if e, fits := m.exact(c.AmountDue()); fits {
			m.propose(tier(false, false), []invoice.Candidate{c}, append(slices.Clone(h.evidence), e)...)
		}
	}
}

func (m *matcher) payer() {
	from := letters(m.line.Payer.Account)
	for _, a := range m.book.payers[from] {
		e := Evidence{"payer", words.With("%s has paid for this account before", m.line.Payer.Account), "payer"}
		amount, _ := m.exact(m.line.Amount)
		for _, some := range sums(m.book.of[a], m.line.Amount) {
			m.propose(ByPayer, some, e, amount)
		}
	}
}

// How many invoices a transfer may be for that names none, among how many, and
// how many ways are told.
const (
	mostTogether = 5
	mostOpen     = 40
	mostWays     = 5
)

// sums finds invoices of an account, five at most, that ask for exactly an
// amount together; the fewest first.
func sums(open []invoice.Candidate, amount money.Money) [][]invoice.Candidate {
	var fit []invoice.Candidate
	for _, c := range open {
		if due := c.AmountDue(); due.Currency == amount.Currency && due.Amount > 0 && due.Amount <= amount.Amount && len(fit) < mostOpen {
			fit = append(fit, c)
		}
	}
	var ways [][]invoice.Candidate
	var some []invoice.Candidate
	var search func(from int, rest int64, n int)
	search = func(from int, rest int64, n int) {
		if n == 0 {
			if rest == 0 {
				ways = append(ways, slices.Clone(some))
			}
			return
		}
		for i := from; i+n <= len(fit) && len(ways) < mostWays; i++ {
			if due := fit[i].AmountDue().Amount; due <= rest {
				some = append(some, fit[i])
				search(i+1, rest-due, n-1)
				some = some[:len(some)-1]
			}
		}
	}
	for n := 1; n <= mostTogether && len(ways) < mostWays; n++ {
		search(0, amount.Amount, n)
	}
	return ways
}

// amount suggests who owes exactly this, when nothing better is known.
func (m *matcher) amount() {
	if len(m.Proposals) > 0 {
		return
	}
	owe := m.book.due[m.line.Amount]
	if len(owe) > mostWays {
		m.find(Finding{Kind: "many_owe", Message: words.With("%d open invoices ask for %s.", len(owe), m.line.Amount)})
		return
	}
	for _, c := range owe {
		e, _ := m.exact(c.AmountDue())
		m.propose(ByAmount, []invoice.Candidate{c}, e)
	}
}

func (m *matcher) slips() {
	for _, f := range slips(m.line.told) {
		m.find(Finding{Kind: "reference_slip", Message: words.With("In %s stands %s, which is no reference: a character is wrong, or two have changed places.", f.where, f.what)})
	}
}

// contradictions are what speaks against the best proposal.
func (m *matcher) contradictions() {
	var accounts []tenant.AccountID
	for _, c := range m.named {
		if !slices.Contains(accounts, c.Account) {
			accounts = append(accounts, c.Account)
		}
	}
	if len(accounts) > 1 {
		m.find(Finding{Kind: "several_accounts", Message: "The line names invoices of several accounts."})
	}
	if len(m.named) == 0 {
		return
	}
	before := m.book.payers[letters(m.line.Payer.Account)]
	if len(before) > 0 && !slices.ContainsFunc(accounts, func(a tenant.AccountID) bool { return slices.Contains(before, a) }) {
		m.find(Finding{
			Kind: "payer_of_another", Account: before[0],
			Message: "The line names an invoice of one account, and its payer has paid for another before.",
		})
	}
	if len(m.Proposals) > 0 && m.Proposals[0].Tier == ByReference && len(m.named) > 1 && len(accounts) == 1 {
		m.find(Finding{Kind: "several_invoices", Account: accounts[0], Message: "The line names more invoices than its amount is for."})
	}
}
