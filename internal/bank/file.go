package bank

import (
	"crypto/sha256"
	"encoding/hex"

	"igny8/internal/bank/internal/camt"
	"igny8/internal/bank/internal/mt940"
	"igny8/internal/bank/internal/statement"
)

// File is a statement file that was read whole.
type File struct {
	name       string
	sum        string
	statements []statement.Statement
}

// Read reads a file of any format. One that holds anything that cannot be
// understood is refused whole, with the lines; ErrFormat for what is none of
// the formats, or CSV without a mapping.
func Read(name string, body []byte, m *Mapping) (File, error) {
	sum := sha256.Sum256(body)
	f := File{name: fileName(name), sum: hex.EncodeToString(sum[:])}
	var err error
	switch {
	case m != nil:
		f.statements, err = m.read(body)
	case camt.Is(body):
		f.statements, err = camt.Parse(body)
	case mt940.Is(body):
		f.statements, err = mt940.Parse(body)
	default:
		err = ErrFormat
	}
	return f, err
}

// fileName is a name as it is shown, whatever was sent as one.
func fileName(s string) string {
	s = printable(s, 200)
	if s == "" {
		return "statement"
	}
	return s
}
