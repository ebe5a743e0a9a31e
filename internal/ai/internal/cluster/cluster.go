package cluster

import (
	"context"

	"igny8/internal/ai/internal/provider"
)

// Run groups the phrases of a brief.
func Run(ctx context.Context, in provider.ClusterBrief) ([]provider.Group, error) {
	return nil, ctx.Err()
}
