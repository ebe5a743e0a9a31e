package ai_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// failing is a gateway whose model fails like that, after it wrote 50 words.
func (h *house) failing(err error) *ai.Gateway {
	return aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		return aitest.ArticleOf(in, 50), err
	}})
}

func (h *house) rule(f credit.Failure, free int64) {
	h.t.Helper()
	err := h.st.UpdateShared(h.t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		return credit.SetFailureRule(ctx, tx, tenant.Actor{Kind: tenant.User, ID: "usr_1"}, credit.FailureRule{Failure: f, Free: free, Window: 24 * time.Hour})
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestFailuresBeyondTheirRuleCostWhatWasBought is somebody who brings failures
// about, because they are free.
func TestFailuresBeyondTheirRuleCostWhatWasBought(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rule(credit.Unusable, 2)
	gate := h.failing(aitest.Failed(credit.Unusable))
	hold := h.reserve(3, credit.GenerateContent)
	for range 2 {
		if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never")); !errors.Is(err, ai.ErrUnusable) {
			t.Fatalf("a free one: %v", err)
		}
		h.want(97, 3)
	}
	err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never"))
	f := fault.Of(err)
	if !errors.Is(err, ai.ErrCharged) || f.Kind != fault.Conflict || !strings.Contains(f.Msg.String(), "Up to 2 such failures in 24 hours") || !strings.Contains(f.Msg.String(), "2 credits were spent") {
		t.Fatalf("one too many: %v", err)
	}
	h.want(98, 0) // 50 words: the minimum
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never")); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("once more: %v", err)
	}
}

// TestAnswerThatCannotBeKept is a whole answer that whoever saves it finds good
// for nothing: it counts as the model's failure, and any other error as ours.
func TestAnswerThatCannotBeKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rule(credit.Unusable, 0)
	gate := aitest.New(h.st, aitest.Script{})
	keep := func(err error) error {
		return gate.Article(t.Context(), h.s, h.reserve(3, credit.GenerateContent), brief, func(context.Context, *tenant.Tx, ai.Draft) error { return err })
	}
	broken := errors.New("the disk is full")
	if err := keep(broken); !errors.Is(err, broken) || errors.Is(err, ai.ErrCharged) {
		t.Errorf("our fault: %v", err)
	}
	h.want(97, 3)
	if err := keep(ai.ErrUnusable); !errors.Is(err, ai.ErrCharged) {
		t.Errorf("the model's fault: %v", err)
	}
	h.want(95, 3)
}

// TestOverrunOfASuspendedAccount is work that became longer than was held, of an
// account that may not go on: it gets what it was promised, and the rest is
// named and not charged.
func TestOverrunOfASuspendedAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := h.reserve(4, credit.GenerateContent)
	gate := aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE accounts SET status = 'suspended', resume_status = 'active' WHERE id = $1`)
			return err
		})
		return aitest.ArticleOf(in, 250), nil
	}})
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("kept")); err != nil {
		t.Fatal(err)
	}
	h.want(96+1000, 0)
	err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		o, found, err := credit.OverrunOf(ctx, v, hold)
		if want := (credit.Overrun{Unpaid: 1, Reason: "account.suspended"}); !found || o != want {
			t.Errorf("%+v, %v", o, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestLeaseIsExtendedWhileTheModelWrites moves the clock by far more than a
// lease, in steps that the heart keeps up with.
func TestLeaseIsExtendedWhileTheModelWrites(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := h.reserve(3, credit.GenerateContent)
	other := aitest.New(h.st, aitest.Script{})
	gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		for range 4 {
			h.hand.Advance(credit.Lease - time.Second)
			h.leasedUntil(hold, h.hand.Clock().Now().Add(credit.Lease))
			if err := other.Article(ctx, h.s, hold, in, h.keep("never")); !errors.Is(err, credit.ErrHoldSpent) {
				t.Errorf("somebody else: %v", err)
			}
		}
		return aitest.Article(ctx, in)
	}})
	gate.Beat(time.Millisecond)
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("kept")); err != nil {
		t.Fatal(err)
	}
	h.want(98+1000, 0)
}

// leasedUntil waits until the hold's lease ends at t.
func (h *house) leasedUntil(hid credit.HoldID, t time.Time) {
	h.t.Helper()
	for range 1000 {
		var held credit.Held
		err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) (err error) {
			held, err = credit.LoadHeld(ctx, v, hid)
			return err
		})
		if err != nil {
			h.t.Fatal(err)
		}
		if held.Until.Equal(t) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Errorf("the lease was not extended to %s", t)
}

// TestModelIsStoppedWhenItsHoldIsLost is a runner that was asleep: another took
// the hold, and the heart notices.
func TestModelIsStoppedWhenItsHoldIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := h.reserve(3, credit.GenerateContent)
	gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, _ ai.ArticleBrief) (ai.Article, error) {
		if err := h.release(hold); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		return ai.Article{}, ctx.Err()
	}})
	gate.Beat(time.Millisecond)
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never")); !errors.Is(err, credit.ErrHoldSpent) {
		t.Fatal(err)
	}
	h.want(100, 0)
}
