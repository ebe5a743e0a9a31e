package app

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/tenant"
)

// crowd is how many want the last of something at once.
const crowd = 1000

// rush sends a crowd of requests to two processes and counts the answers.
func rush(t *testing.T, houses []*house, send func(h *house, n int) answer) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[string]int{}
	next := atomic.Int64{}
	for worker := range 64 {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if n > crowd {
					return
				}
				a := send(houses[worker%len(houses)], n)
				what := fmt.Sprint(a.status)
				if a.status >= http.StatusBadRequest {
					what += " " + a.text("code")
				}
				mu.Lock()
				got[what]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return got
}

// twoProcesses is two servers on one database, with one address.
func twoProcesses(t *testing.T) []*house {
	t.Helper()
	first := open(t, clock.Clock{})
	return []*house{first, openOn(t, clock.Clock{}, first.cfg)}
}

func wantOneOf(t *testing.T, got map[string]int, won, lost string) {
	t.Helper()
	if got[won] != 1 || got[lost] != crowd-1 {
		t.Errorf("%v, want one %q and %d times %q", got, won, crowd-1, lost)
	}
}

func TestTheLastCreditIsSpentOnce(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	h := houses[0]
	r := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	token := r.text("access_token")
	site := h.site(token)
	h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "the only one"}}}).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	tenancy{h: h, acc: acc}.update(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Reserve(ctx, tx, 999, credit.AutoCluster, "all but one")
		return err
	})
	got := rush(t, houses, func(h *house, _ int) answer {
		return h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site})
	})
	wantOneOf(t, got, "202", "402 credit.insufficient")
	h.verify()
}

func TestTheLastSeatOfAPlanIsTakenOnce(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	token := houses[0].member()
	got := rush(t, houses, func(h *house, n int) answer {
		return h.send("POST", "/sites", token, object{"name": "Site", "domain": fmt.Sprintf("site%d.example", n)})
	})
	wantOneOf(t, got, "201", "409 plan.limit_reached")
}
