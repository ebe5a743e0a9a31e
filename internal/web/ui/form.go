package ui

import (
	"context"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"igny8/internal/fault"
	"igny8/internal/words"
)

// Form is what was typed and what is wrong with it, so that a form comes back
// as it was sent. The zero Form is one that nobody has filled in.
type Form struct {
	values   url.Values
	mistakes map[string]mistake // by the name of the field
	trouble  words.Text         // what no field is to blame for
}

// mistake is what is wrong with a field.
type mistake struct {
	text words.Text
	part bool // it goes on from "body.name: ", and is no sentence yet
}

// in is the mistake as a sentence for the person of ctx.
func (m mistake) in(ctx context.Context) string {
	s := say(ctx, m.text)
	if !m.part || s == "" {
		return s
	}
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:] + "."
}

// NewForm is a form that begins with values.
func NewForm(values url.Values) Form { return Form{values: values} }

// Refused is the form with what is wrong: beside each field that f blames, or
// above them all. Places are those of the API, such as "body.email"; fields
// names those that the form has.
func (f Form) Refused(why *fault.Fault, fields ...string) Form {
	f.mistakes = map[string]mistake{}
	has := map[string]bool{}
	for _, name := range fields {
		has[name] = true
	}
	for _, w := range why.Fields {
		if name := strings.TrimPrefix(w.Location, "body."); has[name] {
			f.mistakes[name] = sentence(why, w)
		}
	}
	if len(f.mistakes) == 0 {
		f.trouble = why.Msg
	}
	return f
}

// sentence is what is said beside a field: the fault's own sentence, which is
// made for people, where it says what is wrong.
func sentence(why *fault.Fault, w fault.Field) mistake {
	if len(why.Fields) == 1 && !why.ByField {
		return mistake{text: why.Msg}
	}
	return mistake{w.Msg, true}
}

// Value is what was typed.
func (f Form) Value(name string) string { return f.values.Get(name) }

// Values is all that was typed or ticked under a name.
func (f Form) Values(name string) []string { return f.values[name] }

// Trouble is what is wrong with the whole; empty: nothing.
func (f Form) Trouble() words.Text { return f.trouble }

// Blank tells whether nobody has filled it in.
func (f Form) Blank() bool { return f.values == nil && !f.Bad() }

// Bad tells whether the form came back.
func (f Form) Bad() bool { return f.trouble != "" || len(f.mistakes) > 0 }

// Field is one line of a form.
type Field struct {
	Form     Form
	Name     string
	Label    words.Text
	Type     string     // of the input; empty: text. What was typed as a password is never shown again
	Hint     words.Text // below the label; empty: none
	Complete string     // for autocomplete; empty: the browser's guess
	Mode     string     // for inputmode; empty: by type
	Start    string     // the value of a form that nobody has filled in
	Optional bool
	Min, Max int    // characters; zero: any number
	Focus    bool   // begin here
	Bare     bool   // nothing says that it is optional: everything around it is
	Choices  []Pick // of a select or a group of radio buttons
}

// Pick is one choice.
type Pick struct {
	Value    string
	Label    words.Text
	Hint     words.Text // radio buttons only
	Note     words.Text // radio buttons only: at the end of the line, such as a price
	Disabled bool
	Free     bool // radio buttons only: nothing has to be paid
}

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

func (f Field) id() string { return "field-" + f.Name }

// value is empty for passwords, whatever was typed.
func (f Field) value() string {
	if f.Type == "password" {
		return ""
	}
	if v := f.Form.Value(f.Name); v != "" || f.Form.values.Has(f.Name) {
		return v
	}
	return f.Start
}

func (f Field) mistake() mistake { return f.Form.mistakes[f.Name] }

// wrong tells whether something is.
func (f Field) wrong() bool { return f.mistake().text != "" }

// described is what aria-describedby names: the mistake first.
func (f Field) described() string {
	var ids []string
	if f.wrong() {
		ids = append(ids, f.id()+"-mistake")
	}
	if f.Hint != "" {
		ids = append(ids, f.id()+"-hint")
	}
	return strings.Join(ids, " ")
}

// focused is the field that a person goes on with: the first that is wrong,
// or the one that the page begins with.
func (f Field) focused() bool {
	if f.Form.Bad() {
		return f.wrong()
	}
	return f.Focus
}
