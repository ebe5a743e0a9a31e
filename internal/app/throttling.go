package app

import (
	"context"
	"time"

	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/throttle"
)

// farewell is how long a server that stops tries to tell the others.
const farewell = 2 * time.Second

// throttle is the gate that counts requests: in Redis where there is one, else
// in the memory of this process. Debug, which is for a loopback address only,
// lets everything through.
func (s *server) throttle(ctx context.Context, cfg config.Config, c clock.Clock) (*throttle.Gate, error) {
	if cfg.Redis.Empty() {
		return throttle.NewGate(throttle.NewMemory(c), cfg.Debug), nil
	}
	var err error
	if s.shared, err = throttle.NewShared(ctx, cfg.Redis.Reveal(), s.log, c); err != nil {
		return nil, err
	}
	return throttle.NewGate(s.shared, cfg.Debug), nil
}

// unshare leaves the Redis that processes count in.
func (s *server) unshare(ctx context.Context) error {
	if s.shared == nil {
		return nil
	}
	return s.shared.Close(ctx)
}
