package ai

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/prompt"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
)

// question is a call to a model: what pays for it, and what it asks.
type question[T any] struct {
	g     *Gateway
	s     tenant.Scope
	hold  *credit.Hold
	price credit.Price
	told  telling
	ask   asking[T]
	save  Save[T]
}

// telling is who is asked, and what he is told to do.
type telling struct {
	prompt.Prompt
	p provider.Provider
}

// asking asks a model.
type asking[T any] func(context.Context, *credit.Hold, telling) (answer T, units int64, err error)

// call opens the hold, asks the model, and settles and saves. A caller that
// goes away stops the model, but not the settling.
func call[T any](ctx context.Context, g *Gateway, s tenant.Scope, hold credit.HoldID, kind prompt.Kind, save Save[T], ask asking[T]) error {
	q := question[T]{g: g, s: s, ask: ask, save: save}
	err := g.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if q.hold, err = credit.Open(ctx, tx, hold); err != nil {
			return err
		}
		if q.told.Prompt, err = prompt.Current(ctx, tx.Shared(), kind); err != nil {
			return err
		}
		if q.told.p, err = g.providerOf(ctx, tx); err != nil {
			return err
		}
		q.price, err = credit.PriceOf(ctx, tx, q.hold.Operation())
		return err
	})
	if err != nil {
		return err
	}
	answer, units, err := q.answer(ctx)
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer done()
	if err != nil {
		return q.failed(ctx, ending, units, err)
	}
	err = g.st.Update(ending, s, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := credit.SettleAll(ctx, tx, q.hold, q.price, q.price.Of(units), subscription.Standing); err != nil {
			return err
		}
		return save(ctx, tx, answer)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrUnusable):
		return q.cost(ending, credit.Unusable, units, err)
	default: // it is our fault: the work is paid when it is kept
		return q.giveBack(ending, err)
	}
}

// answer asks the model, and keeps the hold's lease alive meanwhile. When
// somebody else has the hold, the model is stopped.
func (q *question[T]) answer(ctx context.Context) (T, int64, error) {
	ctx, stop := context.WithTimeout(ctx, callLimit)
	defer stop()
	ctx, lose := context.WithCancelCause(ctx)
	var heart sync.WaitGroup
	heart.Go(func() { q.beat(ctx, lose) })
	answer, units, err := q.ask(ctx, q.hold, q.told)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, credit.ErrHoldSpent) {
		err = cause
	}
	lose(nil)
	heart.Wait()
	return answer, units, err
}

func (q *question[T]) beat(ctx context.Context, lose context.CancelCauseFunc) {
	tick := time.NewTicker(q.g.beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := q.g.st.Update(ctx, q.s, func(ctx context.Context, tx *tenant.Tx) error { return credit.Extend(ctx, tx, q.hold) })
		if errors.Is(err, credit.ErrHoldSpent) {
			lose(err)
		} // of what else went wrong the next beat, or the settling, tells
	}
}

// failed ends a call that brought no answer: ctx is the caller's, ending the
// one to write in. A server that stops is our fault, and the work is tried
// again; an account that cancels has asked for what was bought.
func (q *question[T]) failed(ctx, ending context.Context, units int64, err error) error {
	f := provider.FailureOf(err)
	err = fmt.Errorf("%s by %s: %w", q.hold.Operation(), q.told.p.Name(), err)
	switch {
	case errors.Is(err, credit.ErrHoldSpent):
		return err
	case !errors.Is(ctx.Err(), context.Canceled), f == credit.Unsent:
		return q.cost(ending, f, units, err)
	case job.Cancelling(ctx):
		return q.cost(ending, credit.Cancelled, units, err)
	default:
		return q.giveBack(ending, err)
	}
}

// cost lets the rule of a failure decide what it costs, and gives the error the
// face that says so.
func (q *question[T]) cost(ctx context.Context, f credit.Failure, units int64, err error) error {
	var v credit.Verdict
	kept := q.g.st.Update(ctx, q.s, func(ctx context.Context, tx *tenant.Tx) (err error) {
		v, err = credit.Fail(ctx, tx, q.hold, f, q.price.Of(units))
		return err
	})
	if errors.Is(kept, credit.ErrHoldSpent) {
		kept = nil // it was released meanwhile, by who cancelled the work
	}
	return errors.Join(face(err, f, v), kept)
}

// giveBack lets the hold be reserved as it was before the call.
func (q *question[T]) giveBack(ctx context.Context, err error) error {
	back := q.g.st.Update(ctx, q.s, func(ctx context.Context, tx *tenant.Tx) error { return credit.Return(ctx, tx, q.hold) })
	if errors.Is(back, credit.ErrHoldSpent) {
		back = nil
	}
	return errors.Join(err, back)
}

// face gives an error the public face that tells whether to try again, and what
// it cost.
func face(err error, f credit.Failure, v credit.Verdict) error {
	if v.Charged && f != credit.Cancelled {
		charged := ErrCharged.Sayf("The AI provider gave no usable answer. Up to %d such failures in %s are free, and this was one more: %d credits were spent.",
			v.Rule.Free, spell(v.Rule.Window), v.Cost).With("failure", string(f)).With("spent", int64(v.Cost))
		return fmt.Errorf("%w (%w)", charged, err)
	}
	if own := fault.Of(err); own.Kind != fault.Internal {
		return err // who saves has said it already
	}
	switch f {
	case credit.Cancelled:
		return err
	case credit.Rejected:
		return fmt.Errorf("%w (%w)", ErrRefused, err)
	case credit.Unusable:
		return fmt.Errorf("%w (%w)", ErrUnusable, err)
	default:
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
}

// spell says a window as a person would.
func spell(d time.Duration) string {
	for _, u := range []struct {
		long time.Duration
		name string
	}{{time.Hour, "hours"}, {time.Minute, "minutes"}} {
		if d%u.long == 0 {
			return fmt.Sprintf("%d %s", d/u.long, u.name)
		}
	}
	return d.String()
}
