package main

import (
	"context"
	"runtime"
)

// batcher is a bare group commit: one goroutine and no timer. What is asked
// for while a commit runs is the next batch. Before it looks, it steps back
// once: those whom the last commit has answered are about to ask again, and a
// batch without them leaves every other commit nearly empty.
type batcher struct {
	peer
	asks  chan asked
	ended chan struct{}
}

type asked struct {
	move
	done chan<- error
}

func newBatcher(ctx context.Context, p peer, write func(context.Context, batch) error) *batcher {
	b := &batcher{peer: p, asks: make(chan asked, 64), ended: make(chan struct{})}
	b.book = func(_ context.Context, m move) error {
		done := make(chan error, 1)
		b.asks <- asked{m, done}
		return <-done
	}
	go b.run(context.WithoutCancel(ctx), write)
	return b
}

func (b *batcher) run(ctx context.Context, write func(context.Context, batch) error) {
	defer close(b.ended)
	for first := range b.asks {
		runtime.Gosched()
		all := []asked{first}
		for more := true; more; {
			select {
			case next, open := <-b.asks:
				if more = open; open {
					all = append(all, next)
				}
			default:
				more = false
			}
		}
		err := write(ctx, arrange(all))
		for _, a := range all {
			a.done <- err
		}
	}
}

func (b *batcher) close() error {
	close(b.asks)
	<-b.ended
	return b.peer.close()
}

// batch is many moves as columns: each account once with the sum of its moves,
// and the moves in their order.
type batch struct {
	accounts        []int64
	available, held []int64
	moves           struct {
		accounts        []int64
		available, held []int64
		running         []int64 // what is available changed by, since the batch began
		holds           []string
	}
}

func arrange(all []asked) batch {
	var b batch
	at := make(map[int64]int, len(all))
	for _, a := range all {
		i, seen := at[a.account]
		if !seen {
			i = len(b.accounts)
			at[a.account] = i
			b.accounts, b.available, b.held = append(b.accounts, a.account), append(b.available, 0), append(b.held, 0)
		}
		b.available[i] += a.available
		b.held[i] += a.held
		m := &b.moves
		m.accounts, m.holds = append(m.accounts, a.account), append(m.holds, a.hold)
		m.available, m.held = append(m.available, a.available), append(m.held, a.held)
		m.running = append(m.running, b.available[i])
	}
	return b
}
