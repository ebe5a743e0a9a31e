package credit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func work(n credit.Credits) credit.Want {
	return credit.Want{Amount: n, Operation: credit.GenerateContent, Reference: "elsewhere", Site: ""}
}

func TestTellerLife(t *testing.T) {
	h := newHouse(t)
	b := credit.NewTeller(h.st)
	ctx := t.Context()
	if _, err := b.Reserve(ctx, h.s, work(1), time.Minute); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("an account without a balance: %v", err)
	}
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	k, err := b.Reserve(ctx, h.s, work(4), time.Minute)
	if err != nil || k.Amount != 4 || !k.Until.Equal(h.hand.Clock().Now().Add(time.Minute)) {
		t.Fatalf("Reserve = %+v, %v", k, err)
	}
	h.want(6, 4)
	if _, err := b.Reserve(ctx, h.s, work(7), time.Minute); !errors.Is(err, credit.ErrInsufficient) || fmt.Sprint(fault.Of(err).Extra["needed"], fault.Of(err).Extra["available"], fault.Of(err).Extra["held"]) != "7 6 4" {
		t.Errorf("more than is there: %v %v", err, fault.Of(err).Extra)
	}
	if err := b.Settle(ctx, h.s, k.Hold, 3); err != nil {
		t.Fatal(err)
	}
	h.want(7, 0)
	for _, again := range []error{b.Settle(ctx, h.s, k.Hold, 1), b.Release(ctx, h.s, k.Hold)} {
		if !errors.Is(again, credit.ErrHoldSpent) {
			t.Errorf("ended twice: %v", again)
		}
	}
	if k, err = b.Reserve(ctx, h.s, work(7), time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := b.Release(ctx, h.s, k.Hold); err != nil {
		t.Fatal(err)
	}
	h.want(7, 0)
	if err := b.Release(ctx, h.s, credit.HoldID{}); !errors.Is(err, credit.ErrHoldNotFound) {
		t.Errorf("no hold: %v", err)
	}
	other := tenanttest.New(t, h.d)
	if err := b.Release(ctx, other, k.Hold); !errors.Is(err, credit.ErrHoldNotFound) {
		t.Errorf("another's hold: %v", err)
	}
	if err := b.Settle(ctx, h.s, h.reserve(2), 2); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("a hold of work that is done here: %v", err)
	}
	for _, lease := range []time.Duration{0, time.Millisecond, 25 * time.Hour, -time.Hour} {
		if _, err := b.Reserve(ctx, h.s, work(1), lease); !errors.Is(err, credit.ErrInvalidLease) {
			t.Errorf("a lease of %s: %v", lease, err)
		}
	}
	if _, err := b.Reserve(ctx, tenant.Scope{}, work(1), time.Minute); !errors.Is(err, tenant.ErrNoScope) {
		t.Errorf("no scope: %v", err)
	}
	h.sound()
}

// TestHoldsLapse is work elsewhere that is never heard of again: its credits are
// back when the lease has run out, whether or not anybody looks.
func TestHoldsLapse(t *testing.T) {
	h := newHouse(t)
	b := credit.NewTeller(h.st)
	end := h.hand.Clock().Now().Add(30 * time.Minute)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 4, Expires: end})
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	short, err := b.Reserve(t.Context(), h.s, work(6), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	long, err := b.Reserve(t.Context(), h.s, work(2), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	h.hand.Advance(50 * time.Second)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { // a heartbeat
		_, err := credit.Prolong(ctx, tx, short.Hold, time.Minute)
		return err
	})
	h.hand.Advance(59 * time.Second)
	h.want(6, 8)
	h.hand.Advance(time.Second)
	h.want(12, 2)
	prolong := func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Prolong(ctx, tx, short.Hold, time.Minute)
		return err
	}
	if err := h.update(prolong); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("prolonged after the lease: %v", err)
	}
	if err := b.Settle(t.Context(), h.s, short.Hold, 1); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("settled after the lease: %v", err)
	}
	h.want(12, 2)
	h.left("plan:4 bonus:8")
	if _, err := b.Reserve(t.Context(), h.s, work(12), 2*time.Hour); err != nil {
		t.Errorf("what lapsed cannot be reserved: %v", err)
	}
	h.want(0, 14)
	h.hand.Advance(24 * time.Hour)
	h.want(10, 0) // the plan's four ended under a hold
	if err := b.Settle(t.Context(), h.s, long.Hold, 1); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("settled after the lease: %v", err)
	}
	h.sound()
}

