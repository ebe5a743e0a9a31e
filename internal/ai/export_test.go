package ai

import "time"

// Beat lets a gateway extend leases so often.
func (g *Gateway) Beat(every time.Duration) { g.beat = every }
