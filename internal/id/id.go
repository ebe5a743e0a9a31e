// Package id makes typed, time-ordered identifiers that say what they are:
// "kw_06a2t7..." cannot be handed to a function that wants an article.
package id

import (
	"database/sql/driver"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Kind names a kind of thing. Its zero value must answer Prefix.
type Kind interface {
	// Prefix is two to five lower-case letters, unique in the program.
	Prefix() string
}

// ID names one thing of kind K: the prefix, an underscore, and a UUIDv7 (RFC
// 9562) in 26 letters of Crockford's base 32, so that text order is order of
// making. The zero ID names nothing.
type ID[K Kind] struct{ s string }

// ErrSyntax is what Parse returns for text that is not an id of its kind.
var ErrSyntax = errors.New("not an id of this kind")

var letters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const bodyLen = 26

// New makes an id that no one else has.
func New[K Kind]() ID[K] {
	u := uuid.Must(uuid.NewV7())
	return ID[K]{s: prefix[K]() + letters.EncodeToString(u[:])}
}

// Parse reads an id of kind K and refuses every other text, ids of other
// kinds included.
func Parse[K Kind](s string) (ID[K], error) {
	body, ok := strings.CutPrefix(s, prefix[K]())
	if ok && len(body) == bodyLen {
		if _, err := letters.DecodeString(body); err == nil {
			return ID[K]{s: s}, nil
		}
	}
	return ID[K]{}, fmt.Errorf("%.40q: %w (%s...)", s, ErrSyntax, prefix[K]())
}

func prefix[K Kind]() string {
	var k K
	return k.Prefix() + "_"
}

// String is the id as it is written everywhere.
func (i ID[K]) String() string { return i.s }

// IsZero tells whether the id names nothing.
func (i ID[K]) IsZero() bool { return i.s == "" }

// MarshalText implements encoding.TextMarshaler.
func (i ID[K]) MarshalText() ([]byte, error) { return []byte(i.s), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Empty text is the zero ID.
func (i *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*i = ID[K]{}
		return nil
	}
	p, err := Parse[K](string(b))
	*i = p
	return err
}

// Value implements driver.Valuer: the zero ID is NULL.
func (i ID[K]) Value() (driver.Value, error) {
	if i.s == "" {
		return nil, nil
	}
	return i.s, nil
}

// Scan implements sql.Scanner: NULL is the zero ID.
func (i *ID[K]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = ID[K]{}
		return nil
	case string:
		return i.UnmarshalText([]byte(v))
	case []byte:
		return i.UnmarshalText(v)
	default:
		return fmt.Errorf("scan %T into an id: %w", src, ErrSyntax)
	}
}