// TestTellersShareTheLastCredits has many callers of two processes on few
// credits: as many pass as there are.
func TestTellersShareTheLastCredits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 30, Expires: h.hand.Clock().Now().Add(time.Hour)})
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 20})
	tellers := []*credit.Teller{credit.NewTeller(h.st), credit.NewTeller(h.st)}
	var passed, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			_, err := tellers[i%2].Reserve(t.Context(), h.s, work(1), time.Minute)
			switch {
			case err == nil:
				passed.Add(1)
			case errors.Is(err, credit.ErrInsufficient):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 50 || refused.Load() != 250 {
		t.Errorf("%d passed and %d were refused, want 50 and 250", passed.Load(), refused.Load())
	}
	h.want(0, 50)
	h.sound()
}

// TestTellerKnowsWhatOthersDid is a teller that remembers an account, which
// others change meanwhile in every way.
func TestTellerKnowsWhatOthersDid(t *testing.T) {
	h := newHouse(t)
	b := credit.NewTeller(h.st)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 3})
	reserve := func(n credit.Credits) error {
		_, err := b.Reserve(t.Context(), h.s, work(n), time.Hour)
		return err
	}
	if err := reserve(3); err != nil {
		t.Fatal(err)
	}
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "more", Amount: 3}) // to be seen by the very next
	if err := reserve(4); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("one more than there is: %v", err)
	}
	if err := reserve(1); err != nil { // and so it remembers the account
		t.Error(err)
	}
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "one", Amount: 1})
	if err := reserve(3); err != nil {
		t.Errorf("after a purchase: %v", err)
	}
	soon := h.hand.Clock().Now().Add(time.Minute)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 5, Effective: soon, Expires: soon.Add(time.Minute)})
	if err := reserve(1); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("before the lot begins: %v", err)
	}
	h.hand.Advance(time.Minute)
	if err := reserve(2); err != nil {
		t.Errorf("the lot has begun: %v", err)
	}
	h.hand.Advance(time.Minute)
	if err := reserve(1); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("the lot has ended: %v", err)
	}
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "again", Amount: 9})
	if err := reserve(4); err != nil {
		t.Fatal(err)
	}
	if err := h.adjust(-5, "taken by an operator"); err != nil {
		t.Fatal(err)
	}
	if err := reserve(1); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("what was taken: %v", err)
	}
	h.sound()
}

