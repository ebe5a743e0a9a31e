// Package fault gives an error its public face: what kind of trouble it is, a
// stable code for programs, and one sentence that is safe for a stranger.
//
// A room declares its faults in one var block, wraps them with %w on the way
// up, and the edges turn the kind into a status. An error without a face is
// Internal, and says nothing.
package fault

import (
	"errors"
	"slices"

	"igny8/internal/words"
)

// Kind is a class of trouble that a caller handles in one way.
type Kind string

// The kinds, with the HTTP status that the edges give them.
const (
	Internal        Kind = "internal"        // 500: ours; the text stays in the log
	Invalid         Kind = "invalid"         // 422: the input does not make sense
	Malformed       Kind = "malformed"       // 400: the input cannot be read at all
	NotAllowed      Kind = "not_allowed"     // 405: the address does not take this method
	NotAcceptable   Kind = "not_acceptable"  // 406: there is no answer in the format that was asked for
	TooSlow         Kind = "too_slow"        // 408: the request did not arrive in time
	WrongType       Kind = "wrong_type"      // 415: the input is in a format that is not read
	Unauthenticated Kind = "unauthenticated" // 401: no credential, or one that does not verify
	PaymentRequired Kind = "payment"         // 402: money or credits are what is missing
	Forbidden       Kind = "forbidden"       // 403: access withdrawn, or not granted
	NotFound        Kind = "not_found"       // 404: no such thing, or somebody else's
	Conflict        Kind = "conflict"        // 409: the thing is not in a state that allows it
	TooLarge        Kind = "too_large"       // 413: more than is accepted
	TooMany         Kind = "too_many"        // 429: too often
	Unavailable     Kind = "unavailable"     // 503: a part we need is away; try again
)

// Fault is an error with a public face. Compare with errors.Is: two faults
// are the same when their codes are.
type Fault struct {
	Kind   Kind
	Code   string     // stable, dotted, such as "credit.insufficient"
	Msg    words.Text // one sentence for a person who knows nothing of the code
	Fields []Field
	Extra  map[string]any // members of the problem document besides the standard ones
	// ByField: the sentence says no more than what is refused, and each of Fields why.
	ByField bool
}

// Field says what is wrong with one part of the input.
type Field struct {
	Location string // where, such as "body.email" or "line 12"
	Msg      words.Text
	Value    any // what was given, when it is safe to repeat
}

// New makes a fault. Codes are unique in the program: see docs/errors.md.
func New(k Kind, code string, msg words.Text) *Fault {
	return &Fault{Kind: k, Code: code, Msg: msg}
}

// FieldsSay is a copy whose sentence says no more than what is refused: why is
// said by its Fields.
func (f *Fault) FieldsSay() *Fault {
	c := *f
	c.ByField = true
	return &c
}

// Error is the code and the sentence; wrapping puts what was being done in
// front of it.
func (f *Fault) Error() string { return f.Code + ": " + f.Msg.String() }

// Is makes copies that carry details equal to the fault they were made from.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Sayf is a copy with a more particular sentence, which must be as safe as
// the first.
func (f *Fault) Sayf(format words.Text, args ...any) *Fault {
	c := *f
	c.Msg, c.ByField = words.With(format, args...), false
	return &c
}

// At is a copy that blames one part of the input.
func (f *Fault) At(location string, msg words.Text, value any) *Fault {
	c := *f
	c.Fields = append(slices.Clone(f.Fields), Field{Location: location, Msg: msg, Value: value})
	return &c
}

// With is a copy whose problem document has one more member.
func (f *Fault) With(name string, value any) *Fault {
	c := *f
	c.Extra = make(map[string]any, len(f.Extra)+1)
	for k, v := range f.Extra {
		c.Extra[k] = v
	}
	c.Extra[name] = value
	return &c
}

var internal = New(Internal, "internal", "Something went wrong on our side. Please try again; if it stays, send us the request id.")

// Of is the face of err: the outermost fault in its chain, or the Internal
// one when it has none. Of(nil) is nil.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return internal
}
