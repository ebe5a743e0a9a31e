package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// formats is JSON as huma writes it, and as only one reader can understand it.
func formats() map[string]huma.Format {
	all := maps.Clone(huma.DefaultFormats)
	for name, f := range all {
		f.Unmarshal = unmarshal
		all[name] = f
	}
	return all
}

var errNotUTF8 = errors.New("the text is not UTF-8")

// unmarshal is json.Unmarshal without what it lets pass: a member that an
// object has twice, of which two programs may believe a different one, and
// bytes that are not UTF-8, which it would replace.
func unmarshal(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	// huma reads a body into any, to see what is wrong with it, and then again
	// into the input. Once is enough to look for this.
	if _, first := v.(*any); !first {
		return nil
	}
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return once(d)
}

// once reads one value and is an error when an object in it has a member
// twice.
func once(d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	begin, open := t.(json.Delim)
	if !open {
		return nil
	}
	seen := map[any]bool{}
	for d.More() {
		if begin == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			if seen[name] {
				return fmt.Errorf("an object has the member %.40q twice", name)
			}
			seen[name] = true
		}
		if err := once(d); err != nil {
			return err
		}
	}
	_, err = d.Token() // the end of it
	return err
}
