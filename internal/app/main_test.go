package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNoWallNoServer takes the wall away behind the server's back: it serves
// nobody at its next start, and says what to do.
func TestNoWallNoServer(t *testing.T) {
	if dbtest.Engine() != db.Postgres {
		t.Skip("SQLite has no row-level security")
	}
	h := open(t, clock.Clock{})
	h.stop()
	dbtest.AsOwner(t, h.cfg.Database, `ALTER TABLE keywords NO FORCE ROW LEVEL SECURITY`)
	s, err := build(t.Context(), h.cfg, slog.New(slog.DiscardHandler), clock.Clock{})
	if err == nil {
		t.Fatalf("it started: %v", s.close())
	}
	if !errors.Is(err, db.ErrWall) || !strings.Contains(err.Error(), "ALTER TABLE keywords ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;") {
		t.Errorf("start: %v", err)
	}
}

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
