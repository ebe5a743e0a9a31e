package api

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/words"
)

// What huma finds wrong with input, by the status it gives.
var inputFaults = map[int]*fault.Fault{
	http.StatusBadRequest:            fault.New(fault.Malformed, "request.malformed", "The request cannot be read."),
	http.StatusNotAcceptable:         fault.New(fault.NotAcceptable, "request.not_acceptable", "The answer is JSON: send Accept: application/json, or none."),
	http.StatusRequestTimeout:        fault.New(fault.TooSlow, "request.timeout", "The request did not arrive in time."),
	http.StatusRequestEntityTooLarge: fault.New(fault.TooLarge, "request.too_large", "The request is larger than is accepted."),
	http.StatusUnsupportedMediaType:  fault.New(fault.WrongType, "request.unsupported_media_type", "Send JSON, with Content-Type: application/json."),
	http.StatusUnprocessableEntity:   fault.New(fault.Invalid, "request.invalid", "Some of the input does not make sense."),
}

// problemOf is what huma found, as a problem.
func problemOf(requestID string, status int, msg string, errs []error) *httpx.Problem {
	f := inputFaults[status]
	var tooLarge *http.MaxBytesError
	for _, err := range errs {
		if errors.As(err, &tooLarge) || err != nil && strings.Contains(err.Error(), "request body too large") {
			f = inputFaults[http.StatusRequestEntityTooLarge]
		}
	}
	if f == nil {
		return httpx.ProblemOf(errors.Join(append(errs, errors.New(msg))...), requestID)
	}
	f = f.Sayf("%s", f.Msg)
	if len(errs) == 0 && f.Kind == fault.Malformed {
		f = f.At("body", "is needed, and is missing", nil) // the one thing that huma says without a place
	}
	for _, err := range errs {
		if err != nil {
			f = whereOf(f, err)
		}
	}
	return httpx.ProblemOf(f, requestID)
}

func whereOf(f *fault.Fault, err error) *fault.Fault {
	var d huma.ErrorDetailer
	if !errors.As(err, &d) {
		return f.At("", words.Verbatim(err.Error()), nil)
	}
	detail := d.ErrorDetail()
	location, msg := split(detail.Location, detail.Message)
	return f.At(cut(location, 200), words.Verbatim(msg), repeatable(detail.Location, detail.Value))
}

// cut is a text of at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "..."
	}
	return s
}

// repeatable is a value that may be told back: short, and no secret. A body as
// a whole may be anything, a password included.
func repeatable(location string, v any) any {
	if location == "body" {
		return nil
	}
	for _, secret := range []string{"password", "token", "key", "secret", "code", "challenge"} {
		if strings.Contains(strings.ToLower(location), secret) {
			return nil
		}
	}
	switch reflect.ValueOf(v).Kind() {
	case reflect.Bool, reflect.Float64, reflect.Int, reflect.Int64:
		return v
	case reflect.String:
		if s := reflect.ValueOf(v).String(); len(s) <= 100 {
			return s
		}
	default: // too large, or nothing that JSON has
	}
	return nil
}

// readable refuses an address whose text no database would keep.
func readable(r *http.Request) error {
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err != nil || !storable(query) || !storable(r.URL.Path) {
		return errText
	}
	return nil
}

func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// storableAll is errText, with the place, when a text anywhere in v cannot be
// kept: JSON can write a NUL character, and PostgreSQL cannot.
func storableAll(v reflect.Value, place string) error {
	switch v.Kind() {
	case reflect.String:
		if !storable(v.String()) {
			return errText.At(place, "holds a NUL character or is not UTF-8", nil)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return storableAll(v.Elem(), place)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := storableAll(v.Index(i), place); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if err := storableAll(v.Field(i), placeOf(place, f)); err != nil {
				return err
			}
		}
	default: // holds no text
	}
	return nil
}

func placeOf(place string, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case f.Name == "Body":
		return "body"
	case name != "" && place != "":
		return place + "." + name
	case name != "":
		return name
	}
	return place
}
