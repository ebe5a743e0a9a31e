package app

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flow is a trial tenant with a site and the keywords of a list.
func (h *house) flow(list string) (token, site string) {
	h.t.Helper()
	token = h.member()
	site = h.site(token)
	c := h.caller(token)
	var j shownJob
	if err := c.upload(h.t.Context(), "list.csv", []byte(list), site, &j); err != nil {
		h.t.Fatal(err)
	}
	h.done(token, j.ID)
	return token, site
}

// done waits for a job and returns its result.
func (h *house) done(token, id string) map[string]any {
	h.t.Helper()
	var result map[string]any
	if err := h.caller(token).wait(h.t.Context(), id, func(int64, int64) {}, &result); err != nil {
		h.t.Fatal(err)
	}
	return result
}

// verify fails the test when an account's credits are not what its ledger
// says.
func (h *house) verify() {
	h.t.Helper()
	for after := ""; ; {
		batch, err := h.s.verify(context.WithoutCancel(h.t.Context()), after)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, a := range batch {
			for _, sentence := range a.found {
				h.t.Errorf("account %s: %s", a.ID, sentence)
			}
			after = a.ID.String()
		}
		if len(batch) < verifyBatch {
			return
		}
	}
}
