// Package statement is what a bank says about an account, whatever the file it
// said it in: CAMT, MT940 or CSV. Parsers give these types or a Refusal, never
// a part of a file and never an amount that the file does not hold.
package statement

import (
	"time"

	"igny8/internal/money"
)

// Format is the kind of file a statement was read from.
type Format string

// The formats that are read.
const (
	CAMT053 Format = "camt.053" // the day's statement
	CAMT054 Format = "camt.054" // a notice of single entries; has no balances
	MT940   Format = "mt940"
	CSV     Format = "csv"
)

// Limits of one file. A parser refuses more with ErrTooLarge.
const (
	MaxBytes = 20 << 20
	MaxLines = 200_000
)

// Statement is one statement of one account. A file may hold several.
//
//	field      CAMT                            MT940
//	ID         Stmt/Id or Ntfctn/Id            :20:
//	MessageID  GrpHdr/MsgId
//	Number     ElctrncSeqNb                    :28C: before the stroke
//	Legal      LglSeqNb
//	Page       StmtPgntn/PgNb, NtfctnPgntn     :28C: after the stroke
//	Copy       CpyDplctInd: CODU, COPY, DUPL
//	Account    Acct/Id/IBAN or Acct/Id/Othr/Id :25:
//	Name       Acct/Nm
//	Owner      Acct/Ownr/Nm
//	Currency   Acct/Ccy, else of the entries   :60F:
//	Created    CreDtTm                         :13:, :13D:
//	From, To   FrToDt
//	Balances   Bal                             :60F: :60M: :62F: :62M: :64: :65:
//	Info       AddtlStmtInf, AddtlNtfctnInf    :86: after :62F:
//
// Of a CSV file only Account (where the mapping names it), Currency and Lines
// are known.
type Statement struct {
	Format    Format
	Version   string // of CAMT, such as "08"
	At        int    // the line of the file on which it begins, from 1
	ID        string
	MessageID string
	Number    string
	Legal     string
	Page      string
	Copy      string
	Account   Account
	Name      string
	Owner     string
	Currency  string
	Created   time.Time // zero: not said. Without an offset it is read as UTC.
	From, To  time.Time
	Balances  []Balance
	Lines     []Line
	Info      string
}

// Account is a bank account by its IBAN or, where the file has none, by the
// number that the bank gives it. One of the two is empty.
type Account struct {
	IBAN  string // without spaces, in capitals, check digits right
	Other string // as the bank writes it
}

// ParseAccount is an account as a bank writes it: an IBAN when its check
// digits are right, else another number.
func ParseAccount(s string) Account {
	if iban, ok := ParseIBAN(s); ok {
		return Account{IBAN: iban}
	}
	return Account{Other: Clean(s)}
}

// Number is the IBAN, or else the other number.
func (a Account) Number() string {
	if a.IBAN != "" {
		return a.IBAN
	}
	return a.Other
}

// BalanceKind says which balance one is, by its code in ISO 20022.
type BalanceKind string

// The kinds of balance. Of several pages of an MT940 statement the first has
// OpeningBooked and the last ClosingBooked, the others the interim ones.
const (
	OpeningBooked    BalanceKind = "OPBD" // :60F:
	ClosingBooked    BalanceKind = "CLBD" // :62F:
	InterimBooked    BalanceKind = "ITBD"
	InterimOpening   BalanceKind = "ITBD-OPEN"  // :60M:
	InterimClosing   BalanceKind = "ITBD-CLOSE" // :62M:
	PreviousClosing  BalanceKind = "PRCD"
	OpeningAvailable BalanceKind = "OPAV"
	ClosingAvailable BalanceKind = "CLAV" // :64:
	ForwardAvailable BalanceKind = "FWAV" // :65:
	InterimAvailable BalanceKind = "ITAV"
	Expected         BalanceKind = "XPCD"
	Information      BalanceKind = "INFO"
)

// Balance is a balance of the account. It is negative when the bank is owed.
type Balance struct {
	Kind   BalanceKind
	Amount money.Money
	On     time.Time
}

// Balance is the first of a kind.
func (s Statement) Balance(kinds ...BalanceKind) (Balance, bool) {
	for _, k := range kinds {
		for _, b := range s.Balances {
			if b.Kind == k {
				return b, true
			}
		}
	}
	return Balance{}, false
}

// Opening is the balance before the first line, where the file says it.
func (s Statement) Opening() (Balance, bool) {
	return s.Balance(OpeningBooked, PreviousClosing, InterimOpening)
}

// Closing is the balance after the last line, where the file says it.
func (s Statement) Closing() (Balance, bool) { return s.Balance(ClosingBooked, InterimClosing) }

// Gap is how much the closing balance differs from the opening balance and all
// booked lines together. It is not ok where it cannot be told: a balance is
// missing, or the currencies differ. Some banks' files have gaps, so that a
// gap is a thing to show and not to refuse.
func (s Statement) Gap() (gap money.Money, ok bool) {
	opening, known := s.Opening()
	closing, knownToo := s.Closing()
	if !known || !knownToo {
		return gap, false
	}
	gap, err := closing.Amount.Sub(opening.Amount)
	for _, l := range s.Lines {
		switch {
		case err != nil:
			return money.Money{}, false
		case !l.Booked:
		case l.Credit:
			gap, err = gap.Sub(l.Amount)
		default:
			gap, err = gap.Add(l.Amount)
		}
	}
	return gap, err == nil
}
