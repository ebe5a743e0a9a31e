package credit

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"igny8/internal/tenant"
)

var (
	simSeed  = flag.Uint64("sim.seed", 0, "the only seed of TestSimulation; 0: a fixed one and a new one")
	simOnly  = flag.Int("sim.world", -1, "the only world of TestSimulation; -1: all")
	simTotal = flag.Int("sim.ops", 1_000_000, "how many operations TestSimulation does")
)

const (
	simFixed  = 8_2030 // a seed that is always tried
	simWorlds = 6      // of a seed
)

// TestSimulation does a million operations on accounts that know nothing of
// each other, with crashes between any two steps, a clock that moves and a
// sweeper that runs never, sometimes or all the time, and checks after each
// that everything is as an independent model says.
func TestSimulation(t *testing.T) {
	t.Parallel()
	seeds := []uint64{simFixed, rand.Uint64()>>1 + 1}
	if *simSeed != 0 {
		seeds = []uint64{*simSeed}
	}
	ops := *simTotal/(len(seeds)*simWorlds) + 1
	for _, seed := range seeds {
		t.Logf("seed %d", seed)
		for world := range simWorlds {
			if *simOnly >= 0 && world != *simOnly {
				continue
			}
			t.Run(fmt.Sprintf("seed %d world %d", seed, world), func(t *testing.T) {
				t.Parallel()
				w := newSimWorld(seed, uint64(world), func(int) (simBank, tenant.Scope) {
					s := tenant.Mint(tenant.NewAccountID(), tenant.Actor{Kind: tenant.User, ID: "usr_sim"}, tenant.AllPermissions)
					return newSimShelf(s), s
				})
				err := w.run(ops)
				t.Logf("%d operations: %v", w.step, w.did)
				w.mustHaveDone(t)
				if err != nil {
					t.Errorf("seed %d, world %d, %v\nAgain: go test ./internal/credit -run '^TestSimulation$' -args -sim.seed=%d -sim.world=%d -sim.ops=%d",
						seed, world, err, seed, world, (w.step+1)*simWorlds)
				}
			})
		}
	}
}

// mustHaveDone fails when the world was so dull that it proves nothing.
func (w *simWorld) mustHaveDone(t *testing.T) {
	t.Helper()
	for _, v := range []string{simGrant, simReserve, simOpen, simExtend, simReturn, simReclaim, simSettle, simRelease, simTake, simRevoke, simTeller} {
		for _, what := range []string{" done", " " + errSimDied.Error(), " " + errSimLost.Error()} {
			if w.step > 20_000 && w.did[v+what] == 0 {
				t.Errorf("nothing was ever: %s%s", v, what)
			}
		}
	}
	for _, what := range []string{"reserve refused", "open refused", "settle refused", "release refused", "entry expire", "debt repaid"} {
		if w.step > 20_000 && w.did[what] == 0 {
			t.Errorf("nothing was ever: %s", what)
		}
	}
}
