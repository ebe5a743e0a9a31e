// Package bank finds which open invoice a bank line pays, and shows why.
//
// What the bank says is written down as it came, once, however many files and
// formats tell of it. A line belongs to no account: it becomes one's when
// somebody confirms it, or when the reference and the amount leave no doubt and
// the operator has allowed that. What a line may pay for is found anew each
// time that it is looked at, with the evidence and never with a score.
package bank

import (
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/tenant"
)

type fileKind struct{}

func (fileKind) Prefix() string { return "bfl" }

type statementKind struct{}

func (statementKind) Prefix() string { return "bst" }

type lineKind struct{}

func (lineKind) Prefix() string { return "bln" }

// FileID names an imported file.
type FileID = id.ID[fileKind]

// StatementID names a statement of a file.
type StatementID = id.ID[statementKind]

// LineID names a bank line.
type LineID = id.ID[lineKind]

// ParseStatementID reads a statement's id.
func ParseStatementID(s string) (StatementID, error) { return id.Parse[statementKind](s) }

// ParseLineID reads a bank line's id.
func ParseLineID(s string) (LineID, error) { return id.Parse[lineKind](s) }

// State is how far a line has been handled.
type State string

// The states.
const (
	Open    State = "open"    // money came in, and nobody has said what for
	Matched State = "matched" // it is a payment of an account
	Ignored State = "ignored" // staff say that it is none
	Inert   State = "inert"   // it can never pay for anything: see Line.Hindrance
)

// ParseState reads the name of a state, and tells whether there is such one.
func ParseState(s string) (State, bool) {
	switch st := State(s); st {
	case Open, Matched, Ignored, Inert:
		return st, true
	}
	return "", false
}

// Statement is a statement that was imported.
type Statement struct {
	ID         StatementID
	File       FileID
	FileName   string
	Format     string
	SHA256     string // of the file
	IBAN       string
	Currency   string
	OwnID      string // what the bank calls it
	Number     string
	Opening    *money.Money // nil: not said
	Closing    *money.Money
	Gap        *money.Money // by how much the balances and the lines differ; nil: it cannot be told
	From, To   time.Time    // the days of its lines; zero: it has none
	New        int          // lines that were not known before
	Known      int          // lines that another file had told of
	ImportedBy string
	Imported   time.Time
}

// Line is what the bank says of one movement of money, and what became of it.
type Line struct {
	ID        LineID
	Statement StatementID
	IBAN      string // of ours
	Day       time.Time
	Amount    money.Money
	Credit    bool
	Hindrance string // why it can never pay for anything; empty: it may
	Payer     Payer
	Words     string
	Names     []string // by which others know it
	Handling  Handling

	told statement.Line // all that the file said
}

// Payer is who sent money.
type Payer struct {
	Name    string
	Account string // IBAN, or another number
}

// Handling is what became of a line.
type Handling struct {
	State   State
	Account tenant.AccountID // whose payment it is; zero unless matched
	Payment payment.ID
	Reason  string // of ignoring
	By      string // see tenant.Actor
	At      time.Time
}

// What a caller can be told.
var (
	ErrStatementNotFound = fault.New(fault.NotFound, "bank_statement.not_found", "There is no such bank statement.")
	ErrLineNotFound      = fault.New(fault.NotFound, "bank_line.not_found", "There is no such bank line.")
	ErrForeign           = fault.New(fault.Invalid, "bank_statement.foreign_account", "This statement is of a bank account that is not ours.")
	ErrFormat            = fault.New(fault.Invalid, "bank_statement.unknown_format", "This is no CAMT.053, CAMT.054 or MT940 file. For a CSV file name a mapping.")
	ErrInert             = fault.New(fault.Conflict, "bank_line.inert", "This line can never pay for anything.")
	ErrHandled           = fault.New(fault.Conflict, "bank_line.handled", "This line has been handled already.")
	ErrNotHandled        = fault.New(fault.Conflict, "bank_line.not_handled", "This line is open.")
	ErrPaymentCounts     = fault.New(fault.Conflict, "bank_line.payment_counts", "The payment of this line counts or waits for approval. Undo or reject it first.")
	ErrProbablyKnown     = fault.New(fault.Conflict, "bank_line.probably_known", "This transfer has probably been confirmed by hand already.")
	ErrReason            = fault.New(fault.Invalid, "bank_line.reason", "Say why: 1 to 500 printable characters.")
	ErrNoMapping         = fault.New(fault.NotFound, "bank_mapping.not_found", "There is no such mapping.")
	ErrInvalidMapping    = fault.New(fault.Invalid, "bank_mapping.invalid", "This mapping cannot be used.").FieldsSay()
)
