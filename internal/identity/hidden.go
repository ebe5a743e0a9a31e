package identity

import (
	"fmt"
	"io"
	"log/slog"
)

// What carries a secret does not print it: not with any verb of fmt, not to a
// log, and not as JSON, where the fields that hold it are left out. String
// alone would do for %v, and leave %#v and %d to tell.

const hidden = "(secret)"

func hide(f fmt.State) { _, _ = io.WriteString(f, hidden) }

// Format does not tell.
func (Tokens) Format(f fmt.State, _ rune) { hide(f) }

// String does not tell.
func (Tokens) String() string { return hidden }

// LogValue does not tell.
func (Tokens) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format does not tell.
func (Enrolment) Format(f fmt.State, _ rune) { hide(f) }

// LogValue does not tell.
func (Enrolment) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format does not tell.
func (Registration) Format(f fmt.State, _ rune) { hide(f) }

// LogValue does not tell.
func (Registration) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format does not tell.
func (Acceptance) Format(f fmt.State, _ rune) { hide(f) }

// LogValue does not tell.
func (Acceptance) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format tells the id of the person, and not the hash.
func (p Prepared) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.user.String()) }

// LogValue tells the id of the person.
func (p Prepared) LogValue() slog.Value { return slog.StringValue(p.user.String()) }

// Format does not tell.
func (Options) Format(f fmt.State, _ rune) { hide(f) }

// LogValue does not tell.
func (Options) LogValue() slog.Value { return slog.StringValue(hidden) }

// Format does not tell: the service knows what signs access tokens.
func (*Service) Format(f fmt.State, _ rune) { hide(f) }
