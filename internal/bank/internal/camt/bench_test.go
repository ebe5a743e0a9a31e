package camt_test

import (
	"bytes"
	"fmt"
	"testing"

	"igny8/internal/bank/internal/camt"
)

// large is a statement with n credits, as banks write them.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-01-03T06:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>`)
	for i := range n {
		fmt.Fprintf(&b, `
<Ntry><NtryRef>%d</NtryRef><Amt Ccy="EUR">%d.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-01-02</Dt></BookgDt><ValDt><Dt>2026-01-02</Dt></ValDt><AcctSvcrRef>ABC%d</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>E2E%d</EndToEndId></Refs><Amt Ccy="EUR">%d.50</Amt><RltdPties><Dbtr><Pty><Nm>Erika Mustermann</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>DE02120300000000202051</IBAN></Id></DbtrAcct></RltdPties><RltdAgts><DbtrAgt><FinInstnId><BICFI>BYLADEM1001</BICFI></FinInstnId></DbtrAgt></RltdAgts><RmtInf><Ustrd>RF18539007547034 Rechnung %d</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`, i, i, i, i, i, i)
	}
	b.WriteString("\n</Stmt></BkToCstmrStmt></Document>\n")
	return b.Bytes()
}

func BenchmarkParse10000(b *testing.B) {
	data := large(10_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		all, err := camt.Parse(data)
		if err != nil || len(all) != 1 || len(all[0].Lines) != 10_000 {
			b.Fatal(len(all), err)
		}
	}
}
