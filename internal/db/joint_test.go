package db

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// stage is a joint whose runs a test lets go, one by one.
type stage struct {
	joint[int]
	began chan int   // the number of a run that has begun
	end   chan error // how it ends
	runs  int
}

func newStage(t *testing.T) *stage {
	leaks := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
	s := &stage{began: make(chan int), end: make(chan error)}
	s.ask = func() (int, error) {
		s.runs++ // one run at a time: the race detector would say otherwise
		n := s.runs
		s.began <- n
		err := <-s.end
		if errors.Is(err, errTest) {
			panic(err)
		}
		return n, err
	}
	return s
}

var errTest = errors.New("a panic for the test")

type told struct {
	run      int
	err      error
	panicked any
}

// joins calls join from goroutines of their own.
func (s *stage) joins(ctx context.Context, n int) chan told {
	all := make(chan told, n)
	for range n {
		go func() {
			var a told
			defer func() {
				a.panicked = recover()
				all <- a
			}()
			a.run, a.err = s.join(ctx)
		}()
	}
	return all
}

// crowded waits until a run collects, and then long enough for n to be in it.
func (s *stage) crowded(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		waits := s.next != nil
		s.mu.Unlock()
		if waits {
			time.Sleep(50 * time.Millisecond)
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody waits")
		}
	}
}

// TestWhoComesDuringARunIsAnsweredByTheNext is what everything rests on: no
// answer is older than its question. Those who wait share one run.
func TestWhoComesDuringARunIsAnsweredByTheNext(t *testing.T) {
	s := newStage(t)
	first := s.joins(t.Context(), 1)
	if n := <-s.began; n != 1 {
		t.Fatalf("run %d, want 1", n)
	}
	second := s.joins(t.Context(), 20)
	s.crowded(t)
	select {
	case a := <-second:
		t.Fatalf("answered %+v while the first run goes on", a)
	default:
	}
	s.end <- nil
	if a := <-first; a != (told{run: 1}) {
		t.Errorf("the first was told %+v", a)
	}
	if n := <-s.began; n != 2 {
		t.Fatalf("run %d, want 2", n)
	}
	s.end <- nil
	for range 20 {
		if a := <-second; a != (told{run: 2}) {
			t.Errorf("told %+v, want run 2", a)
		}
	}
}

func TestAnErrorIsToldToItsRunAndNoOther(t *testing.T) {
	s := newStage(t)
	gone := errors.New("the database is gone")
	first := s.joins(t.Context(), 1)
	<-s.began
	second := s.joins(t.Context(), 5)
	s.crowded(t)
	s.end <- gone
	if a := <-first; !errors.Is(a.err, gone) {
		t.Errorf("told %+v, want the error", a)
	}
	<-s.began
	s.end <- nil
	for range 5 {
		if a := <-second; a != (told{run: 2}) {
			t.Errorf("told %+v, want run 2", a)
		}
	}
}

// TestWhoGoesAwayTakesNothingFromTheOthers: neither one who waits, nor the one
// who would have led, nor the one who leads.
func TestWhoGoesAwayTakesNothingFromTheOthers(t *testing.T) {
	s := newStage(t)
	leading, leave := context.WithCancel(t.Context())
	first := s.joins(leading, 1)
	<-s.began
	waiting, tire := context.WithCancel(t.Context())
	second := s.joins(waiting, 5)
	s.crowded(t)
	third := s.joins(t.Context(), 5)
	s.crowded(t)
	leave()
	tire()
	for range 5 {
		if a := <-second; !errors.Is(a.err, context.Canceled) {
			t.Errorf("who went away was told %+v", a)
		}
	}
	s.end <- nil
	if a := <-first; a != (told{run: 1}) {
		t.Errorf("who led was told %+v", a)
	}
	<-s.began
	s.end <- nil
	for range 5 {
		if a := <-third; a != (told{run: 2}) {
			t.Errorf("who stayed was told %+v", a)
		}
	}
}

// TestAllWhoWaitGoAway leaves a run that nobody leads: the next to come does.
func TestAllWhoWaitGoAway(t *testing.T) {
	s := newStage(t)
	first := s.joins(t.Context(), 1)
	<-s.began
	waiting, tire := context.WithCancel(t.Context())
	second := s.joins(waiting, 5)
	s.crowded(t)
	tire()
	for range 5 {
		<-second
	}
	s.end <- nil
	<-first
	third := s.joins(t.Context(), 1)
	<-s.began
	s.end <- nil
	if a := <-third; a != (told{run: 2}) {
		t.Errorf("told %+v, want run 2", a)
	}
}

func TestAPanicIsOneCallersOwn(t *testing.T) {
	s := newStage(t)
	first := s.joins(t.Context(), 1)
	<-s.began
	second := s.joins(t.Context(), 5)
	s.crowded(t)
	s.end <- nil
	<-first
	<-s.began
	third := s.joins(t.Context(), 1)
	s.crowded(t)
	s.end <- errTest
	panics := 0
	for range 5 {
		a := <-second
		if a.panicked != nil {
			panics++
		} else if !errors.Is(a.err, errBroken) {
			t.Errorf("told %+v, want that it broke off", a)
		}
	}
	if panics != 1 {
		t.Errorf("%d callers panicked, want 1", panics)
	}
	<-s.began
	s.end <- nil
	if a := <-third; a != (told{run: 3}) {
		t.Errorf("told %+v, want run 3", a)
	}
}

// TestNoAnswerIsOlderThanItsQuestion lets many ask for a number that only
// grows: whoever asks gets one that was there after he asked.
func TestNoAnswerIsOlderThanItsQuestion(t *testing.T) {
	var mu sync.Mutex
	value, runs := 0, 0
	read := func() int {
		mu.Lock()
		defer mu.Unlock()
		return value
	}
	j := joint[int]{ask: func() (int, error) {
		runs++
		return read(), nil
	}}
	const callers, calls = 32, 500
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for range calls {
				if c == 0 {
					mu.Lock()
					value++
					mu.Unlock()
				}
				before := read()
				got, err := j.join(t.Context())
				if after := read(); err != nil || got < before || got > after {
					t.Errorf("got %d, %v; want %d to %d", got, err, before, after)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d questions in %d runs", callers*calls, runs)
}
