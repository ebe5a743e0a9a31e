package cluster

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// chunk is how many rows a worker takes at a time: few enough that a
// cancelled context is noticed soon.
const chunk = 64

// rows calls fn for every range of chunk rows below n, on all processors, and
// waits for all of them. fn must write only what belongs to its own rows: then
// the result does not depend on how many processors there are. scratch makes
// each worker's own workspace.
func rows[S any](ctx context.Context, n int, scratch func() S, fn func(s S, lo, hi int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk) {
		wg.Go(func() {
			s := scratch()
			for ctx.Err() == nil {
				lo := int(next.Add(chunk)) - chunk
				if lo >= n {
					return
				}
				fn(s, lo, min(lo+chunk, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
