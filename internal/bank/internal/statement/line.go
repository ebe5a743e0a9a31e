package statement

import (
	"strings"
	"time"

	"igny8/internal/money"
)

// Line is one movement of money, or the announcement of one.
//
// A CAMT entry (Ntry) without details (TxDtls), or with one, is a line of the
// entry's amount. One with several, a batch booking, is a line for each when
// each has an amount in the entry's currency; these must add up to the entry,
// or the file is refused. Where amounts are missing or in another currency,
// nobody can tell how the entry divides: it is one line, and its details are
// Parts.
type Line struct {
	At int // the line of the file on which it begins, from 1

	BookedOn time.Time // BookgDt; :61: entry date. A day at midnight UTC, zero: not said.
	ValueOn  time.Time // ValDt; :61: value date

	// Amount is as the file says it. It is above zero in every sound file;
	// what is not cannot pay for anything (see Hindrance).
	Amount   money.Money
	Credit   bool   // money came in: CdtDbtInd CRDT; :61: C and RD
	Reversal bool   // an earlier line is taken back: RvslInd; :61: RC and RD
	Booked   bool   // false: announced only. Sts BOOK; all but EC and ED of :61:
	Status   string // Sts as it stands: BOOK, PDNG, INFO, FUTR
	Returned string // why a payment came back: RtrInf/Rsn; MT940 ?34 of a return; "?" when no reason is given

	IDs Identities

	// Who paid whom: RltdPties and RltdAgts. MT940 and CSV name the other side
	// only: the debtor of what came in, the creditor of what went out.
	Debtor, Creditor                 Party
	UltimateDebtor, UltimateCreditor string // on whose behalf: UltmtDbtr/Nm, UltmtCdtr/Nm; ABWA+, ABWE+

	References []Reference // structured, in order
	Text       []string    // unstructured, its parts in order: RmtInf/Ustrd, then AddtlRmtInf
	Code       Code
	Charges    []Charge
	Original   *Original // nil: in the account's currency all the way
	Info       string    // the bank's own words: AddtlNtryInf, AddtlTxInf; ?00; a column of a CSV file
	Raw        string    // MT940: the whole of :86:, as it stands

	// Parts are the payments that make up this line where the file does not say
	// how its amount divides among them. Their own amounts are zero.
	Parts []Line
}

// Identities are the names by which others know a line, each as it was given.
// An identity that says that there is none (NOTPROVIDED, NONREF) is left out.
type Identities struct {
	EntryRef        string // NtryRef
	AcctSvcrRef     string // Ntry/AcctSvcrRef: the bank's own, of the whole entry
	TxAcctSvcrRef   string // TxDtls/Refs/AcctSvcrRef: the bank's own, of this payment
	EndToEndID      string // Refs/EndToEndId; EREF+; /EREF/
	TxID            string // Refs/TxId
	UETR            string // Refs/UETR
	InstructionID   string // Refs/InstrId
	MessageID       string // Refs/MsgId, else Btch/MsgId
	PaymentInfoID   string // Refs/PmtInfId, else Btch/PmtInfId
	MandateID       string // Refs/MndtId; MREF+; /MARF/
	CreditorID      string // CRED+; /CSID/
	ClearingRef     string // Refs/ClrSysRef
	ChequeNumber    string // Refs/ChqNb
	OwnerTxID       string // Refs/AcctOwnrTxId
	ServicerTxID    string // Refs/AcctSvcrTxId
	MarketTxID      string // Refs/MktInfrstrctrTxId
	ProcessingID    string // Refs/PrcgId
	Proprietary     []Reference
	CustomerRef     string // :61: before the strokes; KREF+ where it points there
	BankRef         string // :61: after the strokes
	Supplementary   string // :61: its second line
	StatementColumn string // CSV: the bank's id of the row
}

