// Command bench measures the figures of docs/performance.md: the built binary
// from outside, over loopback HTTP, and beside each figure a peer that does the
// same work in the simplest way. Ratios are taken run by run, since the machine
// may change its speed in between; what is printed is the median.
//
// Nothing here fails because something was slow.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

type options struct {
	binary   string
	database string
	keywords string
	runs     int
	gate     bool // measure nothing else
	credits  bool // measure the credits, and nothing else
	window   time.Duration
	only     string
	pool     int
	plot     string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/igny8", "the built program")
	flag.StringVar(&o.database, "database", "", "postgres://... of a server where schemas may be made; none: SQLite")
	flag.StringVar(&o.keywords, "keywords", "", "a Semrush export; none: that of the shared data, or else one that is made up")
	flag.IntVar(&o.runs, "n", 5, "how often everything is done")
	flag.BoolVar(&o.gate, "gate", false, "measure the gate alone")
	flag.BoolVar(&o.credits, "credits", false, "measure the credits alone, on both engines; without -database on a PostgreSQL that is started for it")
	flag.DurationVar(&o.window, "window", 1500*time.Millisecond, "with -credits: how long each desk is measured at a time")
	flag.StringVar(&o.only, "only", "", "with -credits: a regular expression that the names of the figures match")
	flag.IntVar(&o.pool, "pool", 64, "with -credits: how many connections a peer may have on PostgreSQL")
	flag.StringVar(&o.plot, "plot", "", "with -credits: an SVG file to draw the figures into")
	bareAt := flag.String("serve-bare", "", "be the peer of the gate at this address, and nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	switch {
	case *bareAt != "":
		err = serveBare(ctx, *bareAt)
	case o.credits:
		err = benchCredits(ctx, o, os.Stdout)
	default:
		err = bench(ctx, o, os.Stdout)
	}
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// figure is one line of the table: what was measured in every run.
type figure struct {
	name   string
	goal   string
	unit   func(float64) string
	values []float64
	peer   string    // what the ratio is to
	ratios []float64 // ours by the peer's
	p99    []float64 // seconds
	cpu    []float64 // seconds of the server's process, for each request

	peerCPU []float64
}

func seconds(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) + " s" }
func perSecond(v float64) string {
	return strconv.FormatFloat(v, 'f', 0, 64) + " /s"
}

func megabytes(v float64) string {
	return strconv.FormatFloat(v/(1<<20), 'f', 1, 64) + " MB"
}

func bench(ctx context.Context, o options, out io.Writer) error {
	file, rows, err := keywordFile(o.keywords)
	if err != nil {
		return err
	}
	size, err := os.Stat(o.binary)
	if err != nil {
		return fmt.Errorf("%w (make build makes it)", err)
	}
	figures := []*figure{
		{name: "binary", goal: "below 60 MB", unit: megabytes, values: []float64{float64(size.Size())}},
		{name: "start until ready", goal: "below 1 s", unit: seconds},
		{name: "memory, idle", goal: "below 80 MB", unit: megabytes},
		{name: fmt.Sprintf("import of %d keywords", rows), goal: "below 2 s", unit: seconds, peer: "encoding/csv, one INSERT a row, one transaction"},
		{name: "memory, import at its peak", goal: "below 128 MB", unit: megabytes},
		{name: "clustering of 10000 keywords", goal: "below 1 s", unit: seconds},
		{name: "fresh test database", goal: "below 0.05 s", unit: seconds},
	}
	gate := len(figures)
	for _, g := range gateFigures {
		figures = append(figures, &figure{name: g.name, goal: g.goal, unit: perSecond, peer: "a bare huma handler"})
	}
	limits := len(figures)
	for _, l := range throttles {
		figures = append(figures, &figure{name: l.name, unit: perSecond})
	}
	for run := range o.runs {
		_, _ = fmt.Fprintf(os.Stderr, "run %d of %d\n", run+1, o.runs) // progress, not the result
		if err := measure(ctx, o, file, figures[1:6], figures[gate:limits]); err != nil {
			return fmt.Errorf("run %d: %w", run+1, err)
		}
		if o.gate {
			continue
		}
		took, err := freshDatabase(ctx)
		if err != nil {
			return fmt.Errorf("run %d: %w", run+1, err)
		}
		figures[6].values = append(figures[6].values, took)
		if err := decisions(ctx, figures[limits:]); err != nil {
			return fmt.Errorf("run %d: %w", run+1, err)
		}
	}
	if !haveRedis() {
		_, _ = fmt.Fprintln(os.Stderr, "there is no redis-server: the throttle over Redis is left out")
	}
	return show(out, figures)
}

