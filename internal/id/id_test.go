package id_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"igny8/internal/id"
)

type cat struct{}

func (cat) Prefix() string { return "cat" }

type dog struct{}

func (dog) Prefix() string { return "dog" }

func TestOrderAndRoundTrip(t *testing.T) {
	var all []string
	for range 1000 {
		i := id.New[cat]()
		back, err := id.Parse[cat](i.String())
		if err != nil || back != i {
			t.Fatalf("Parse(%s) = %v, %v", i, back, err)
		}
		all = append(all, i.String())
	}
	if !slices.IsSorted(all) {
		t.Error("ids are not in order of making")
	}
	if len(slices.Compact(all)) != 1000 {
		t.Error("two ids are the same")
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "cat_", id.New[dog]().String(), "cat_06a2", "cat_!!!!!!!!!!!!!!!!!!!!!!!!!!", id.New[cat]().String() + "0"} {
		if _, err := id.Parse[cat](s); !errors.Is(err, id.ErrSyntax) {
			t.Errorf("Parse(%q) = %v, want ErrSyntax", s, err)
		}
	}
}

func TestZeroIsNull(t *testing.T) {
	var z id.ID[cat]
	if v, err := z.Value(); v != nil || err != nil {
		t.Errorf("Value() = %v, %v, want NULL", v, err)
	}
	if err := z.Scan(nil); err != nil || !z.IsZero() {
		t.Errorf("Scan(nil) = %v, %v", z, err)
	}
	if err := z.Scan(42); !errors.Is(err, id.ErrSyntax) {
		t.Errorf("Scan(42) = %v", err)
	}
	i := id.New[cat]()
	b, err := json.Marshal(map[string]any{"id": i})
	if err != nil || string(b) != `{"id":"`+i.String()+`"}` {
		t.Errorf("JSON is %s, %v", b, err)
	}
}
