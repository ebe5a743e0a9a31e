package ai

import (
	"igny8/internal/ai/internal/provider"
	"igny8/internal/tenant"
)

// NewScripted is the gateway to a provider that a test wrote. It is for package
// aitest alone, and no one else can call it: what a provider takes and gives
// has names that only the packages below this one can say. It goes through the
// same door as every other, so that what it answers is paid for from a hold.
func NewScripted(st *tenant.Store, p provider.Provider) *Gateway { return newGateway(st, p) }
