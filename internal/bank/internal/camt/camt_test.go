package camt_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"igny8/internal/bank/internal/camt"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/fault"
	"igny8/internal/money"
)

// stmt is a camt.053 of one statement with some content, which begins on line 4.
func stmt(content string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>
<GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt><Id>S1</Id><Acct><Id><IBAN>DE89 3704 0044 0532 0130 00</IBAN></Id><Ccy>EUR</Ccy></Acct>
` + content + `
</Stmt></BkToCstmrStmt></Document>`
}

// ntry is an entry of 10.00 EUR that came in.
func ntry(content string) string {
	return `<Ntry><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>` + content + `</Ntry>`
}

func parse(t *testing.T, file string) statement.Statement {
	t.Helper()
	all, err := camt.Parse([]byte(file))
	if err != nil || len(all) != 1 {
		t.Fatalf("%d statements: %v", len(all), err)
	}
	return all[0]
}

func eur(n int64) money.Money { return money.Of(n, "EUR") }

func TestWhole(t *testing.T) {
	s := parse(t, stmt(`<ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-01-03T06:00:00+01:00</CreDtTm>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">5</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-01-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-02</Dt></Dt></Bal>
<Ntry><NtryRef>N1</NtryRef><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>false</RvslInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><DtTm>2026-01-02T00:30:00+01:00</DtTm></BookgDt><ValDt><Dt>2026-01-03</Dt></ValDt><AcctSvcrRef>A1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn><Prtry><Cd>NTRF+166</Cd><Issr>DK</Issr></Prtry></BkTxCd>
<Chrgs><Rcrd><Amt Ccy="EUR">0.20</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>
<NtryDtls><TxDtls><Refs><MsgId>MM</MsgId><AcctSvcrRef>T1</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId><TxId>X1</TxId><UETR>u-1</UETR><MndtId>MD</MndtId></Refs>
<AmtDtls><InstdAmt><Amt Ccy="USD">11.50</Amt><CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>1.15</XchgRate></CcyXchg></InstdAmt><TxAmt><Amt Ccy="EUR">10.20</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Pty><Nm>Erika  M&#252;ller &amp; Co</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct><UltmtDbtr><Nm>Max</Nm></UltmtDbtr>
<Cdtr><Nm>We</Nm></Cdtr></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BIC>BYLADEM1001</BIC></FinInstnId></DbtrAgt></RltdAgts>
<RmtInf><Ustrd>Rechnung</Ustrd><Ustrd>RF18 5390 0754 7034</Ustrd><Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>2026-1</Nb></RfrdDocInf>
<CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>
<AddtlNtryInf>GUTSCHRIFT</AddtlNtryInf></Ntry>`))
	l := s.Lines[0]
	want := statement.Line{
		At: 7, BookedOn: day(2), ValueOn: day(3), Amount: eur(1000), Credit: true, Booked: true, Status: "BOOK",
		IDs: statement.Identities{
			EntryRef: "N1", AcctSvcrRef: "A1", TxAcctSvcrRef: "T1", TxID: "X1", UETR: "u-1", MessageID: "MM", MandateID: "MD",
		},
		Debtor: statement.Party{
			Name: "Erika Müller & Co", Account: statement.Account{IBAN: "DE02120300000000202051"}, BIC: "BYLADEM1001",
		},
		Creditor: statement.Party{Name: "We"}, UltimateDebtor: "Max",
		References: []statement.Reference{{Type: "SCOR", Value: "RF18539007547034"}, {Type: "CINV", Value: "2026-1"}},
		Text:       []string{"Rechnung", "RF18 5390 0754 7034"},
		Code:       statement.Code{Domain: "PMNT", Family: "RCDT", SubFamily: "ESCT", Proprietary: "NTRF+166", Issuer: "DK"},
		Charges:    []statement.Charge{{Amount: eur(20)}},
		Original:   &statement.Original{Amount: money.Of(1150, "USD"), Rate: "1.15"},
		Info:       "GUTSCHRIFT",
	}
	if got := fmt.Sprintf("%+v %+v", l, *l.Original); strings.ReplaceAll(got, fmt.Sprintf("%p", l.Original), "") !=
		strings.ReplaceAll(fmt.Sprintf("%+v %+v", want, *want.Original), fmt.Sprintf("%p", want.Original), "") {
		t.Errorf("got  %s\nwant %+v", got, want)
	}
	if !l.MayPay() || l.Counterparty() != l.Debtor || l.Ultimate() != "Max" {
		t.Errorf("hindrance %q, counterparty %v for %q", l.Hindrance(), l.Counterparty(), l.Ultimate())
	}
	if s.ID != "S1" || s.Number != "7" || s.Version != "08" || s.Account.IBAN != "DE89370400440532013000" ||
		!s.Created.Equal(time.Date(2026, 1, 3, 5, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", s)
	}
	if gap, ok := s.Gap(); !ok || gap != eur(0) {
		t.Errorf("the gap is %v, %v", gap, ok)
	}
}

func day(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }

func TestBatches(t *testing.T) {
	tx := func(ref, rest string) string {
		return `<TxDtls><Refs><EndToEndId>` + ref + `</EndToEndId></Refs>` + rest + `<RmtInf><Ustrd>` + ref + `</Ustrd></RmtInf></TxDtls>`
	}
	amt := func(n string) string { return `<Amt Ccy="EUR">` + n + `</Amt>` }
	old := func(n string) string { return `<AmtDtls><TxAmt>` + amt(n) + `</TxAmt></AmtDtls>` }
	details := func(all ...string) string {
		return stmt(ntry(`<AcctSvcrRef>B</AcctSvcrRef><NtryDtls>` + strings.Join(all, "\n") + `</NtryDtls>`))
	}
	for _, tt := range []struct {
		name string
		file string
		want string // the amounts of the lines, with how many payments are within each
	}{
		{"none", stmt(ntry("")), "1000/0"},
		{"one of another amount", details(tx("1", amt("99.00"))), "1000/0"},
		{"two", details(tx("1", amt("4.00")), tx("2", amt("6.00"))), "400/0 600/0"},
		{"two of version 2", details(tx("1", old("4.00")), tx("2", old("6.00"))), "400/0 600/0"},
		{"one goes back", details(tx("1", amt("14.00")), tx("2", amt("4.00")+"<CdtDbtInd>DBIT</CdtDbtInd>")), "1400/0 -400/0"},
		{"one without an amount", details(tx("1", amt("4.00")), tx("2", "")), "1000/2"},
		{"one in another currency", details(tx("1", amt("4.00")), tx("2", `<Amt Ccy="USD">6.00</Amt>`)), "1000/2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for i, l := range parse(t, tt.file).Lines {
				n := l.Amount.Amount
				if !l.Credit {
					n = -n
				}
				got = append(got, fmt.Sprintf("%d/%d", n, len(l.Parts)))
				if l.IDs.AcctSvcrRef != "B" && tt.name != "none" || l.MayPay() != (len(l.Parts) == 0 && l.Credit) {
					t.Errorf("line %d: %+v", i, l)
				}
				for _, w := range l.Parts {
					if w.MayPay() || w.Amount.Amount != 0 {
						t.Errorf("a part may pay: %+v", w)
					}
				}
				if len(l.Parts) > 0 && (l.Words() != "1 2" || l.IDs.EndToEndID != "" || l.Parts[1].IDs.EndToEndID != "2") {
					t.Errorf("undivided: %+v", l)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestHindrances(t *testing.T) {
	for _, tt := range []struct {
		entry string
		want  statement.Hindrance
	}{
		{ntry(""), statement.NoHindrance},
		{strings.Replace(ntry(""), "CRDT", "DBIT", 1), statement.Debit},
		{ntry("<RvslInd>true</RvslInd>"), statement.Reversed},
		{strings.Replace(ntry(""), "BOOK", "PDNG", 1), statement.Unbooked},
		{strings.Replace(ntry(""), "BOOK", "<Cd>INFO</Cd>", 1), statement.Unbooked},
		{strings.Replace(ntry(""), "<Sts>BOOK</Sts>", "", 1), statement.Unbooked},
		{strings.Replace(ntry(""), "10.00", "0.00", 1), statement.Zero},
		{strings.Replace(ntry(""), "10.00", "-10.00", 1), statement.Negative},
		{ntry("<NtryDtls><TxDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls>"), statement.Return},
	} {
		if got := parse(t, stmt(tt.entry)).Lines[0].Hindrance(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.entry, got, tt.want)
		}
	}
}

// TestRefused also checks the lines that are named.
func TestRefused(t *testing.T) {
	good := stmt(ntry(""))
	swap := func(old, other string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(good, old, other, 1)
	}
	many := stmt(strings.Repeat(strings.Replace(ntry(""), "10.00", "x", 1)+"\n", 150))
	for _, tt := range []struct {
		name, file string
		want       string // the first issue begins so
		count      int
	}{
		{"empty", "", "line 1: The file is empty", 1},
		{"not XML", "Datum;Betrag", "line 1: There is text where", 1},
		{"another document", swap("camt.053.001.08", "pain.001.001.03"), "line 2: This is not a statement", 1},
		{"an intraday report", swap("camt.053.001.08", "camt.052.001.08"), "line 2: This is not a statement", 1},
		{"no namespace", swap(` xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"`, ""), "line 2: This is not a statement", 1},
		{"cut off", good[:len(good)-30], "line 5: ", 1},
		{"cut in an element", strings.Split(good, "BOOK")[0], "line 4: The file ends inside of Sts", 1},
		{"wrong end", swap("</Sts>", "</Stz>"), `line 4: "Stz" is closed`, 1},
		{"two documents", good + "<Doc" + strings.SplitN(good, "<Doc", 2)[1], `line 5: After the end`, 1},
		{"trailing text", good + " x", "line 5: There is text", 1},
		{"an entity", strings.Replace(swap("10.00", "&a;"), "<Document", "<!DOCTYPE Document [<!ENTITY a \"99\">]><Document", 1), "line 2: There is a document type", 1},
		{"an unknown entity", swap("10.00", "&a;"), "line 4: This is not well-formed", 1},
		{"an outer entity", swap("<Document", `<!DOCTYPE d SYSTEM "file:///etc/passwd"><Document`), "line 2: There is a document type", 1},
		{"deep", stmt(strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50)), "line 4: Elements are nested", 1},
		{"not UTF-8", swap("S1", "S\xff1"), "line 3: This is not well-formed XML: invalid UTF-8", 1},
		{"another encoding", swap("UTF-8", "EBCDIC"), "line 1: This cannot be read", 1},
		{"no amount", swap(`<Amt Ccy="EUR">10.00</Amt>`, ""), "line 4: There is no amount in Ntry", 1},
		{"two amounts", swap(`<Amt Ccy="EUR">10.00</Amt>`, `<Amt Ccy="EUR">10.00</Amt><Amt Ccy="EUR">1.00</Amt>`), "line 4: Ntry has Amt 2 times", 1},
		{"an empty amount", swap("10.00", ""), `line 4: "" "EUR" in Ntry: not a decimal`, 1},
		{"a comma", swap("10.00", "10,00"), "line 4: \"10,00\"", 1},
		{"an exponent", swap("10.00", "1e3"), "line 4: \"1e3\"", 1},
		{"a fraction of a cent", swap("10.00", "8.855"), "line 4: \"8.855\" \"EUR\" in Ntry: more decimals", 1},
		{"a huge amount", swap("10.00", strings.Repeat("9", 30)), "line 4: ", 1},
		{"no currency", swap(` Ccy="EUR">10`, `>10`), "line 4: \"10.00\" \"\"", 1},
		{"no such currency", swap(`"EUR">10`, `"EUX">10`), "line 4: \"10.00\" \"EUX\"", 1},
		{"no direction", swap("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "line 4: Ntry has the direction", 1},
		{"another direction", swap("CRDT", "CREDIT"), "line 4: Ntry has the direction \"CREDIT\"", 1},
		{"no day", swap("<Sts>", "<BookgDt><Dt>2026-02-30</Dt></BookgDt><Sts>"), "line 4: BookgDt is no date", 1},
		{"no flag", swap("<Sts>", "<RvslInd>maybe</RvslInd><Sts>"), "line 4: RvslInd is", 1},
		{"no account", swap("DE89 3704 0044 0532 0130 00", ""), "line 3: The statement does not say", 1},
		{"does not add up", stmt("\n" + ntry(`<NtryDtls><TxDtls><Amt Ccy="EUR">4</Amt></TxDtls><TxDtls><Amt Ccy="EUR">5</Amt></TxDtls></NtryDtls>`)),
			"line 5: The entry is 10.00 EUR, but its 2 payments add up to 9.00 EUR", 1},
		{"many", many, "line 4: \"x\"", 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all, err := camt.Parse([]byte(tt.file))
			r, ok := errors.AsType[*statement.Refusal](err)
			if !ok || all != nil {
				t.Fatalf("got %v, %v", all, err)
			}
			if !strings.HasPrefix(r.Issues[0].String(), tt.want) || r.Count != tt.count || len(r.Issues) != min(r.Count, 100) {
				t.Errorf("%d issues, the first %q, want %q", r.Count, r.Issues[0], tt.want)
			}
			if !errors.Is(err, statement.ErrRefused) || len(fault.Of(err).Fields) != len(r.Issues) {
				t.Errorf("the face is %+v", fault.Of(err))
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	umlaut := strings.Replace(stmt(ntry("<AddtlNtryInf>Müller</AddtlNtryInf>")), "UTF-8", "ENC", 1)
	latin := strings.Replace(umlaut, "ü", "\xfc", 1)
	wide := func(s string, mark []byte, high int) []byte {
		out := bytes.Clone(mark)
		for _, u := range utf16.Encode([]rune(s)) {
			pair := []byte{byte(u >> 8), byte(u)}
			out = append(out, pair[high], pair[1-high])
		}
		return out
	}
	for name, file := range map[string][]byte{
		"UTF-8":        []byte(strings.Replace(umlaut, "ENC", "utf-8", 1)),
		"a mark":       []byte("\xef\xbb\xbf" + strings.Replace(umlaut, "ENC", "UTF-8", 1)),
		"Latin 1":      []byte(strings.Replace(latin, "ENC", "ISO-8859-1", 1)),
		"Windows-1252": []byte(strings.Replace(latin, "ENC", "windows-1252", 1)),
		"UTF-16":       wide(strings.Replace(umlaut, "ENC", "UTF-16", 1), []byte("\xff\xfe"), 1),
		"UTF-16BE":     wide(strings.Replace(umlaut, "ENC", "UTF-16", 1), nil, 0),
		"prefixed":     []byte(strings.NewReplacer("ENC", "UTF-8", "xmlns=", "xmlns:c=", "</", "</c:", "<?", "<?", "<", "<c:").Replace(umlaut)),
	} {
		if !camt.Is(file) {
			t.Errorf("%s is not recognised", name)
		}
		if got := parse(t, string(file)).Lines[0].Info; got != "Müller" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestIsNot(t *testing.T) {
	for _, file := range []string{"", "<", "<html>camt", ":20:X\n:25:Y\n", "Datum;camt.053.001.02", "xsd:camt.053.001.02"} {
		if camt.Is([]byte(file)) {
			t.Errorf("%q is CAMT", file)
		}
	}
}

func TestTooLarge(t *testing.T) {
	if _, err := camt.Parse(make([]byte, statement.MaxBytes+1)); !errors.Is(err, statement.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	short := `<Ntry><Amt Ccy="EUR">1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>`
	if _, err := camt.Parse([]byte(stmt(strings.Repeat(short, statement.MaxLines+1)))); !errors.Is(err, statement.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

// FuzzParse holds Parse to its contract on any bytes: lines or a refusal, and
// what may pay is sound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(stmt(ntry(""))))
	f.Add(large(2))
	f.Add([]byte(stmt(ntry(`<NtryDtls><TxDtls><Amt Ccy="EUR">4</Amt></TxDtls><TxDtls><Amt Ccy="EUR">6</Amt></TxDtls></NtryDtls>`))))
	f.Add([]byte("\xff\xfe<\x00"))
	f.Add([]byte("<!DOCTYPE a>"))
	f.Add([]byte("&\xe8 "))
	f.Fuzz(func(t *testing.T, file []byte) {
		camt.Is(file)
		all, err := camt.Parse(file)
		if err != nil {
			if all != nil || !errors.Is(err, statement.ErrRefused) && !errors.Is(err, statement.ErrTooLarge) || !utf8.ValidString(err.Error()) {
				t.Fatalf("%v, %v", all, err)
			}
			return
		}
		for _, s := range all {
			if s.Account.Number() == "" {
				t.Fatalf("no account: %+v", s)
			}
			for _, l := range s.Lines {
				if l.Amount.Check() != nil || l.At < 1 || l.MayPay() && l.Amount.Amount <= 0 || !utf8.ValidString(l.Words()+l.Info) {
					t.Fatalf("%+v", l)
				}
			}
		}
	})
}
