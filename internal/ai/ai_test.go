package ai_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"igny8/internal/ai"
	"igny8/internal/ai/aitest"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/fault"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// house is a system account with 100 credits, and a clock that the test moves.
type house struct {
	t    *testing.T
	d    *db.DB
	st   *tenant.Store
	s    tenant.Scope
	hand *clock.Hand
}

func newHouse(t *testing.T) *house {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	d := dbtest.OpenAt(t, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand}
	if err := h.st.UpdateShared(t.Context(), credit.SeedPrices); err != nil {
		t.Fatal(err)
	}
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE accounts SET kind = 'system' WHERE id = $1`); err != nil { // it needs no plan to be in good standing
			return err
		}
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 100})
		return err
	})
	return h
}

func (h *house) update(fn func(context.Context, *tenant.Tx) error) error {
	return h.st.Update(h.t.Context(), h.s, fn)
}

func (h *house) must(fn func(context.Context, *tenant.Tx) error) {
	h.t.Helper()
	if err := h.update(fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) reserve(n credit.Credits, op credit.Operation) (hid credit.HoldID) {
	h.t.Helper()
	h.must(func(ctx context.Context, tx *tenant.Tx) (err error) {
		hid, err = credit.Reserve(ctx, tx, credit.Want{Amount: n, Operation: op, Reference: "test"})
		return err
	})
	return hid
}

func (h *house) release(hid credit.HoldID) error {
	return h.update(func(ctx context.Context, tx *tenant.Tx) error { return credit.Release(ctx, tx, hid) })
}

// want fails the test unless the balance is this and every credit is
// accounted for.
func (h *house) want(available, held credit.Credits) {
	h.t.Helper()
	err := h.st.View(h.t.Context(), h.s, func(ctx context.Context, v *tenant.View) error {
		b, err := credit.BalanceOf(ctx, v)
		if err != nil {
			return err
		}
		if want := (credit.Balance{Available: available, Held: held}); b != want {
			h.t.Errorf("balance %+v, want %+v", b, want)
		}
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

// keep saves an answer as a lot of 1000 credits: a row like any other, that the
// balance shows.
func (h *house) keep(reference string) ai.Save[ai.Draft] {
	return func(ctx context.Context, tx *tenant.Tx, _ ai.Draft) error {
		_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.Refund, Reference: reference, Amount: 1000})
		return err
	}
}

func nothing[T any](context.Context, *tenant.Tx, T) error { return nil }

var brief = ai.ArticleBrief{Title: "Bees", Words: 100}

func TestArticleIsChargedByItsWords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		hold    credit.Credits
		words   int
		charged credit.Credits
	}{
		{"as long as was asked for", 3, 100, 2},
		{"rounded up", 5, 101, 3},
		{"never below the minimum", 3, 7, 2},
		{"a quarter above what was held", 4, 250, 5},
		{"never more than that", 4, 900, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			gate := aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
				if in.Words != 100 {
					t.Errorf("the model was asked for %d words", in.Words)
				}
				return aitest.ArticleOf(in, tt.words), nil
			}})
			var got ai.Draft
			err := gate.Article(t.Context(), h.s, h.reserve(tt.hold, credit.GenerateContent), brief, func(_ context.Context, _ *tenant.Tx, d ai.Draft) error {
				got = d
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if got.Words != tt.words || ai.Words(got.Markdown) != tt.words || got.Title != "Bees" {
				t.Errorf("saved %q with %d words, want %d", got.Title, got.Words, tt.words)
			}
			h.want(100-tt.charged, 0)
		})
	}
}

func TestClusterAndIdeasAreChargedByWhatTheyCount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	gate := aitest.New(h.st, aitest.Script{})
	in := ai.ClusterBrief{Phrases: make([]ai.Phrase, 101)}
	if err := gate.Cluster(t.Context(), h.s, h.reserve(20, credit.AutoCluster), in, nothing); err != nil {
		t.Fatal(err)
	}
	h.want(98, 0) // 1 for every 100 keywords
	if err := gate.Ideas(t.Context(), h.s, h.reserve(50, credit.GenerateIdeas), ai.IdeasBrief{Cluster: "bees", Count: 3}, nothing); err != nil {
		t.Fatal(err)
	}
	h.want(83, 0) // 5 for each
}

// TestNoCallWithoutAHold is the promise of the package.
func TestNoCallWithoutAHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := tenanttest.New(t, h.d)
	gate := aitest.New(h.st, aitest.Script{Article: func(context.Context, ai.ArticleBrief) (ai.Article, error) {
		t.Error("the model was called")
		return ai.Article{}, nil
	}})
	released := h.reserve(5, credit.GenerateContent)
	if err := h.release(released); err != nil {
		t.Fatal(err)
	}
	open := h.reserve(5, credit.GenerateContent)
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Open(ctx, tx, open)
		return err
	})
	theirs := h.reserve(5, credit.GenerateContent)
	for _, tt := range []struct {
		name string
		s    tenant.Scope
		hold credit.HoldID
		want error
	}{
		{"no hold", h.s, credit.HoldID{}, credit.ErrHoldNotFound},
		{"a hold that has ended", h.s, released, credit.ErrHoldSpent},
		{"a hold that pays for other work", h.s, open, credit.ErrHoldSpent},
		{"another account's hold", b, theirs, credit.ErrHoldNotFound},
		{"no scope", tenant.Scope{}, theirs, tenant.ErrNoScope},
	} {
		if err := gate.Article(t.Context(), tt.s, tt.hold, brief, nothing); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	h.want(90, 10)
}

func TestTheModelIsAskedOutsideOfAnyTransaction(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		if db.InTx(ctx) {
			t.Error("the model was asked within a transaction")
		}
		return aitest.Article(ctx, in)
	}})
	if err := gate.Article(t.Context(), h.s, h.reserve(3, credit.GenerateContent), brief, nothing); err != nil {
		t.Fatal(err)
	}
}

// TestFailureBuysNothing is a model that fails in the middle: the hold is as
// before, for the next try or for who gives up.
func TestFailureBuysNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fails error
		want  error
		kind  fault.Kind
	}{
		{"away", aitest.ErrUnavailable, ai.ErrUnavailable, fault.Unavailable},
		{"refuses", aitest.ErrRefused, ai.ErrRefused, fault.Conflict},
		{"answers nonsense", aitest.Failed(credit.Unusable), ai.ErrUnusable, fault.Conflict},
		{"was not asked", aitest.Failed(credit.Unsent), ai.ErrUnavailable, fault.Unavailable},
		{"is busy", aitest.Failed(credit.Busy), ai.ErrUnavailable, fault.Unavailable},
		{"breaks off", errors.New("unexpected EOF"), ai.ErrUnavailable, fault.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			fails := tt.fails
			gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
				if fails != nil {
					return aitest.ArticleOf(in, 50), fails
				}
				return aitest.Article(ctx, in)
			}})
			hold := h.reserve(3, credit.GenerateContent)
			err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never"))
			if f := fault.Of(err); !errors.Is(err, tt.want) || !errors.Is(err, tt.fails) || f.Kind != tt.kind {
				t.Fatalf("Article = %v, of kind %s", err, f.Kind)
			}
			h.want(97, 3)
			fails = nil
			if err := gate.Article(t.Context(), h.s, hold, brief, nothing); err != nil {
				t.Fatalf("the next try: %v", err)
			}
			h.want(98, 0)
		})
	}
}

// TestCallerGoesAway stops the model, but not the accounts.
func TestCallerGoesAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, _ ai.ArticleBrief) (ai.Article, error) {
		cancel()
		<-ctx.Done()
		return ai.Article{}, ctx.Err()
	}})
	hold := h.reserve(3, credit.GenerateContent)
	err := gate.Article(ctx, h.s, hold, brief, h.keep("never"))
	if !errors.Is(err, context.Canceled) || errors.Is(err, ai.ErrUnavailable) {
		t.Fatalf("Article = %v", err)
	}
	h.want(97, 3)
	if err := h.release(hold); err != nil {
		t.Fatal(err)
	}
	h.want(100, 0)
}

// TestAnswerIsKeptThoughTheCallerWent is the other order: the model had
// answered already.
func TestAnswerIsKeptThoughTheCallerWent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	gate := aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		cancel()
		return aitest.ArticleOf(in, 100), nil
	}})
	if err := gate.Article(ctx, h.s, h.reserve(3, credit.GenerateContent), brief, h.keep("kept")); err != nil {
		t.Fatal(err)
	}
	h.want(98+1000, 0)
}

// TestSettleAndSaveAreOne has a save that fails after it wrote.
func TestSettleAndSaveAreOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	gate := aitest.New(h.st, aitest.Script{})
	hold := h.reserve(3, credit.GenerateContent)
	full := errors.New("the disk is full")
	err := gate.Article(t.Context(), h.s, hold, brief, func(ctx context.Context, tx *tenant.Tx, d ai.Draft) error {
		return errors.Join(h.keep("never")(ctx, tx, d), full)
	})
	if !errors.Is(err, full) {
		t.Fatalf("Article = %v", err)
	}
	h.want(97, 3)
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("kept")); err != nil {
		t.Fatalf("the next try: %v", err)
	}
	h.want(98+1000, 0)
}

// TestTwoOnOneHold has two runners at one time: one of them calls the model.
func TestTwoOnOneHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	working, goOn := make(chan struct{}), make(chan struct{})
	calls := 0
	gate := aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		calls++
		close(working)
		<-goOn
		return aitest.ArticleOf(in, 100), nil
	}})
	hold := h.reserve(3, credit.GenerateContent)
	first := make(chan error, 1)
	go func() { first <- gate.Article(t.Context(), h.s, hold, brief, h.keep("first")) }()
	<-working
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("second")); !errors.Is(err, credit.ErrHoldSpent) {
		t.Errorf("the second: %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
	h.want(98+1000, 0)
}

// TestReleasedMeanwhile is work that was cancelled while the model wrote: the
// answer comes too late to be paid, and so is not kept.
func TestReleasedMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := h.reserve(3, credit.GenerateContent)
	gate := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		if err := h.release(hold); err != nil {
			t.Error(err)
		}
		return aitest.Article(ctx, in)
	}})
	if err := gate.Article(t.Context(), h.s, hold, brief, h.keep("never")); !errors.Is(err, credit.ErrHoldSpent) {
		t.Fatalf("Article = %v", err)
	}
	h.want(100, 0)
}

// TestLeaseRunsOut is a runner that was away for so long that another took its
// hold: only the other's answer is kept, and paid.
func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hold := h.reserve(5, credit.GenerateContent)
	fresh := aitest.New(h.st, aitest.Script{Article: func(_ context.Context, in ai.ArticleBrief) (ai.Article, error) {
		return aitest.ArticleOf(in, 150), nil
	}})
	stale := aitest.New(h.st, aitest.Script{Article: func(ctx context.Context, in ai.ArticleBrief) (ai.Article, error) {
		h.hand.Advance(credit.Lease)
		if err := fresh.Article(t.Context(), h.s, hold, in, h.keep("fresh")); err != nil {
			t.Errorf("after the lease: %v", err)
		}
		return aitest.Article(ctx, in)
	}})
	if err := stale.Article(t.Context(), h.s, hold, brief, h.keep("stale")); !errors.Is(err, credit.ErrHoldSpent) {
		t.Fatalf("the stale runner: %v", err)
	}
	h.want(97+1000, 0) // 150 words are 3 credits
}
