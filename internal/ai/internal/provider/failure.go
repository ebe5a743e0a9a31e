package provider

import (
	"errors"
	"time"

	"igny8/internal/credit"
)

// Failed is an error that says what became of a request: from that it is known
// what it may cost, and whether trying again helps.
type Failed struct {
	Failure    credit.Failure
	RetryAfter time.Duration // as the vendor wishes; zero: it said nothing
	Status     int           // of the answer, as of HTTP; zero: there was none, or it was no refusal
	Err        error
}

// Fail makes an error say what became of the request. nil stays nil.
func Fail(f credit.Failure, err error) error {
	if err == nil {
		return nil
	}
	return &Failed{Failure: f, Err: err}
}

// Error implements error.
func (f *Failed) Error() string { return string(f.Failure) + ": " + f.Err.Error() }

// Is makes it ErrRefused where trying again would not better it, and
// ErrUnavailable where it might.
func (f *Failed) Is(target error) bool {
	final := f.Failure == credit.Rejected || f.Failure == credit.Unusable
	return target == ErrRefused && final || target == ErrUnavailable && !final
}

// Unwrap gives back what went wrong.
func (f *Failed) Unwrap() error { return f.Err }

// FailureOf is what became of the request of an error. One that does not say
// was sent, as far as anybody knows: credit.Silent.
func FailureOf(err error) credit.Failure {
	var f *Failed
	switch {
	case errors.As(err, &f):
		return f.Failure
	case errors.Is(err, ErrRefused):
		return credit.Rejected
	default:
		return credit.Silent
	}
}
