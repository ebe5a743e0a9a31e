package config

import "log/slog"

// Secret is text that does not print: not in a log, not in an error, not in
// JSON. Only those on the list in internal/arch may Reveal it.
type Secret struct{ text string }

// NewSecret makes a Secret of text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal is the text.
func (s Secret) Reveal() string { return s.text }

// Empty tells whether there is no text.
func (s Secret) Empty() bool { return s.text == "" }

const hidden = "(secret)"

// String does not tell.
func (s Secret) String() string {
	if s.Empty() {
		return ""
	}
	return hidden
}

// GoString does not tell either.
func (s Secret) GoString() string { return s.String() }

// MarshalText does not tell either.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue does not tell either.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
