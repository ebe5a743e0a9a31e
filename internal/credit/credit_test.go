package credit_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is one account with a clock that the test moves.
type house struct {
	t    testing.TB
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	hand *clock.Hand
}

func newHouse(t testing.TB) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	return &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand}
}

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) must(fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.update(fn); err != nil {
		h.t.Fatal(err)
	}
	h.sound()
}

// sound fails the test when an invariant is broken.
func (h *house) sound() {
	h.t.Helper()
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		broken, err := credit.Verify(ctx, v)
		for _, b := range broken {
			h.t.Error(b)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) balance() credit.Balance {
	h.t.Helper()
	var b credit.Balance
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) (err error) {
		b, err = credit.BalanceOf(ctx, v)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

func (h *house) want(available, held credit.Credits) {
	h.t.Helper()
	if got, want := h.balance(), (credit.Balance{Available: available, Held: held}); got != want {
		h.t.Errorf("balance %+v, want %+v", got, want)
	}
}

func (h *house) grant(n credit.NewLot) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Grant(ctx, tx, n)
		return err
	})
}

func (h *house) reserve(n credit.Credits) credit.HoldID {
	h.t.Helper()
	var id credit.HoldID
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		id, err = credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: credit.GenerateContent, Reference: "tsk_1"})
		return err
	})
	return id
}

func (h *house) open(id credit.HoldID) *credit.Hold {
	h.t.Helper()
	var hold *credit.Hold
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		hold, err = credit.Open(ctx, tx, id)
		return err
	})
	return hold
}

// TestReclaim is the next run of a job whose process was killed.
func TestReclaim(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	id := h.reserve(4)
	dead := h.open(id)
	reclaim := func(ctx context.Context, tx *tenant.Tx) error { return credit.Reclaim(ctx, tx, id) }
	h.must(reclaim)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, dead, 4) }); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("the dead settle: %v", err)
	}
	live := h.open(id)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, live, 3) })
	h.must(reclaim)
	h.want(7, 0)
}

func TestLifeOfAHold(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	hold := h.open(h.reserve(4))
	h.want(6, 4)
	if hold.Amount() != 4 || hold.Operation() != credit.GenerateContent {
		t.Errorf("opened %+v", hold)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 3) })
	h.want(7, 0)
	for what, again := range map[string]func(context.Context, *tenant.Tx) error{
		"settle":  func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 1) },
		"return":  func(ctx context.Context, tx *tenant.Tx) error { return credit.Return(ctx, tx, hold) },
		"extend":  func(ctx context.Context, tx *tenant.Tx) error { return credit.Extend(ctx, tx, hold) },
		"release": func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, hold.ID()) },
		"open": func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Open(ctx, tx, hold.ID())
			return err
		},
	} {
		if err := h.update(again); !errors.Is(err, credit.ErrHoldSpent) {
			t.Errorf("%s a settled hold: %v, want ErrHoldSpent", what, err)
		}
	}
	h.want(7, 0)
}

func TestSettleNeverTakesMoreThanHeld(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	hold := h.open(h.reserve(4))
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 99) })
	h.want(6, 0)
}

func TestReleaseGivesAllBack(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	id := h.reserve(10)
	h.want(0, 10)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, id) })
	h.want(10, 0)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, id) }); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("second release = %v", err)
	}
}

func TestInsufficientSaysHowMuch(t *testing.T) {
	h := newHouse(t)
	reserve := func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Reserve(ctx, tx, credit.Want{Amount: 11, Operation: credit.GenerateContent, Reference: "tsk_1"})
		return err
	}
	if err := h.update(reserve); !errors.Is(err, credit.ErrInsufficient) {
		t.Fatalf("an account without a balance: %v", err)
	}
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	h.reserve(3)
	err := h.update(reserve)
	f := fault.Of(err)
	if !errors.Is(err, credit.ErrInsufficient) || f.Kind != fault.PaymentRequired {
		t.Fatalf("Reserve = %v", err)
	}
	if got := fmt.Sprint(f.Extra["needed"], f.Extra["available"], f.Extra["held"]); got != "11 7 3" {
		t.Errorf("needed, available, held = %s", got)
	}
	for _, n := range []credit.Credits{0, -5} {
		err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: credit.GenerateContent, Reference: "x"})
			return err
		})
		if !errors.Is(err, credit.ErrInvalidAmount) {
			t.Errorf("reserve %d = %v", n, err)
		}
	}
}