// measure does one run: a server on an empty database, an import, a
// clustering, a crowd at the gate.
func measure(ctx context.Context, o options, file []byte, figures, gate []*figure) (err error) {
	add := func(i int, v float64) { figures[i].values = append(figures[i].values, v) }
	s, err := start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		if e := s.stop(); err == nil {
			err = e
		}
	}()
	if o.gate {
		c, err := s.register(ctx, "gate")
		if err != nil {
			return err
		}
		return s.gate(ctx, c, gate)
	}
	add(0, s.ready.Seconds())
	time.Sleep(2 * time.Second) // idle is what is left when the start is over
	idle, err := s.memory("VmRSS")
	if err != nil {
		return err
	}
	add(1, idle)
	c, err := s.register(ctx, "importer")
	if err != nil {
		return err
	}
	took, err := c.importFile(ctx, file)
	if err != nil {
		return err
	}
	add(2, took.Seconds())
	peak, err := s.memory("VmHWM")
	if err != nil {
		return err
	}
	add(3, peak)
	naive, err := naiveImport(ctx, file)
	if err != nil {
		return err
	}
	figures[2].ratios = append(figures[2].ratios, took.Seconds()/naive.Seconds())
	if c, err = s.register(ctx, "clusterer"); err != nil {
		return err
	}
	if _, err := c.importFile(ctx, firstLines(file, 1+clustered)); err != nil {
		return err
	}
	if took, err = c.cluster(ctx); err != nil {
		return err
	}
	add(4, took.Seconds())
	return s.gate(ctx, c, gate)
}

// clustered is how many keywords the goal for clustering speaks of.
const clustered = 10_000

func firstLines(file []byte, n int) []byte {
	at := 0
	for range n {
		i := bytes.IndexByte(file[at:], '\n')
		if i < 0 {
			return file
		}
		at += i + 1
	}
	return file[:at]
}

func show(out io.Writer, figures []*figure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FIGURE\tMEDIAN\tMIN\tMAX\tGOAL\tBESIDE") // Flush tells of errors
	for _, f := range figures {
		if len(f.values) == 0 {
			continue // it was not asked for
		}
		ratio := ""
		if len(f.ratios) > 0 {
			ratio = fmt.Sprintf("%.2f times %s", median(f.ratios), f.peer)
		}
		if len(f.p99) > 0 {
			ratio += fmt.Sprintf("; p99 %.1f ms; CPU of the server %.1f µs a request, of the peer %.1f", 1000*median(f.p99), 1e6*median(f.cpu), 1e6*median(f.peerCPU))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", f.name, f.unit(median(f.values)), f.unit(slices.Min(f.values)), f.unit(slices.Max(f.values)), f.goal, ratio)
	}
	return w.Flush()
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// keywordFile is the file that is imported and how many rows it has.
func keywordFile(path string) ([]byte, int, error) {
	if path == "" {
		path = sharedFile("keywords/semrush-keywords.csv")
	}
	if path == "" {
		return madeUp(17_605), 17_605, nil
	}
	b, err := os.ReadFile(path)
	return b, len(phrases(b)), err
}

// sharedFile is a file of the shared data, or "" where that is not.
func sharedFile(name string) string {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", "data", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// madeUp is an export of n keywords that share words as real ones do.
func madeUp(n int) []byte {
	words := strings.Fields("best cheap near me how to buy review price hours online repair kit guide for small large home office garden winter summer")
	var b strings.Builder
	b.WriteString("Keyword,Intent,Volume,Keyword Difficulty,CPC (USD)\n")
	for i := range n {
		fmt.Fprintf(&b, "%s topic%d %s %d,Informational,%d,%d,%d.%02d\n",
			words[i%len(words)], i/40, words[(i*7+i/40)%len(words)], i%1000, (i*37)%5000, i%100, i%9, i%100)
	}
	return []byte(b.String())
}
