package app

import (
	"fmt"
	"io"
	"math"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"igny8/internal/clock"
)

// progress is told how far a step is.
type progress func(done, total int64)

// steps runs the demo's steps and shows them: a bar on a terminal, a line for
// each elsewhere, nothing when only the document counts.
type steps struct {
	out     io.Writer
	clock   clock.Clock
	bars    bool
	quiet   bool
	seconds map[string]float64
}

func newSteps(out io.Writer, c clock.Clock, quiet bool) *steps {
	f, isFile := out.(*os.File)
	return &steps{
		out: out, clock: c, bars: isFile && term.IsTerminal(int(f.Fd())), quiet: quiet,
		seconds: map[string]float64{},
	}
}

// run does one step and takes its time. Its error names the step.
func (s *steps) run(name string, do func(progress) error) error {
	began := s.clock.Now()
	show, end := s.bar(name)
	err := do(show)
	took := s.clock.Now().Sub(began).Seconds()
	s.seconds[name] = math.Round(took*1000) / 1000
	end()
	if err != nil {
		return fmt.Errorf("step %q: %w", name, err)
	}
	if !s.quiet {
		_, _ = fmt.Fprintf(s.out, "%-14s %6.2f s\n", name, took) // progress, not the result
	}
	return nil
}

// bar shows how far a step is where somebody can see it.
func (s *steps) bar(name string) (show progress, end func()) {
	if s.quiet || !s.bars {
		return func(int64, int64) {}, func() {}
	}
	b := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(s.out), progressbar.OptionSetDescription(fmt.Sprintf("%-14s", name)),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false))
	return func(done, total int64) {
		if total > 0 {
			b.ChangeMax64(total)
			_ = b.Set64(min(done, total)) // a bar that cannot be drawn is no error of the demo
		}
	}, func() { _ = b.Clear() }
}