// Reference is a structured reference: CdtrRefInf/Ref with its type, such as
// SCOR; RfrdDocInf/Nb with its type, such as CINV; Refs/Prtry.
type Reference struct {
	Type  string
	Value string
}

// Party is one side of a payment.
type Party struct {
	Name        string // Nm, Pty/Nm, Agt/FinInstnId/Nm; ?32 and ?33; /NAME/
	Account     Account
	AccountName string // DbtrAcct/Nm, CdtrAcct/Nm
	BIC         string // of its bank: BIC or BICFI; ?30
	BankCode    string // of its bank, where that is no BIC: ClrSysMmbId/MmbId; ?30
	BankName    string // FinInstnId/Nm
}

// Code is how the bank classifies a line: BkTxCd/Domn and BkTxCd/Prtry, of the
// details where they have one. Of MT940 Proprietary is put together as German
// banks do it in CAMT: the type of :61:, then from :86: the code (GVC), the
// booking number (?10) and the key (?34), joined by "+".
type Code struct {
	Domain, Family, SubFamily string
	Proprietary, Issuer       string
}

// Charge is a fee: Chrgs/Rcrd, or Chrgs itself in older versions. Charges of a
// whole batch are those of its first line.
type Charge struct {
	Amount money.Money
	Credit bool
}

// Original is what was paid before it was exchanged: AmtDtls/InstdAmt, TxAmt
// or CntrValAmt, or TxDtls/Amt, whichever differs from the line's amount; OAMT+.
type Original struct {
	Amount money.Money
	Rate   string // CcyXchg/XchgRate, as it stands
}

// Day is the day of booking or, where that is not said, of value.
func (l Line) Day() time.Time {
	if l.BookedOn.IsZero() {
		return l.ValueOn
	}
	return l.BookedOn
}

// Counterparty is the other side: who paid what came in, who got what went
// out. A reversal has the sides of what it takes back.
func (l Line) Counterparty() Party {
	if l.Credit != l.Reversal {
		return l.Debtor
	}
	return l.Creditor
}

// Ultimate is on whose behalf the other side acted, where that is said.
func (l Line) Ultimate() string {
	if l.Credit != l.Reversal {
		return l.UltimateDebtor
	}
	return l.UltimateCreditor
}

// Words is the unstructured text in one piece, its parts separated by spaces.
// Banks cut texts anywhere: who looks for a reference leaves out the spaces.
func (l Line) Words() string { return strings.Join(l.Text, " ") }

// Hindrance is why a line can never pay for anything.
type Hindrance string

// The hindrances, in the order in which they are told.
const (
	NoHindrance Hindrance = ""
	Debit       Hindrance = "debit"     // money went out
	Reversed    Hindrance = "reversal"  // takes an earlier line back
	Unbooked    Hindrance = "unbooked"  // announced, or for information only
	Zero        Hindrance = "zero"      // moves nothing
	Negative    Hindrance = "negative"  // says less than nothing came in
	Return      Hindrance = "return"    // a payment of our own came back
	Undivided   Hindrance = "undivided" // several payments, and nobody knows of how much each
)

// Hindrance is NoHindrance only for money that came in and is there. Every
// other line is for people to read.
func (l Line) Hindrance() Hindrance {
	switch {
	case !l.Credit:
		return Debit
	case l.Reversal:
		return Reversed
	case !l.Booked:
		return Unbooked
	case l.Amount.Amount == 0:
		return Zero
	case l.Amount.Amount < 0:
		return Negative
	case l.Returned != "":
		return Return
	case len(l.Parts) > 0:
		return Undivided
	}
	return NoHindrance
}

// MayPay is whether the line can be money for an invoice.
func (l Line) MayPay() bool { return l.Hindrance() == NoHindrance }

// Identity is an identity as a file gives it, cleaned; "" where the file only
// says that there is none.
func Identity(s string) string {
	switch s = Clean(s); strings.ToUpper(s) {
	case "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF":
		return ""
	}
	return s
}
