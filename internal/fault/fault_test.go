package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"igny8/internal/fault"
)

var errShort = fault.New(fault.PaymentRequired, "credit.insufficient", "You do not have enough credits.")

func TestFace(t *testing.T) {
	err := fmt.Errorf("order art_1: %w", errShort.With("needed", 5).Sayf("You need %d.", 5))
	f := fault.Of(err)
	if f.Kind != fault.PaymentRequired || f.Code != "credit.insufficient" || f.Msg.String() != "You need 5." || f.Extra["needed"] != 5 {
		t.Errorf("Of lost details: %+v", f)
	}
	if !errors.Is(err, errShort) {
		t.Error("a copy with details is not the fault it came from")
	}
	if errShort.Extra != nil || errShort.Msg != "You do not have enough credits." {
		t.Errorf("a copy changed the original: %+v", errShort)
	}
	if got := err.Error(); got != "order art_1: credit.insufficient: You need 5." {
		t.Errorf("chain reads %q", got)
	}
}

func TestFaceless(t *testing.T) {
	if f := fault.Of(errors.New("pq: secret")); f.Kind != fault.Internal || f.Msg == "pq: secret" {
		t.Errorf("a faceless error shows %+v", f)
	}
	if fault.Of(nil) != nil {
		t.Error("Of(nil) is not nil")
	}
}

func TestFieldsAreCopied(t *testing.T) {
	a := errShort.At("body.a", "wrong", 1)
	b, c := a.At("body.b", "wrong", 2), a.At("body.c", "wrong", 3)
	if b.Fields[1].Location != "body.b" || c.Fields[1].Location != "body.c" || len(errShort.Fields) != 0 {
		t.Errorf("copies share fields: %v %v", b.Fields, c.Fields)
	}
}