func TestGrantIsOncePerReference(t *testing.T) {
	h := newHouse(t)
	for range 3 {
		h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "trial", Amount: 5})
	}
	h.want(5, 0)
}

func TestPlanCreditsGoFirstAndComeBackLast(t *testing.T) {
	h := newHouse(t)
	soon, late := h.hand.Clock().Now().Add(time.Hour), h.hand.Clock().Now().Add(2*time.Hour)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 5})
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "late", Amount: 5, Expires: late})
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "soon", Amount: 5, Expires: soon})
	hold := h.open(h.reserve(12))
	h.left("bonus:3")
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 6) })
	h.left("late:4 bonus:5")
}

// left compares what can be spent, in order, with "reference:remaining ...".
func (h *house) left(want string) {
	h.t.Helper()
	got := ""
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		lots, err := credit.Lots(ctx, v)
		for i, l := range lots {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%s:%d", l.Reference, l.Remaining)
		}
		return err
	})
	if err != nil || got != want {
		h.t.Errorf("left %q, %v, want %q", got, err, want)
	}
}

func TestExpiryIsAQuestionOfTime(t *testing.T) {
	h := newHouse(t)
	now := h.hand.Clock().Now()
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 10, Expires: now.Add(time.Hour)})
	h.grant(credit.NewLot{Source: credit.PlanCredits, Reference: "next", Amount: 7, Effective: now.Add(2 * time.Hour)})
	hold := h.open(h.reserve(4))
	h.want(6, 4)
	h.hand.Advance(time.Hour) // the lot ends: nothing has swept
	h.want(0, 4)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Reserve(ctx, tx, credit.Want{Amount: 1, Operation: credit.AutoCluster, Reference: "x"})
		return err
	}); !errors.Is(err, credit.ErrInsufficient) {
		t.Errorf("an expired credit was reserved: %v", err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, 3) })
	h.want(0, 0) // the credit that came back had expired
	h.hand.Advance(time.Hour)
	h.want(7, 0)
	h.reserve(7)
	h.want(0, 7)
}

func TestFence(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	id := h.reserve(4)
	first := h.open(id)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Open(ctx, tx, id)
		return err
	}); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("a hold opened twice within its lease: %v", err)
	}
	h.hand.Advance(credit.Lease)
	second := h.open(id)
	if err := h.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, first, 4) }); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("who lost the lease settled: %v", err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Return(ctx, tx, second) })
	third := h.open(id)
	h.must(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, third, 4) })
	h.want(6, 0)
}

func TestOfManyOnlyWhatThereIsPasses(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 7})
	var passed, refused atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := credit.Reserve(ctx, tx, credit.Want{Amount: 1, Operation: credit.AutoCluster, Reference: "x"})
				return err
			})
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
	if passed.Load() != 7 || refused.Load() != 33 {
		t.Errorf("%d passed and %d were refused, want 7 and 33", passed.Load(), refused.Load())
	}
	h.sound()
	h.want(0, 7)
}

func TestOneOpenerWins(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 7})
	id := h.reserve(7)
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				_, err := credit.Open(ctx, tx, id)
				return err
			})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, credit.ErrHoldSpent) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d opened the hold", won.Load())
	}
}

func TestLedgerIsAppendOnly(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 7})
	for _, q := range []string{`UPDATE credit_entries SET amount = 8 WHERE account_id = $1`, `DELETE FROM credit_entries WHERE account_id = $1`} {
		if err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := tx.Exec(ctx, q)
			return err
		}); err == nil {
			t.Errorf("ran: %s", q)
		}
	}
}

