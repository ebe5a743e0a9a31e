package bank

import (
	"reflect"
	"testing"
	"time"

	"igny8/internal/bank/internal/statement"
)

// TestDetailKeepsAll fills every field that a line has, and reads it back.
func TestDetailKeepsAll(t *testing.T) {
	var l, got statement.Line
	filled := fill(reflect.ValueOf(&l).Elem(), 2)
	text, err := detailOf(l)
	is(t, err, nil)
	is(t, parseDetail(text, &got), nil)
	if !reflect.DeepEqual(got, l) {
		t.Errorf("got %+v\nwant %+v", got, l)
	}
	if filled < 60 {
		t.Errorf("%d fields only", filled)
	}
	empty, err := detailOf(statement.Line{})
	if is(t, err, nil); empty != "{}" {
		t.Errorf("a line that says nothing is kept as %s", empty)
	}
}

// fill sets every field to something that is not zero; a line within a line
// only so deep.
func fill(v reflect.Value, deep int) (n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(`"text" <ä>`)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), deep)
	case reflect.Slice:
		if v.Type().Elem() == reflect.TypeFor[statement.Line]() && deep == 0 {
			return 0
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		return fill(v.Index(0), deep-1) + fill(v.Index(1), deep-1)
	case reflect.Struct:
		if v.Type() == momentType {
			v.Set(reflect.ValueOf(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)))
			return 1
		}
		for i := range v.NumField() {
			n += fill(v.Field(i), deep)
		}
		return n
	default:
		panic(v.Kind())
	}
	return 1
}
