package credit

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"igny8/internal/tenant"
)

// Checked is what a check of an account's credits has found.
type Checked struct {
	Entries int64    // of the ledger, that were read
	Broken  []string // a sentence for each thing that is wrong; none: all is well
}

// mostSentences is how much is said about one account.
const mostSentences = 20

// Verify checks every invariant of the account's credits, and returns a
// sentence for each that is broken: none means that all is well.
func Verify(ctx context.Context, r tenant.Reader) ([]string, error) {
	c, err := Check(ctx, r)
	return c.Broken, err
}

// Check does the account's credits again from the first entry of the ledger to
// the last: every link of the chain, every running sum, what each hold took
// from which lots and gave back. What comes out must be what the balance, the
// lots and the holds say.
func Check(ctx context.Context, r tenant.Reader) (Checked, error) {
	x := &examiner{account: r.Scope().Account().String(), seed: maphash.MakeSeed(), lotAt: map[string]int32{}, open: map[string]int{}, newest: -1}
	for _, read := range []func(context.Context, tenant.Reader) error{x.readBalance, x.readLots, x.readHolds, x.readParts, x.readDebts, x.readOverruns, x.readFailures, x.replay} {
		if err := read(ctx, r); err != nil {
			return Checked{}, fmt.Errorf("verify the credits of %s: %w", x.account, err)
		}
	}
	x.conclude()
	if x.unsaid > 0 {
		x.broken = append(x.broken, fmt.Sprintf("account %s: and %d more", x.account, x.unsaid))
	}
	return Checked{Entries: x.read, Broken: x.broken}, nil
}

// examiner is what is known of an account while its ledger is done again. It
// keeps some 150 bytes for each hold that there ever was, and nothing of an
// entry.
type examiner struct {
	account string
	seed    maphash.Seed
	broken  []string
	unsaid  int

	stated struct { // what the balance says
		there           bool
		available, held int64
		seq             int64
		next            int64 // 0: none
		head            chainHash
		headSeq         int64 // 0: none
	}
	lots  []pastLot
	lotAt map[string]int32
	holds []pastHold // by id
	parts []pastPart // by hold and ordinal
	debts []pastDebt

	read                 int64
	newest               int            // the hold that was reserved last
	open                 map[string]int // holds that have not ended, so far
	seq, available, held int64
	link                 chainHash
	text                 []byte // that the newest link is the hash of
}

// pastLot is a lot as its row says it is, and as the entries made it.
type pastLot struct {
	id, reference      string
	amount, remaining  int64
	effective, expires int64
	counted, revoked   bool

	begun bool
	left  int64
}

// holdName is the text of a hold's id.
type holdName [len("hld_") + 26]byte

// pastHold is a hold as its row says it is, and which entries it had.
type pastHold struct {
	name         holdName
	amount, used int64
	ended        int64  // 0: not yet
	lapse        int64  // when it ends by itself; 0: it does not, or has ended
	what         uint64 // operation and reference
	first, parts int32
	status       status
	begun, over  bool
}

type pastPart struct {
	hold, lot int32
	ordinal   int64
	amount    int64
}

type pastDebt struct {
	lot               string
	amount, remaining int64
	repaid            int64
}

func (x *examiner) say(format string, args ...any) {
	if len(x.broken) >= mostSentences {
		x.unsaid++
		return
	}
	x.broken = append(x.broken, fmt.Sprintf("account "+x.account+": "+format, args...))
}

// what is a fingerprint of an operation and a reference.
func (x *examiner) what(operation, reference string) uint64 {
	return maphash.String(x.seed, operation)*31 + maphash.String(x.seed, reference)
}

func (x *examiner) lot(id string) *pastLot {
	if i, ok := x.lotAt[id]; ok {
		return &x.lots[i]
	}
	return nil
}

// hold is where a hold is in holds; -1 when it is not there. Mostly it is one
// that has not ended, or the next.
func (x *examiner) hold(id string) int {
	if i, ok := x.open[id]; ok {
		return i
	}
	if i := x.newest + 1; i < len(x.holds) && string(x.holds[i].name[:]) == id {
		return i
	}
	i, ok := slices.BinarySearchFunc(x.holds, id, func(h pastHold, id string) int { return strings.Compare(string(h.name[:]), id) })
	if !ok {
		return -1
	}
	return i
}

func (h *pastHold) id() string { return string(h.name[:]) }

func (x *examiner) partsOf(h *pastHold) []pastPart { return x.parts[h.first : h.first+h.parts] }
