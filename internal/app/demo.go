package app

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"igny8/internal/config"
	"igny8/internal/db"
)

//go:embed demo.csv
var demoKeywords []byte

type demoCommand struct {
	Keywords string `placeholder:"FILE" help:"A keyword file as Search Console, Semrush and the like export it. Without one: a short list about coffee."`
	JSON     bool   `help:"Print one JSON document instead of tables."`
}

// demoLimit is more than the demo takes on the slowest machine.
const demoLimit = 10 * time.Minute

// Run drives the main job over HTTP, against a server of its own that leaves
// nothing behind. With a postgres:// IGNY8_DATABASE_URL that server works in a
// schema of its own there, otherwise in a temporary SQLite file.
func (f demoCommand) Run(ctx context.Context, c command) (err error) {
	ctx, stop := context.WithTimeout(ctx, demoLimit)
	defer stop()
	name, content := "coffee.csv", demoKeywords
	if f.Keywords != "" {
		if content, err = os.ReadFile(f.Keywords); err != nil {
			return fmt.Errorf("the keyword file cannot be read: %w", err)
		}
		name = filepath.Base(f.Keywords)
	}
	cfg, wipe, err := scratch(ctx, c.cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, wipe()) }()
	d := &demo{steps: newSteps(c.Err, c.clock, f.JSON)}
	err = d.against(ctx, c, cfg, name, content)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if f.JSON {
		e := json.NewEncoder(c.Out)
		e.SetIndent("", "  ")
		return e.Encode(d.report)
	}
	return d.print(c.Out)
}

// scratch is where the demo's server keeps its things, and how to clear it.
func scratch(ctx context.Context, c config.Config) (config.Config, func() error, error) {
	dir, err := os.MkdirTemp("", "igny8-demo-")
	if err != nil {
		return c, nil, err
	}
	wipe := func() error { return os.RemoveAll(dir) }
	c.Data, c.Addr, c.Redis = dir, "127.0.0.1:0", config.Secret{}
	if !strings.HasPrefix(c.Database, "postgres") {
		c.Database = "sqlite:" + filepath.Join(dir, "igny8.db")
		return c, wipe, nil
	}
	within, drop, err := db.Scratch(ctx, cmp.Or(c.Migrate, c.Database))
	if err != nil {
		return c, nil, errors.Join(err, wipe())
	}
	c.Database = within(c.Database)
	if c.Migrate != "" {
		c.Migrate = within(c.Migrate)
	}
	return c, func() error {
		ending, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer stop()
		return errors.Join(drop(ending), wipe())
	}, nil
}

// demo is one run and what it found.
type demo struct {
	steps  *steps
	report report

	anyone caller // nobody's credential
	tenant caller // the trial tenant
	site   string
	idea   string
	setup  string // the token for the first of the staff
}

// against starts the server, drives it, and stops it.
func (d *demo) against(ctx context.Context, c command, cfg config.Config, name string, content []byte) error {
	var s *server
	var base string
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	err := d.steps.run("start", func(progress) error {
		ln, err := listen(ctx, cfg.Addr)
		if err != nil {
			return err
		}
		base = "http://" + ln.Addr().String()
		cfg.BaseURL = base
		log := slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: slog.LevelError}))
		if s, err = build(ctx, cfg, log, c.clock); err != nil {
			return errors.Join(err, ln.Close())
		}
		if d.setup, _, err = s.identity.FirstStaffToken(ctx); err != nil {
			return errors.Join(err, ln.Close())
		}
		go func() { ended <- s.serve(serving, ln) }()
		return nil
	})
	if err == nil {
		d.anyone = caller{base: base, http: &http.Client{Timeout: time.Minute}}
		err = d.drive(ctx, name, content)
		d.anyone.http.CloseIdleConnections()
		stop()
		err = errors.Join(err, <-ended)
	}
	stop()
	if s != nil {
		err = errors.Join(err, s.close())
	}
	return err
}

// drive is the main job, a step at a time.
func (d *demo) drive(ctx context.Context, name string, content []byte) error {
	for _, step := range []struct {
		name string
		do   func(context.Context, progress) error
	}{
		{"register", d.register},
		{"site", d.addSite},
		{"import", func(ctx context.Context, p progress) error { return d.importFile(ctx, p, name, content) }},
		{"cluster", d.cluster},
		{"ideas", d.ideas},
		{"article", d.article},
		{"ledger", d.ledger},
		{"bank transfer", d.bankTransfer},
	} {
		if err := d.steps.run(step.name, func(p progress) error { return step.do(ctx, p) }); err != nil {
			return err
		}
	}
	d.report.Seconds = d.steps.seconds
	return nil
}
