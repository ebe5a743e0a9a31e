// Package vendor is what the clients of companies that take money for us have
// in common: what is asked of them, and what they answer, in our words.
//
// What a vendor sends by itself is a hint that something has happened. What
// has happened is what it answers when it is asked: so it does not matter in
// which order its messages come, how often, or whether one was made up.
package vendor

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"igny8/internal/httpx"
	"igny8/internal/money"
)

// Order is what somebody is sent to a vendor to pay.
type Order struct {
	Key          string // of this try: asked again with it, the vendor does nothing a second time
	Account      string
	Invoice      string
	Subscription string
	Number       string // of the invoice, as people know it
	What         string // in a line, such as "Igny8 Growth, one month"
	Amount       money.Money
	Every        Interval // Once, or how often the vendor is to take the amount again
	Price        string   // what the vendor calls the price, where one was made for it before
	Done, Back   string   // where the payer comes back to: having paid, or not
}

// Interval is how often a vendor takes an amount.
type Interval string

// The intervals.
const (
	Once  Interval = ""
	Month Interval = "month"
	Year  Interval = "year"
)

// Begun is where the payer is to go.
type Begun struct {
	ID    string // the vendor's, of this try
	URL   string
	Price string // what the vendor calls the price from now on; empty: it needs none
}

// Object is a kind of thing that the vendor keeps.
type Object string

// Notice is a message of the vendor's whose signature was checked.
type Notice struct {
	ID     string // of the message: the vendor sends one again under the same
	Type   string // in the vendor's words
	Object Object // which kind of thing it is about; empty: nothing that matters to us
	Of     string // the vendor's id of it
}

// Truth is how things stand with the vendor.
type Truth struct {
	Account, Invoice, Subscription string // as the Order had them; empty: it is not of ours
	Agreement                      Agreement
	Payments                       []Payment
	Failed                         string // an amount was not to be had: what the vendor calls the try
}

// Agreement is that the vendor takes an amount again and again.
type Agreement struct {
	ID       string // empty: there is none
	Customer string // whose, where that has a name
	Over     bool   // the vendor takes nothing more
}

// Payment is money that the vendor has taken for us.
type Payment struct {
	ID       string
	Amount   money.Money
	Returned int64  // how much of it went back: the vendor's own count, in minor units
	Reversed bool   // all of it was taken back by the payer's bank
	Restored bool   // it had been, and came back to us
	Payer    string // may be empty
}

// callTime is how long a vendor may take, well below what an errand may.
const callTime = 20 * time.Second

// What a call can come to.
var (
	ErrAway    = errors.New("the vendor does not answer")      // asking again may help
	ErrRefused = errors.New("the vendor refuses")              // asking again does not help
	ErrUnknown = errors.New("the vendor knows no such object") // nor that
)

// What is wrong with a message.
var (
	ErrUnsigned = errors.New("the signature does not verify")
	ErrOld      = errors.New("the message was signed too long ago, or in the future")
	ErrGarbled  = errors.New("the message cannot be read")
)

// Failed is the error of an answer with an HTTP status.
func Failed(status int) error {
	switch {
	case status == http.StatusNotFound:
		return ErrUnknown
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusConflict || status >= 500:
		return ErrAway
	}
	return ErrRefused
}

// Client is how a vendor is asked. The address is the operator's own setting.
func Client() *http.Client {
	return httpx.NewClient(httpx.Outbound{AllowPrivate: true, Timeout: callTime})
}

// Line is a vendor's text as one line of a log.
func Line(s string) string {
	const limit = 200
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "?")), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}
