package ai

import (
	"igny8/internal/ai/internal/provider"
	"igny8/internal/ai/internal/provider/offline"
	"igny8/internal/credit"
	"igny8/internal/tenant"
)

// NewOffline is the gateway to the engine in the program itself: no network,
// no key.
func NewOffline(st *tenant.Store) *Gateway { return newGateway(st, offline.New()) }

func newGateway(st *tenant.Store, p provider.Provider) *Gateway {
	return &Gateway{st: st, p: p, beat: credit.Lease / 3}
}
