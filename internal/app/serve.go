package app

import (
	"context"
	"errors"
	"fmt"
	"net"
)

type serveCommand struct{}

// Run serves until it is told to stop.
func (serveCommand) Run(ctx context.Context, c command) (err error) {
	ln, err := listen(ctx, c.cfg.Addr)
	if err != nil {
		return err
	}
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := c.welcome(ctx, s, ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	return s.serve(ctx, ln)
}

// welcome tells who started the server where it is, and on the first starts
// how to become its operator.
func (c command) welcome(ctx context.Context, s *server, at net.Addr) error {
	for _, name := range c.cfg.Unknown {
		s.log.WarnContext(ctx, "this release does not know a setting", "setting", name)
	}
	text := fmt.Sprintf("Igny8 is ready at %s (listening on %s; %s; models: %s)\n", c.cfg.BaseURL, at, s.db.Engine(), c.cfg.AI.Provider)
	token, wanted, err := s.identity.FirstStaffToken(ctx)
	if err != nil {
		return err
	}
	if wanted {
		text += fmt.Sprintf("Nobody operates it yet. To become its first operator, open this link, which works once, within 24 hours:\n  %s/setup?token=%s\n", c.cfg.BaseURL, token)
	}
	_, err = fmt.Fprint(c.Out, text)
	return err
}
