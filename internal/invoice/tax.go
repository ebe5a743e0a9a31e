package invoice

import (
	"fmt"
	"math"
	"math/bits"

	"igny8/internal/money"
)

// Rate is a tax rate in hundredths of a per cent: 1900 is 19 %.
type Rate int64

// whole is the rate of 100 %.
const whole Rate = 10_000

// BuyerKind is which rate a buyer is charged.
type BuyerKind string

// The kinds.
const (
	Business BuyerKind = "business" // has a tax id
	Consumer BuyerKind = "consumer"
)

// TaxRule is what buyers of one kind in one country are charged.
type TaxRule struct {
	Country string    `json:"country"`
	Buyer   BuyerKind `json:"buyer"`
	Rate    Rate      `json:"rate"`
}

// Category says why a tax is what it is, in the codes of EN 16931 (UNTDID
// 5305).
type Category string

// The categories.
const (
	Standard      Category = "S"
	ZeroRated     Category = "Z"
	ReverseCharge Category = "AE" // Directive 2006/112/EC, Art. 196: the buyer owes it
	OutOfScope    Category = "O"
)

// Tax is what is charged on an invoice, and why.
type Tax struct {
	Rate     Rate
	Category Category
	Note     string // what the law wants said, in the buyer's language
}

// taxFor decides what a buyer is charged:
//
//  1. a business in another member state than a seller with a VAT id: nothing,
//     by reverse charge;
//  2. the rate for his country and kind; for a business without a rule of its
//     own the one for consumers;
//  3. who is in another member state than the seller's, without such a rule:
//     what he would be charged in the seller's country (Art. 59c);
//  4. nothing.
func (s Settings) taxFor(b Buyer) Tax {
	abroad := inUnion(s.Country) && inUnion(b.Country) && s.Country != b.Country
	if abroad && b.Kind() == Business {
		if _, registered := VATID(s.Country, s.TaxID); registered {
			return Tax{Category: ReverseCharge, Note: textsFor(b.Language).reverseCharge}
		}
	}
	r, found := s.rate(b.Country, b.Kind())
	if !found && abroad {
		r, found = s.rate(s.Country, Consumer)
	}
	switch {
	case !found:
		return Tax{Category: OutOfScope}
	case r == 0:
		return Tax{Category: ZeroRated}
	}
	return Tax{Rate: r, Category: Standard}
}

func (s Settings) rate(country string, k BuyerKind) (Rate, bool) {
	var r Rate
	found := false
	for _, t := range s.Rules {
		if t.Country == country && (t.Buyer == k || t.Buyer == Consumer && !found) {
			r, found = t.Rate, true
		}
	}
	return r, found
}

// split is a sum of prices as net and tax, rounded half up once, to the minor
// unit. The prices are net, or with the tax in them. net and tax are the total,
// always.
func (r Rate) split(sum money.Money, included bool) (net, tax money.Money, err error) {
	net, tax = sum, money.Of(0, sum.Currency)
	if r == 0 {
		return net, tax, nil
	}
	if sum.Amount < 0 || r < 0 || r > whole {
		return net, tax, fmt.Errorf("tax of %d hundredths of a per cent on %s", r, sum)
	}
	base := whole
	if included {
		base += r
	}
	if tax.Amount, err = share(sum.Amount, int64(r), int64(base)); err != nil {
		return net, tax, err
	}
	if included {
		net, err = sum.Sub(tax)
		return net, tax, err
	}
	_, err = net.Add(tax) // the total must be there, too
	return net, tax, err
}

// share is n * part / of, rounded half up. n and part are not negative, of is
// positive.
func share(n, part, of int64) (int64, error) {
	high, low := bits.Mul64(uint64(n), uint64(part))
	low, carry := bits.Add64(low, uint64(of)/2, 0)
	high += carry
	if high >= uint64(of) {
		return 0, money.ErrOverflow
	}
	q, _ := bits.Div64(high, low, uint64(of))
	if q > math.MaxInt64 {
		return 0, money.ErrOverflow
	}
	return int64(q), nil
}
