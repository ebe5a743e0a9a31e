// Package app builds the program from its rooms, starts it and stops it. It
// is the one place that knows everybody, and it has no rules of its own.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"igny8/internal/clock"
	"igny8/internal/config"
)

// Version is the release, set by the linker.
var Version = "dev"

// Streams is where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// command is what every command is given.
type command struct {
	Streams
	cfg   config.Config
	clock clock.Clock
}

// log is the program's log, on standard error.
func (c command) log() *slog.Logger {
	level := slog.LevelInfo
	if c.cfg.Debug {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level}))
}

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" default:"1" help:"Start the server."`
	Demo    demoCommand    `cmd:"" help:"Drive the whole main job against a throw-away server, and show it."`
	Migrate migrateCommand `cmd:"" help:"Change or show the database's schema."`
	Staff   staffCommand   `cmd:"" help:"The operator's own people."`
	Flag    flagCommand    `cmd:"" help:"What is switched on, for how many accounts."`
	Secret  secretCommand  `cmd:"" help:"The keys that sign access tokens."`
	Verify  verifyCommand  `cmd:"" help:"Check every account's credits to the last one."`
	Usage   usageCommand   `cmd:"" help:"The sums of what accounts have spent."`
	Version versionCommand `cmd:"" help:"Print the release."`
}

// Main runs the command that args name and returns the exit status. It stops
// at an interrupt.
func Main(ctx context.Context, args, environ []string, s Streams) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, environ, s)
	var exit exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	default:
		_, _ = fmt.Fprintf(s.Err, "igny8: %v\n", err) // nowhere else to tell
		return 1
	}
}

// exitCode ends the program with nothing more to say.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func run(ctx context.Context, args, environ []string, s Streams) error {
	var cmds commands
	var ended *exitCode
	parser, err := kong.New(&cmds,
		kong.Name("igny8"),
		kong.Description("Keywords become clusters, ideas, articles and posts; every AI operation is paid in credits.\nSettings are environment variables: see the README."),
		kong.Writers(s.Out, s.Err),
		kong.Exit(func(code int) { e := exitCode(code); ended = &e }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if ended != nil {
		return *ended
	}
	if err != nil {
		return fmt.Errorf("%w (igny8 --help lists the commands)", err)
	}
	cfg, err := config.Read(environ)
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	return k.Run(command{Streams: s, cfg: cfg})
}

type versionCommand struct{}

// Run prints the release.
func (versionCommand) Run(c command) error {
	_, err := fmt.Fprintln(c.Out, "igny8", Version)
	return err
}
