package bank

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"igny8/internal/bank/internal/statement"
)

// detailOf is all that a file says of a line, as JSON without what it does not
// say: of the hundred things that a bank could say, it says ten.
func detailOf(l statement.Line) (string, error) {
	b, err := said(make([]byte, 0, 1024), reflect.ValueOf(l))
	return string(b), err
}

func parseDetail(s string, l *statement.Line) error { return json.Unmarshal([]byte(s), l) }

var momentType = reflect.TypeFor[time.Time]()

func said(b []byte, v reflect.Value) ([]byte, error) {
	var err error
	switch k := v.Kind(); {
	case k == reflect.Pointer:
		return said(b, v.Elem()) // none is zero, and is left out
	case k == reflect.Slice:
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = said(b, v.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case k == reflect.Struct && v.Type() != momentType:
		b = append(b, '{')
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				continue
			}
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = append(strconv.AppendQuote(b, v.Type().Field(i).Name), ':')
			if b, err = said(b, v.Field(i)); err != nil {
				return nil, err
			}
		}
		return append(b, '}'), nil
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return nil, fmt.Errorf("keep what a bank says: %w", err)
	}
	return append(b, text...), nil
}
