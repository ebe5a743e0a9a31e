package mt940

import (
	"regexp"
	"strings"

	"igny8/internal/bank/internal/statement"
)

// stroked begins a part of a text with words between strokes.
var stroked = regexp.MustCompile(`/(TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|BENM|ORDP|CNTP|PREF|ISDT|RTRN|PURP|ULTB|ULTC|ULTD|ADDR|ACCW|OCMT|EXCH|CHGS|SVCL|TR|NRTX|ID|BLVR)/`)

// strokes reads a text with words between strokes:
//
//	/TRTP/ Info   /REMI/ text, /REMI/USTD//, or /REMI/STRD/TYPE/ a reference
//	/IBAN/ /BIC/ /NAME/ the other side; /CNTP/IBAN/BIC/name/city/ all at once
//	/EREF/ EndToEndID   /MARF/ MandateID   /CSID/ CreditorID   /PREF/ PaymentInfoID
//	/ULTD/ /ULTB/ /ULTC/ the ultimate debtor and creditor   /RTRN/ Returned
//	/OCMT/ /EXCH/ /CHGS/ the amount before an exchange, its rate, charges
//
// The first of each word counts: banks write their own before the payer's text.
func strokes(l *statement.Line, whole string) bool {
	at := stroked.FindAllStringSubmatchIndex(whole, -1)
	if len(at) == 0 || at[0][0] != 0 {
		return false
	}
	// A word ends where the next begins; a word again belongs to the text.
	seen := map[string]bool{}
	var parts [][2]string
	last := 0
	for _, m := range at {
		w := whole[m[2]:m[3]]
		if seen[w] || m[0] < last {
			continue
		}
		seen[w] = true
		if len(parts) > 0 {
			parts[len(parts)-1][1] = whole[last:m[0]]
		}
		parts, last = append(parts, [2]string{w}), m[1]
	}
	parts[len(parts)-1][1] = whole[last:]
	for _, p := range parts {
		say(l, p[0], strings.TrimSuffix(p[1], "/"))
	}
	exchange(l, whole)
	return true
}

func say(l *statement.Line, word, value string) {
	who, clean := other(l), statement.Identity(value)
	switch word {
	case "TRTP":
		l.Info = clean
	case "IBAN":
		who.Account = statement.ParseAccount(value)
	case "BIC":
		bank(who, clean)
	case "NAME":
		who.Name = clean
	case "CNTP":
		part := append(strings.Split(value, "/"), "", "", "")
		who.Account = statement.ParseAccount(part[0])
		bank(who, statement.Clean(part[1]))
		who.Name = statement.Clean(part[2])
	case "EREF":
		l.IDs.EndToEndID = clean
	case "MARF":
		l.IDs.MandateID = clean
	case "CSID":
		l.IDs.CreditorID = clean
	case "PREF":
		l.IDs.PaymentInfoID = clean
	case "ULTD":
		l.UltimateDebtor = clean
	case "ULTC", "ULTB":
		l.UltimateCreditor = clean
	case "RTRN":
		if l.Returned = clean; clean == "" {
			l.Returned = "?"
		}
	case "REMI":
		remittance(l, value)
	}
}

func remittance(l *statement.Line, value string) {
	kind, rest, _ := strings.Cut(value, "/")
	switch kind {
	case "USTD":
		text(l, strings.TrimPrefix(rest, "/"))
	case "STRD":
		issuer, ref, _ := strings.Cut(rest, "/")
		if ref = statement.Identity(ref); ref != "" {
			l.References = append(l.References, statement.Reference{Type: statement.Clean(issuer), Value: ref})
		}
	default:
		text(l, value)
	}
}
