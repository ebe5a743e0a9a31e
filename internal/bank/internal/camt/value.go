package camt

import (
	"time"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/money"
)

// amount is that of an element; in is where it must be.
func (r *reader) amount(e, in *element) money.Money {
	if e == nil {
		r.refusal.Add(in.line, "There is no amount in %s.", in.name)
		return money.Money{}
	}
	m, err := money.Parse(e.text, e.currency)
	if err != nil {
		r.refusal.Add(e.line, "%s %s in %s: %v.", statement.Quote(e.text), statement.Quote(e.currency), in.name, err)
	}
	return m
}

// credit is whether money came in. It must be said.
func (r *reader) credit(e *element) bool {
	switch s := e.say("CdtDbtInd"); s {
	case "CRDT":
		return true
	case "DBIT":
		return false
	default:
		r.refusal.Add(e.line, "%s has the direction %s, which is neither CRDT nor DBIT.", e.name, statement.Quote(s))
		return false
	}
}

// flag is a boolean, false where it is not said.
func (r *reader) flag(e *element) bool {
	if e == nil {
		return false
	}
	switch e.text {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	r.refusal.Add(e.line, "%s is %s, which is neither true nor false.", e.name, statement.Quote(e.text))
	return false
}

// day is the date of an element with a Dt or a DtTm: the day as the bank calls
// it, whatever its offset. It is zero where there is no element.
func (r *reader) day(e *element) time.Time {
	if e == nil {
		return time.Time{}
	}
	text := saying(e.say("Dt"), e.say("DtTm"), e.text)
	if len(text) >= len(time.DateOnly) {
		if t, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil && t.Year() >= 1970 {
			return t
		}
	}
	r.refusal.Add(e.line, "%s is no date: %s.", e.name, statement.Quote(text))
	return time.Time{}
}

// moment is a date and time, in UTC.
func (r *reader) moment(e *element) time.Time {
	if e == nil {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly, "2006-01-02Z07:00"} {
		if t, err := time.Parse(layout, e.text); err == nil && t.Year() >= 1970 {
			return t.UTC()
		}
	}
	r.refusal.Add(e.line, "%s is no time: %s.", e.name, statement.Quote(e.text))
	return time.Time{}
}
