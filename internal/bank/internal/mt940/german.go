package mt940

import (
	"regexp"
	"strings"

	"igny8/internal/bank/internal/statement"
)

// subfielded is a text in the German form: three digits of the transaction
// (GVC), then subfields, each a sign and two digits. The first sign is the
// sign of all.
var subfielded = regexp.MustCompile(`^(\d{3})(?:$|([?>!@#~^|*$%&<])\d{2})`)

// returns are the transactions of payments that came back: direct debits
// (108, 109) and transfers (159).
var returns = map[string]bool{"108": true, "109": true, "159": true}

// german reads a text in the German form:
//
//	?00       booking text -> Info
//	?10       booking number -> Code
//	?20 - ?29 text, ?60 - ?63 more of it; in SEPA payments with words, below
//	?30       BIC or bank code of the other side
//	?31, ?38  its IBAN or account number
//	?32, ?33  its name
//	?34       key, the reason of a return -> Code, Returned
//	?70 - ?79 name of the account holder's side
func german(l *statement.Line, mine statement.Account, whole string) bool {
	part := subfielded.FindStringSubmatch(whole)
	if part == nil {
		return false
	}
	var number, key string
	var purposes []string
	who := other(l)
	names, owner := who.Name, ""
	for _, f := range subfields(whole[3:], part[2]) {
		value := statement.Clean(f.value)
		switch {
		case f.number == "00":
			l.Info = value
		case f.number == "10":
			number = value
		case f.number[0] == '2' || f.number[0] == '6':
			purposes = append(purposes, f.value)
		case f.number == "30":
			bank(who, value)
		case f.number == "31", f.number == "38":
			if a := statement.ParseAccount(value); who.Account.IBAN == "" && value != "" {
				who.Account = a
			}
		case f.number == "32", f.number == "33":
			names += f.value
		case f.number == "34":
			key = value
		case f.number[0] == '7':
			owner += f.value
		}
	}
	if a := who.Account.Number(); a != "" && strings.HasSuffix(mine.Number(), a) {
		// Triodos: ?31 is the account itself, and ?10 the other.
		who.Account, number = statement.ParseAccount(number), ""
	}
	who.Name, own(l).Name = statement.Clean(names), statement.Clean(owner)
	if returns[part[1]] {
		if l.Returned = key; key == "" {
			l.Returned = "?"
		}
	}
	l.Code.Proprietary = strings.TrimRight(strings.Join([]string{l.Code.Proprietary, part[1], number, key}, "+"), "+")
	purpose(l, purposes)
	return true
}

func bank(p *statement.Party, s string) {
	if statement.IsBIC(s) {
		p.BIC = s
	} else {
		p.BankCode = s
	}
}

type subfield struct{ number, value string }

// known are the numbers of subfields; another is a part of a text.
var known = regexp.MustCompile(`^(00|10|2\d|3[0-8]|6[0-3]|7\d)`)

// subfields cuts a text at a sign that has the number of a subfield after it.
func subfields(text, sign string) []subfield {
	var all []subfield
	if sign == "" {
		return nil
	}
	for i, piece := range strings.Split(text, sign) {
		if i == 0 {
			continue // before the first sign
		}
		if n := known.FindString(piece); n != "" {
			all = append(all, subfield{n, piece[2:]})
		} else if len(all) > 0 {
			all[len(all)-1].value += sign + piece
		}
	}
	return all
}

// word begins a part of the text of a SEPA payment. It stands at the start of a
// subfield or after a space.
var word = regexp.MustCompile(`(?:^| )((?:EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|PURP|BREF|RREF|RCUR|TAN1|BIC)\+|MTLG:)`)

// purpose reads the text. Without words each subfield is a part of it. With
// them each part goes on over the subfields until the next word:
//
//	SVWZ+ text   EREF+ EndToEndID   KREF+ CustomerRef   MREF+ MandateID
//	CRED+ DEBT+ CreditorID   ABWA+ ABWE+ the ultimate debtor and creditor
//	IBAN+ BIC+ the other side's   OAMT+ Original   MTLG: text of the bank
func purpose(l *statement.Line, subfields []string) {
	type part struct{ word, value string }
	var parts []part
	for _, s := range subfields {
		at := word.FindAllStringSubmatchIndex(s, -1)
		end := len(s)
		if len(at) > 0 {
			end = at[0][0]
		}
		switch {
		case end == 0:
		case len(parts) > 0 && parts[len(parts)-1].word != "":
			parts[len(parts)-1].value += s[:end]
		default:
			parts = append(parts, part{"", s[:end]})
		}
		for i, m := range at {
			end := len(s)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			parts = append(parts, part{s[m[2]:m[3]], s[m[3]:end]})
		}
	}
	for _, p := range parts {
		tell(l, p.word, p.value)
	}
}

// tell puts one part of the text where it belongs. An identity that is there
// already stays: what comes after may be the payer's own words.
func tell(l *statement.Line, word, value string) {
	who, id := other(l), statement.Identity(value)
	var place *string
	switch word {
	case "EREF+":
		place = &l.IDs.EndToEndID
	case "KREF+":
		place = &l.IDs.CustomerRef
	case "MREF+":
		place = &l.IDs.MandateID
	case "CRED+", "DEBT+":
		place = &l.IDs.CreditorID
	case "ABWA+":
		place = &l.UltimateDebtor
	case "ABWE+":
		place = &l.UltimateCreditor
	case "IBAN+":
		if who.Account.IBAN == "" && id != "" {
			who.Account = statement.ParseAccount(id)
		}
		return
	case "BIC+":
		bank(who, id)
		return
	case "OAMT+", "COAM+":
		if amount := plainAmount.FindStringSubmatch(id); word == "OAMT+" && amount != nil {
			exchange(l, "/OCMT/"+amount[1]+amount[4]+amount[2]+amount[3])
		}
		return
	case "PURP+", "BREF+", "RREF+", "RCUR+", "TAN1+":
		return
	case "MTLG:":
		text(l, word+value)
		return
	default:
		text(l, value)
		return
	}
	if *place == "" {
		*place = id
	}
}

// plainAmount is "USD 12,34" or "12,34 USD".
var plainAmount = regexp.MustCompile(`^(?:([A-Z]{3}) ?(\d+(?:,\d*)?)|(\d+(?:,\d*)?) ?([A-Z]{3}))$`)
