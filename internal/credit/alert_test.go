package credit_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"igny8/internal/credit"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// post keeps the letters that it is to send.
type post struct {
	mu    sync.Mutex
	all   []mail.CreditsLow
	fails error
}

func (p *post) TellOwners(_ context.Context, _ *tenant.Tx, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails != nil {
		return p.fails
	}
	p.all = append(p.all, m.(mail.CreditsLow))
	return nil
}

// warned makes the round, and returns the letters that were written.
func (h *house) warned(p *post) []mail.CreditsLow {
	h.t.Helper()
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	p.all = nil
	if err := q.Make(h.t.Context(), credit.AlertRound(p)); err != nil && !errors.Is(err, p.fails) {
		h.t.Fatal(err)
	}
	h.sound()
	return p.all
}

func (h *house) spend(n credit.Credits) {
	h.t.Helper()
	hold := h.open(h.reserve(n))
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, n) })
}

func (h *house) alert() (a credit.Alert) {
	h.t.Helper()
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) (err error) {
		a, err = credit.AlertOf(ctx, v)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func (h *house) threshold(n *credit.Credits) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.SetThreshold(ctx, tx, n)
		return err
	})
}

// TestOneLetterForEachFall goes below, is looked at twice, rises and falls
// again.
func TestOneLetterForEachFall(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), &post{}
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 100})
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	if a := h.alert(); a.Threshold != 10 || !a.Automatic || a.Low {
		t.Errorf("of a plan of 100 the threshold is %+v", a)
	}
	h.spend(95)
	held := h.reserve(10) // it may come back
	if all := h.warned(p); len(all) != 0 {
		t.Errorf("15 are left, and it was warned: %+v", all)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, held) })
	h.spend(6)
	if all := h.warned(p); len(all) != 1 || all[0] != (mail.CreditsLow{Left: 9, Threshold: 10}) {
		t.Errorf("9 are left: %+v", all)
	}
	if a := h.alert(); !a.Low || a.Warned.IsZero() {
		t.Errorf("%+v", a)
	}
	h.spend(1)
	if all := h.warned(p); len(all) != 0 {
		t.Errorf("it was warned already: %+v", all)
	}
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "package", Amount: 50})
	if all := h.warned(p); len(all) != 0 || h.alert().Low {
		t.Errorf("58 are left: %+v", all)
	}
	h.spend(58)
	if all := h.warned(p); len(all) != 1 || all[0].Left != 0 {
		t.Errorf("none are left: %+v", all)
	}
}

// TestALotThatEndsWarns has nobody look at the account meanwhile.
func TestALotThatEndsWarns(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), &post{}
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 100, Expires: h.hand.Clock().Now().Add(time.Hour)})
	if all := h.warned(p); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	h.hand.Advance(time.Hour)
	if all := h.warned(p); len(all) != 1 || all[0].Left != 0 {
		t.Errorf("the plan's credits have ended: %+v", all)
	}
}

func TestThreshold(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), &post{}
	never, some := credit.Credits(0), credit.Credits(70)
	err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.SetThreshold(ctx, tx, &some)
		return err
	})
	if !errors.Is(err, credit.ErrNoCredits) {
		t.Errorf("without credits: %v", err)
	}
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 100})
	h.threshold(&never)
	h.spend(100)
	if all := h.warned(p); len(all) != 0 {
		t.Errorf("never is never: %+v", all)
	}
	h.threshold(&some)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 60})
	if a := h.alert(); a.Threshold != 70 || a.Automatic || !a.Low {
		t.Errorf("it was set by hand: %+v", a)
	}
	if all := h.warned(p); len(all) != 1 || all[0] != (mail.CreditsLow{Left: 60, Threshold: 70}) {
		t.Errorf("%+v", all)
	}
	h.threshold(nil)
	if a := h.alert(); a.Threshold != 6 || !a.Automatic {
		t.Errorf("automatic again: %+v", a)
	}
	for _, n := range []credit.Credits{-1, 1_000_000_001} {
		err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.SetThreshold(ctx, tx, &n)
			return err
		})
		if !errors.Is(err, credit.ErrInvalidThreshold) {
			t.Errorf("%d: %v", n, err)
		}
	}
}

// TestTwoRoundsWriteOneLetter makes the round on two processes at once, and
// lets the first letters fail.
func TestTwoRoundsWriteOneLetter(t *testing.T) {
	t.Parallel()
	h, p := newHouse(t), &post{fails: errors.New("the queue is away")}
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 100})
	h.spend(100)
	h.warned(p)
	if a := h.alert(); !a.Warned.IsZero() {
		t.Errorf("nothing was written, and it counts as warned: %+v", a)
	}
	p.fails = nil
	q, err := job.New(h.d, slog.New(slog.DiscardHandler), job.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := q.Make(t.Context(), credit.AlertRound(p)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(p.all) != 1 {
		t.Errorf("%d letters", len(p.all))
	}
}
