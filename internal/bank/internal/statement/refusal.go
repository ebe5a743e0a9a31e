package statement

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"igny8/internal/fault"
	"igny8/internal/words"
)

// Why a file is refused. A Refusal is the first, with the lines.
var (
	ErrRefused  = fault.New(fault.Invalid, "bank_statement.refused", "This statement cannot be read, and nothing of it was taken. The list says what is wrong on which line.")
	ErrTooLarge = fault.New(fault.TooLarge, "bank_statement.too_large", "A statement file has at most 20 MB and 200,000 lines. Export a shorter time.")
)

// maxIssues is how many issues a Refusal lists.
const maxIssues = 100

// Issue is what is wrong on one line of a file.
type Issue struct {
	Line    int // from 1; 0: with the file as a whole
	Message words.Text
}

// Refusal is the error of a file that was refused whole. It is ErrRefused, and
// its issues are that fault's fields. The zero Refusal has nothing to say yet.
type Refusal struct {
	Issues []Issue // the first hundred, in the order in which they were met
	Count  int     // how many there are
}

// Add notes an issue.
func (r *Refusal) Add(line int, format words.Text, args ...any) {
	if r.Count++; len(r.Issues) < maxIssues {
		r.Issues = append(r.Issues, Issue{Line: line, Message: words.With(format, readable(args)...)})
	}
}

// readable is args without what is no UTF-8.
func readable(args []any) []any {
	all := slices.Clone(args)
	for n, arg := range all {
		if s, ok := arg.(string); ok {
			all[n] = strings.ToValidUTF8(s, "?")
		}
	}
	return all
}

// Err is the refusal as an error, or nil when there is no issue.
func (r *Refusal) Err() error {
	if r.Count == 0 {
		return nil
	}
	return r
}

// Error names the first issue and how many there are.
func (r *Refusal) Error() string {
	if len(r.Issues) == 0 {
		return ErrRefused.Error()
	}
	s := fmt.Sprintf("%s: %s", ErrRefused.Code, r.Issues[0])
	if r.Count > 1 {
		s += fmt.Sprintf(" (and %d more)", r.Count-1)
	}
	return s
}

// Unwrap is the public face.
func (r *Refusal) Unwrap() error {
	f := ErrRefused
	for _, i := range r.Issues {
		f = f.At(i.place(), i.Message, nil)
	}
	return f
}

func (i Issue) place() string {
	if i.Line == 0 {
		return "file"
	}
	return fmt.Sprintf("line %d", i.Line)
}

func (i Issue) String() string { return i.place() + ": " + i.Message.String() }

// Quote is a piece of a file for a message: short, in quotation marks, with
// nothing in it that does not print.
func Quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return fmt.Sprintf("%q...", s[:cut])
	}
	return fmt.Sprintf("%q", s)
}

// CheckSize refuses a file that is too large to be read.
func CheckSize(data []byte) error {
	if len(data) > MaxBytes {
		return fmt.Errorf("%d bytes: %w", len(data), ErrTooLarge)
	}
	return nil
}
