package keywordfile

import "strings"

// Intent is what the searcher wants.
type Intent string

// The intents that the tools tell apart.
const (
	Informational Intent = "informational"
	Navigational  Intent = "navigational"
	Commercial    Intent = "commercial"
	Transactional Intent = "transactional"
)

// intents are the ways to write them: the word, the letter of Semrush's page,
// the digit of its API.
var intents = map[string]Intent{
	"informational": Informational, "i": Informational, "1": Informational,
	"navigational": Navigational, "n": Navigational, "2": Navigational,
	"commercial": Commercial, "c": Commercial, "0": Commercial, "commercial investigation": Commercial,
	"transactional": Transactional, "t": Transactional, "3": Transactional,
}

// parseIntent takes the first intent of a list such as "Informational,
// Commercial": tools put the main one first. What is no intent, such as
// "Non-branded", is passed over. It is false where no part of the cell is one.
func parseIntent(cell string) (Intent, bool) {
	for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(",;|/", r) }) {
		if in, ok := intents[strings.ToLower(strings.TrimSpace(part))]; ok {
			return in, true
		}
	}
	return "", false
}

var intentColumns = []struct {
	meaning Meaning
	intent  Intent
}{
	{InformationalColumn, Informational},
	{NavigationalColumn, Navigational},
	{CommercialColumn, Commercial},
	{TransactionalColumn, Transactional},
}

// flaggedIntent is the first intent whose own column says true.
func (h header) flaggedIntent(r record) Intent {
	for _, c := range intentColumns {
		switch strings.ToLower(r.cell(h.column(c.meaning))) {
		case "true", "yes", "1", "x":
			return c.intent
		}
	}
	return ""
}
