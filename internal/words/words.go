// Package words is what the program says to people.
//
// A text stands in English where it is said, as a constant, which becomes a
// Text by itself; what somebody has typed does not, so that it is never looked
// up, nor said by mistake. The other languages are in a catalogue, by the
// English. A Text is put into a person's language at the very edge: until then
// it carries its arguments along, through errors, cookies and the database.
package words

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Text is something that is said: English with verbs as those of package fmt,
// and what stands in their place. Its String and its JSON are in English.
//
// A constant is a Text; With, Join and Verbatim make the others. A
// conversion of anything else is none: a test looks for those.
type Text string

// argued is between the words and the arguments, which are JSON: a character
// that nobody types, the unit separator of ASCII.
const argued = "\x1f"

// With is a text with something in the place of its verbs. Texts among args are
// put into the same language; integers, booleans and strings stay what they are
// for the verb, and of all else there is what fmt.Sprint makes of it.
func With(format Text, args ...any) Text {
	return format + argued + pack(args)
}

// Verbatim is what somebody else has said, such as a name: the same in every
// language.
func Verbatim(s string) Text {
	if s == "" {
		return ""
	}
	return With("", s)
}

// Join is texts one after the other; the empty ones are left out.
func Join(between string, all ...Text) Text {
	var parts []any
	for _, t := range all {
		if t == "" {
			continue
		}
		if len(parts) > 0 {
			parts = append(parts, between)
		}
		parts = append(parts, t)
	}
	if len(parts) == 0 {
		return ""
	}
	return With("", parts...)
}

// String is the text in English.
func (t Text) String() string { return English().Say(t) }

// MarshalText is String.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Packed is the text as Unpack reads it: what is kept in a database or a cookie.
func (t Text) Packed() string { return string(t) }

// Unpack is a text that Packed wrote, or words that were kept before there were
// texts.
func Unpack(s string) Text { return Text(s) }

// packed is a Text among arguments in JSON, where integers, booleans and strings
// stand for themselves.
type packed struct {
	Text string `json:"t"`
}

func pack(args []any) Text {
	all := make([]any, len(args))
	for i, arg := range args {
		all[i] = portable(arg)
	}
	b, _ := json.Marshal(all) // integers, booleans and strings can all be written
	return Text(b)
}

// portable is an argument as JSON keeps it.
func portable(arg any) any {
	switch arg := arg.(type) {
	case Text:
		return packed{string(arg)}
	case error, fmt.Stringer:
		return fmt.Sprint(arg)
	}
	switch v := reflect.ValueOf(arg); v.Kind() { //nolint:exhaustive // the rest is for Sprint
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	}
	return fmt.Sprint(arg)
}

// split is the words of a text, and its arguments.
func (t Text) split() (format Text, args []any) {
	words, rest, ok := strings.Cut(string(t), argued)
	if !ok {
		return t, nil
	}
	d := json.NewDecoder(strings.NewReader(rest))
	d.UseNumber()
	var raw []json.RawMessage
	if d.Decode(&raw) != nil {
		return Text(words), nil
	}
	for _, r := range raw {
		args = append(args, unpack(r))
	}
	return Text(words), args
}

func unpack(raw json.RawMessage) any {
	switch raw[0] {
	case '"':
		var s string
		_ = json.Unmarshal(raw, &s) // it was read once
		return s
	case '{':
		var p packed
		_ = json.Unmarshal(raw, &p) // likewise
		return Text(p.Text)
	case 't', 'f':
		return raw[0] == 't'
	}
	n, err := json.Number(raw).Int64()
	if err != nil {
		return string(raw)
	}
	return n
}