// TestTellersUnderFire has callers on several accounts who reserve, settle,
// release and go away, while others adjust and grant. What the callers were
// told is what the ledger says.
func TestTellersUnderFire(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	scopes := []tenant.Scope{h.s, tenanttest.New(t, h.d), tenanttest.New(t, h.d)}
	grant := func(s tenant.Scope, reference string, n credit.Credits) error {
		return h.st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: reference, Amount: n})
			return err
		})
	}
	for _, s := range scopes {
		if err := grant(s, "bonus", 200); err != nil {
			t.Fatal(err)
		}
	}
	tellers := []*credit.Teller{credit.NewTeller(h.st), credit.NewTeller(h.st)}
	var spent [3]atomic.Int64
	var wg sync.WaitGroup
	for c := range 16 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(c), 1))
			for i := range 25 {
				a := rnd.IntN(3)
				b, s := tellers[rnd.IntN(2)], scopes[a]
				ctx, cancel := context.WithCancel(t.Context())
				if rnd.IntN(4) == 0 {
					go cancel() // at any moment
				}
				k, err := b.Reserve(ctx, s, work(credit.Credits(1+rnd.IntN(5))), time.Hour)
				cancel()
				switch {
				case errors.Is(err, context.Canceled), errors.Is(err, credit.ErrInsufficient):
					continue
				case err != nil:
					t.Error(err)
					continue
				}
				switch rnd.IntN(3) {
				case 0:
					err = b.Release(t.Context(), s, k.Hold)
				case 1:
					used := k.Amount - credit.Credits(rnd.IntN(2))
					if err = tellers[rnd.IntN(2)].Settle(t.Context(), s, k.Hold, used); err == nil {
						spent[a].Add(int64(used))
					}
				case 2:
					err = b.Release(t.Context(), s, k.Hold)
					if err == nil {
						err = grant(s, fmt.Sprintf("more %d %d", c, i), 1)
						spent[a].Add(-1)
					}
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for a, s := range scopes {
		err := h.st.View(t.Context(), s, func(ctx context.Context, v *tenant.View) error {
			b, err := credit.BalanceOf(ctx, v)
			if want := credit.Credits(200 - spent[a].Load()); b.Available+b.Held != want {
				t.Errorf("account %d: %+v, want %d together", a, b, want)
			}
			if b.Held != 0 {
				t.Errorf("account %d: somebody went away and %d stay held", a, b.Held)
			}
			if err != nil {
				return err
			}
			broken, err := credit.Verify(ctx, v)
			for _, b := range broken {
				t.Error(b)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestOneOfManyEndsAHold has callers who end one hold at once.
func TestOneOfManyEndsAHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 3, Expires: h.hand.Clock().Now().Add(time.Hour)})
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 9})
	b := credit.NewTeller(h.st)
	for i, amount := range []credit.Credits{2, 5} { // from one lot, from two
		k, err := b.Reserve(t.Context(), h.s, work(amount), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var won atomic.Int64
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				switch err := b.Settle(t.Context(), h.s, k.Hold, amount-1); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, credit.ErrHoldSpent):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d ended it", won.Load())
		}
		h.want([]credit.Credits{11, 7}[i], 0)
		h.sound()
	}
}

// TestCallersGoAway has callers whose time ends while they wait: none of them
// has reserved anything without hearing of it, and nobody waits for ever.
func TestCallersGoAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1000})
	b := credit.NewTeller(h.st)
	var got atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(3000))*time.Microsecond)
			defer cancel()
			_, err := b.Reserve(ctx, h.s, work(1), time.Hour)
			switch {
			case err == nil:
				got.Add(1)
			case !errors.Is(err, context.DeadlineExceeded):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.want(1000-credit.Credits(got.Load()), credit.Credits(got.Load()))
	h.sound()
}

// TestTellerSeesALotThatIsToBegin has another process grant credits ahead, which
// adds no entry: what the teller remembers of the account is old all the same.
func TestTellerSeesALotThatIsToBegin(t *testing.T) {
	h := newHouse(t)
	b := credit.NewTeller(h.st)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 5})
	reserve := func(n credit.Credits) {
		t.Helper()
		if _, err := b.Reserve(t.Context(), h.s, work(n), time.Hour); err != nil {
			t.Error(err)
		}
	}
	reserve(1)
	reserve(1)
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 5, Effective: h.hand.Clock().Now().Add(time.Minute)})
	reserve(1)
	h.want(2, 3)
	h.hand.Advance(time.Minute)
	h.want(7, 3)
	reserve(7)
	h.want(0, 10)
	h.sound()
}

// TestTheOldestDebtIsRepaidFirst has two grants that were spent and taken back.
func TestTheOldestDebtIsRepaidFirst(t *testing.T) {
	h := newHouse(t)
	owed := []string{"first", "second"}
	for _, reference := range owed {
		h.grant(credit.NewLot{Source: credit.Purchase, Reference: reference, Amount: 4})
	}
	hold := h.open(h.reserve(8))
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 8) })
	for _, reference := range owed {
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Revoke(ctx, tx, reference)
			return err
		})
		h.hand.Advance(time.Second)
	}
	h.grant(credit.NewLot{Source: credit.Purchase, Reference: "third", Amount: 5})
	got := ""
	err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		debts, err := credit.Debts(ctx, v)
		for _, d := range debts {
			got += fmt.Sprintf("%s:%d ", d.Reference, d.Remaining)
		}
		return err
	})
	if err != nil || got != "second:3 " {
		t.Errorf("owed %q, %v", got, err)
	}
	h.sound()
}
