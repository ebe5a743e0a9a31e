package app

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"igny8/internal/tenant"
)

// TestSuspensionIsNeverStale lets programs and people of one account ask two
// processes as fast as they can, on connections that stay open, and suspends
// it: whatever is sent after the call has returned is refused, and after the
// account is reactivated everything is let in again.
func TestSuspensionIsNeverStale(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	h := houses[0]
	operator := h.operator()
	r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	key := tenancy{h: h, acc: acc}.key(0, "", "content.read")
	account := "/admin/accounts/" + acc.String()

	var state atomic.Int64 // odd while the account is suspended for certain, even while it is not; -1 in between
	var wg sync.WaitGroup
	asked := [2]atomic.Int64{}
	stop := make(chan struct{})
	for worker := range 8 {
		c := houses[worker%2].caller([]string{key, r.text("access_token")}[worker/2%2])
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				before := state.Load()
				status, err := c.status(t.Context(), "/sites")
				if err != nil {
					t.Error(err)
					return
				}
				if before < 0 || state.Load() != before {
					continue // it changed meanwhile: either answer is right
				}
				want := []int{http.StatusOK, http.StatusForbidden}[before%2]
				if status != want {
					t.Errorf("in state %d answered %d, want %d", before, status, want)
					return
				}
				asked[before%2].Add(1)
			}
		})
	}
	// answered waits until a good many were answered in this state.
	answered := func(n int64) {
		enough := asked[n%2].Load() + 32
		for deadline := time.Now().Add(30 * time.Second); asked[n%2].Load() < enough && !t.Failed(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Errorf("in state %d nobody is answered", n)
				return
			}
		}
	}
	for n := int64(1); n <= 10; n++ {
		answered(n - 1)
		state.Store(-1)
		what := "/reactivate"
		if n%2 == 1 {
			what = "/suspend"
		}
		houses[n/2%2].send("POST", account+what, operator, object{"reason": "test"}).is(http.StatusOK)
		state.Store(n)
	}
	answered(10)
	close(stop)
	wg.Wait()
	t.Logf("%d answers while open, %d while suspended", asked[0].Load(), asked[1].Load())
}
