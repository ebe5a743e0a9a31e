package bank

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/invoice"
)

// passage is a part of a line in which a payer may have written what he pays.
type passage struct {
	where string
	text  string
}

// passages lists them, the structured ones first. What the bank cut apart is
// put together again.
func passages(l statement.Line) []passage {
	var all []passage
	add := func(where, text string) {
		if text != "" {
			all = append(all, passage{where, text})
		}
	}
	for i, r := range l.References {
		add(fmt.Sprintf("references[%d]", i), r.Value)
	}
	add("text", strings.Join(l.Text, "\n"))
	add("end_to_end_id", l.IDs.EndToEndID)
	add("payment_information_id", l.IDs.PaymentInfoID)
	add("customer_reference", l.IDs.CustomerRef)
	add("information", l.Info)
	return all
}

// found is something in a line, and where.
type found struct{ what, where string }

// The lengths of a creditor reference (ISO 11649).
const shortestReference, longestReference = 5, 25

// references is every sound creditor reference in a line: split over lines, in
// small letters, with spaces and punctuation in it, and glued to other
// characters. Most that are found by their letters alone are none of ours, and
// only ours count: see Book.
func references(l statement.Line) []found {
	var all []found
	for _, p := range passages(l) {
		text := letters(p.text)
		for at := 0; ; at++ {
			next := strings.Index(text[at:], "RF")
			if next < 0 {
				break
			}
			at += next
			for n := shortestReference; n <= longestReference && at+n <= len(text); n++ {
				if r, ok := invoice.ParseReference(text[at : at+n]); ok {
					all = append(all, found{r, p.where})
				}
			}
		}
	}
	return all
}

// ownReferences is what in a line has the form of our references: a person who
// confirms the transfer by hand may call it so.
func ownReferences(l statement.Line) []string {
	var all []string
	for _, f := range references(l) {
		if len(f.what) == len("RF")+bareDigits && !slices.Contains(all, f.what) {
			all = append(all, f.what)
		}
	}
	return all
}

// bareDigits is what a reference of ours is without its first two letters,
// which some payers leave out: 16 digits, within longer runs of them too.
const bareDigits = 16

var digitRun = regexp.MustCompile(`[0-9]{16,}`)

// bare is every reference of ours, as known says, that stands in a line without
// RF before it.
func bare(l statement.Line, known func(reference string) bool) []found {
	var all []found
	for _, p := range passages(l) {
		text := letters(p.text)
		for _, run := range digitRun.FindAllStringIndex(text, -1) {
			for at := run[0]; at+bareDigits <= run[1]; at++ {
				r := "RF" + text[at:at+bareDigits]
				if (at < 2 || text[at-2:at] != "RF") && known(r) {
					all = append(all, found{r, p.where})
				}
			}
		}
	}
	return all
}

var number = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})[ \n./_-]{0,3}([0-9]{6})(?:[^0-9]|$)`)

// numbers is everything in a line that may be the number of an invoice.
func numbers(l statement.Line) []found {
	var all []found
	for _, p := range passages(l) {
		rest := p.text
		for {
			m := number.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			all = append(all, found{rest[m[2]:m[3]] + "-" + rest[m[4]:m[5]], p.where})
			rest = rest[m[5]:]
		}
	}
	return all
}

// slips is what looks like a creditor reference with a wrong character in it.
var slip = regexp.MustCompile(`RF[0-9O]{2}[0-9OIL]{14}`)

func slips(l statement.Line) []found {
	var all []found
	for _, p := range passages(l) {
		for _, s := range slip.FindAllString(letters(p.text), -1) {
			if _, ok := invoice.ParseReference(s); !ok {
				all = append(all, found{s, p.where})
			}
		}
	}
	return all
}