func TestVerifySeesDamage(t *testing.T) {
	for _, q := range []string{
		`UPDATE credit_balances SET available = available + 1 WHERE account_id = $1`,
		`UPDATE credit_balances SET held = held + 1 WHERE account_id = $1`,
		`UPDATE credit_balances SET seq = seq + 1 WHERE account_id = $1`,
		`UPDATE credit_lots SET remaining = remaining - 1 WHERE account_id = $1`,
		`UPDATE credit_hold_lots SET amount = amount + 1 WHERE account_id = $1`,
		`UPDATE credit_holds SET used = 1, state = 'settled', ended_at = 1 WHERE account_id = $1`,
	} {
		h := newHouse(t)
		h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 7})
		h.reserve(3)
		err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
			if _, err := tx.Exec(ctx, q); err != nil {
				return err
			}
			broken, err := credit.Verify(ctx, tx)
			if len(broken) == 0 {
				t.Errorf("Verify does not see: %s", q)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoTenants(t *testing.T) {
	d := dbtest.Open(t)
	st, a, b := tenant.NewStore(d), tenanttest.New(t, d), tenanttest.New(t, d)
	var hold credit.HoldID
	err := st.Update(t.Context(), a, func(ctx context.Context, tx *tenant.Tx) (err error) {
		if _, err = credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 7}); err == nil {
			hold, err = credit.Reserve(ctx, tx, credit.Want{Amount: 2, Operation: credit.AutoCluster, Reference: "x"})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = st.Update(t.Context(), b, func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := credit.Open(ctx, tx, hold); !errors.Is(err, credit.ErrHoldNotFound) {
			t.Errorf("b opens a's hold: %v", err)
		}
		if err := credit.Release(ctx, tx, hold); !errors.Is(err, credit.ErrHoldNotFound) {
			t.Errorf("b releases a's hold: %v", err)
		}
		entries, err := credit.Entries(ctx, tx, credit.Page{})
		if len(entries) != 0 {
			t.Errorf("b sees %d entries of a", len(entries))
		}
		lots, lerr := credit.Lots(ctx, tx)
		if len(lots) != 0 {
			t.Errorf("b sees %d lots of a", len(lots))
		}
		bal, berr := credit.BalanceOf(ctx, tx)
		if bal != (credit.Balance{}) {
			t.Errorf("b sees %+v", bal)
		}
		return errors.Join(err, lerr, berr)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEntriesAndUsage(t *testing.T) {
	h := newHouse(t)
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 100})
	start := h.hand.Clock().Now()
	for i := range 3 {
		hold := h.open(h.reserve(10))
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			return credit.Settle(ctx, tx, hold, credit.Credits(i+1))
		})
		h.hand.Advance(20 * time.Hour)
	}
	err := h.st.View(t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		first, err := credit.Entries(ctx, v, credit.Page{Limit: 3})
		if err != nil {
			return err
		}
		rest, err := credit.Entries(ctx, v, credit.Page{Before: first[2].Seq})
		if err != nil {
			return err
		}
		if len(first)+len(rest) != 7 || rest[3].Kind != credit.Granted || first[0].Spent() != 3 {
			t.Errorf("pages %+v and %+v", first, rest)
		}
		usage, err := credit.Usage(ctx, v, credit.UsageQuery{From: start, Until: h.hand.Clock().Now(), ByOperation: true})
		if got := fmt.Sprint(usage); got != "[{2030-01-01 generate_content   3 2} {2030-01-02 generate_content   3 1}]" {
			t.Errorf("usage %s", got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPrice(t *testing.T) {
	p := credit.Price{Per: 100, Credits: 2, Minimum: 5}
	for units, want := range map[int64]credit.Credits{-1: 5, 0: 5, 1: 5, 250: 5, 251: 6, 1500: 30} {
		if got := p.Of(units); got != want {
			t.Errorf("%d units cost %d, want %d", units, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := credit.Price{Per: rapid.Int64Range(1, 1000).Draw(t, "per"), Credits: credit.Credits(rapid.Int64Range(1, 50).Draw(t, "credits")), Minimum: credit.Credits(rapid.Int64Range(0, 50).Draw(t, "minimum"))}
		n := credit.Credits(rapid.Int64Range(0, 10_000).Draw(t, "n"))
		if up := p.Upto(n); up > 0 && p.Of(up) > n {
			t.Fatalf("%+v: %d credits buy %d units, which cost %d", p, n, up, p.Of(up))
		}
	})
	h := newHouse(t)
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
		t.Fatal(err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		if q, err := credit.Quote(ctx, tx, credit.AutoCluster, 17_605); err != nil || q != 177 {
			t.Errorf("17,605 keywords cost %d, %v", q, err)
		}
		if _, err := credit.Quote(ctx, tx, "poetry", 1); !errors.Is(err, credit.ErrUnknownPrice) {
			t.Errorf("poetry costs %v", err)
		}
		return nil
	})
}

// TestAnySequence runs random operations, with the clock moving and random
// transactions thrown away, and checks every invariant after each.
func TestAnySequence(t *testing.T) {
	d := newHouse(t)
	rapid.Check(t, func(r *rapid.T) {
		h := &house{t: t, st: d.st, s: tenanttest.New(t, d.d), hand: d.hand}
		var holds []credit.HoldID
		var open []*credit.Hold
		pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "which") }
		do := func(fn func(context.Context, *tenant.Tx) error) error {
			lost := errors.New("lost")
			crash := rapid.IntRange(0, 9).Draw(r, "crash") == 0
			err := h.update(func(ctx context.Context, tx *tenant.Tx) error {
				if err := fn(ctx, tx); err != nil || !crash {
					return err
				}
				return lost
			})
			if err != nil && !errors.Is(err, lost) && fault.Of(err).Kind == fault.Internal {
				r.Fatalf("%v", err)
			}
			return err
		}
		r.Repeat(map[string]func(*rapid.T){
			"grant": func(r *rapid.T) {
				n := credit.NewLot{
					Source:    rapid.SampledFrom([]credit.Source{credit.PlanCredits, credit.BonusCredits, credit.Purchase}).Draw(r, "source"),
					Reference: fmt.Sprint("ref", rapid.IntRange(0, 30).Draw(r, "ref")), Amount: credit.Credits(rapid.IntRange(1, 50).Draw(r, "amount")),
				}
				n.Effective = h.hand.Clock().Now().Add(time.Duration(rapid.IntRange(-5, 5).Draw(r, "effective")) * time.Minute)
				if rapid.Bool().Draw(r, "expires") {
					n.Expires = n.Effective.Add(time.Duration(rapid.IntRange(1, 20).Draw(r, "life")) * time.Minute)
				}
				_ = do(func(ctx context.Context, tx *tenant.Tx) error { _, err := credit.Grant(ctx, tx, n); return err })
			},
			"adjust": func(r *rapid.T) {
				n := credit.Credits(rapid.IntRange(-60, 30).Draw(r, "by"))
				_ = do(func(ctx context.Context, tx *tenant.Tx) error {
					_, err := credit.Adjust(ctx, tx, n, "a test")
					return err
				})
			},
			"reserve": func(r *rapid.T) {
				var id credit.HoldID
				n := credit.Credits(rapid.IntRange(1, 60).Draw(r, "n"))
				if do(func(ctx context.Context, tx *tenant.Tx) (err error) {
					id, err = credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: credit.AutoCluster, Reference: "x"})
					return err
				}) == nil {
					holds = append(holds, id)
				}
			},
			"open": func(r *rapid.T) {
				if len(holds) == 0 {
					r.Skip()
				}
				var hold *credit.Hold
				id := holds[pick(len(holds))]
				if do(func(ctx context.Context, tx *tenant.Tx) (err error) { hold, err = credit.Open(ctx, tx, id); return err }) == nil {
					open = append(open, hold)
				}
			},
			"settle": func(r *rapid.T) {
				if len(open) == 0 {
					r.Skip()
				}
				hold, used := open[pick(len(open))], credit.Credits(rapid.IntRange(0, 70).Draw(r, "used"))
				_ = do(func(ctx context.Context, tx *tenant.Tx) error { return credit.Settle(ctx, tx, hold, used) })
			},
			"return": func(r *rapid.T) {
				if len(open) == 0 {
					r.Skip()
				}
				hold := open[pick(len(open))]
				_ = do(func(ctx context.Context, tx *tenant.Tx) error { return credit.Return(ctx, tx, hold) })
			},
			"release": func(r *rapid.T) {
				if len(holds) == 0 {
					r.Skip()
				}
				id := holds[pick(len(holds))]
				_ = do(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, id) })
			},
			"wait": func(r *rapid.T) {
				h.hand.Advance(time.Duration(rapid.IntRange(1, 10).Draw(r, "minutes")) * time.Minute)
			},
			"": func(r *rapid.T) {
				h.sound()
				if t.Failed() {
					r.Fatal("an invariant is broken")
				}
			},
		})
	})
}
