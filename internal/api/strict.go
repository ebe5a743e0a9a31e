package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

const jsonType = "application/json"

// maxDepth is how deep the arrays and objects of a body may be nested; ours
// need four.
const maxDepth = 32

// strictJSON is how every body is read and every answer written.
//
// encoding/json takes more than JSON means: a name given twice (the last
// counts, and "Email" is the same as "email"), bytes that are no UTF-8. What
// one reader takes and another does not is how two of them are played against
// each other, so it is refused here. Huma refuses unknown names.
var strictJSON = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		if k, ok := v.(*kept); ok {
			_, err := w.Write(k.Text)
			return err
		}
		return huma.DefaultJSONFormat.Marshal(w, v)
	},
	Unmarshal: func(data []byte, v any) error {
		if _, first := v.(*any); first { // huma reads a body twice: to look at it, and to use it
			if err := strict(data); err != nil {
				return err
			}
		}
		return placed(json.Unmarshal(data, v))
	},
}

// bodyError is what is wrong with a body, and where. It holds nothing of the
// body but the names on the way. Huma keeps no more of an error than its text,
// so the place travels in that: see split.
type bodyError struct{ place, msg string }

// Error is the place and what is wrong there.
func (e *bodyError) Error() string { return e.place + placeEnd + e.msg }

const placeEnd = "\x00"

// split undoes Error.
func split(location, msg string) (string, string) {
	if place, rest, ok := strings.Cut(msg, placeEnd); ok {
		return place, rest
	}
	return location, msg
}

// placed tells where the decoder met what it could not use.
func placed(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrong):
		place := "body"
		if wrong.Field != "" {
			place += "." + wrong.Field
		}
		return &bodyError{place, "must be " + kindOf(wrong)}
	case errors.As(err, &syntax):
		return &bodyError{"body", fmt.Sprintf("is not JSON, from byte %d on", syntax.Offset)}
	}
	return &bodyError{"body", "is not what is expected here"}
}

func kindOf(e *json.UnmarshalTypeError) string {
	switch name := e.Type.String(); {
	case strings.HasPrefix(name, "int"):
		return "a whole number, without a fraction or an exponent, that is not too large"
	case strings.HasPrefix(name, "float"):
		return "a number that is not too large"
	default:
		return "of another type"
	}
}

// strict is what is wrong with a body that encoding/json would take.
func strict(data []byte) error {
	if !utf8.Valid(data) {
		return &bodyError{"body", "is not UTF-8"}
	}
	s := scanner{d: json.NewDecoder(bytes.NewReader(data))}
	s.d.UseNumber()
	if err := s.value(way{"body"}); err != nil {
		return err
	}
	if _, err := s.d.Token(); !errors.Is(err, io.EOF) {
		return &bodyError{"body", fmt.Sprintf("goes on after its end, from byte %d on", s.d.InputOffset())}
	}
	return nil
}

type scanner struct{ d *json.Decoder }

// way is the names on the way to a value.
type way []string

func (w way) String() string { return strings.Join(w, "") }

func (w way) to(name string) way { return append(w[:len(w):len(w)], name) }

// value reads one value with all that is in it.
func (s scanner) value(at way) error {
	t, err := s.token()
	if err != nil {
		return err
	}
	opened, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if len(at) > maxDepth {
		return &bodyError{at[:3].String() + "...", fmt.Sprintf("is nested deeper than %d levels", maxDepth)}
	}
	if opened == '{' {
		return s.object(at)
	}
	for i := 0; s.d.More(); i++ {
		if err := s.value(at.to("[" + strconv.Itoa(i) + "]")); err != nil {
			return err
		}
	}
	_, err = s.token()
	return err
}

func (s scanner) object(at way) error {
	had := map[string]bool{}
	for s.d.More() {
		t, err := s.token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return &bodyError{at.String(), "has a name that is no text"}
		}
		inside := at.to("." + cut(name, 40))
		if had[folded(name)] {
			return &bodyError{inside.String(), "is given twice; upper and lower case do not make it another"}
		}
		had[folded(name)] = true
		if err := s.value(inside); err != nil {
			return err
		}
	}
	_, err := s.token()
	return err
}

func (s scanner) token() (json.Token, error) {
	t, err := s.d.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, &bodyError{"body", "ends too early"}
	}
	return t, placed(err)
}

// folded is the same for names that encoding/json takes for one another.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
